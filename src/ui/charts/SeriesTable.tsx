// The numbers of a chart as a table: one row per step, the newest thousand at most, so that a long run does not become a slow page.
import styles from "./LineChart.module.css";
import { type ChartSeries, seriesWithin, valueAt } from "./lineGeometry";

const mostRows = 1000;

export interface SeriesTableProps {
  readonly title: string;
  readonly series: readonly ChartSeries[];
  readonly xDomain: readonly [number, number] | undefined;
  readonly format: (value: number) => string;
}

/** The table. */
export function SeriesTable({ title, series, xDomain, format }: SeriesTableProps) {
  const steps = stepsOf(series, xDomain);
  const shown = steps.slice(-mostRows);
  return (
    <section className={styles.tableBox} aria-label={`${title} as a table`}>
      <table className={styles.table}>
        {shown.length < steps.length && (
          <caption>{`The newest ${mostRows} of ${steps.length} steps; a file holds them all.`}</caption>
        )}
        <thead>
          <tr>
            <th scope="col">step</th>
            {series.map(({ label }) => (
              <th key={label} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((step) => (
            <tr key={step}>
              <th scope="row">{step}</th>
              {series.map((one) => {
                const value = valueAt(one, step);
                return <td key={one.label}>{value === undefined ? "–" : format(value)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Every step that a series has inside the range, ascending. */
export function stepsOf(series: readonly ChartSeries[], xDomain: readonly [number, number] | undefined): readonly number[] {
  const range = xDomain ?? ([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const);
  const steps = new Set(series.flatMap((one) => Array.from(seriesWithin(one, range).xs)));
  return [...steps].sort((a, b) => a - b);
}
