// A histogram as a figure: a caption, bars from `histogramGeometry`, what it shows in one sentence, and the same numbers as a table.
import { useMemo } from "react";
import { formatNumber } from "../formatNumber";
import { useElementWidth } from "../useElementWidth";
import styles from "./Histogram.module.css";
import { type Bin, histogramGeometry } from "./histogramGeometry";

type Counted = readonly [one: string, many: string];

export interface HistogramProps {
  readonly title: string;
  readonly unit: string;
  readonly help?: string;
  /** What is counted, one and many: "token", "tokens". */
  readonly counted: Counted;
  readonly bins: readonly Bin[];
  readonly logCounts: boolean;
  /** A value to mark, with its name. */
  readonly mark?: { readonly value: number; readonly label: string };
  readonly asTable?: boolean;
}

const height = 168;
const narrowest = 240;

/** A histogram or its table. */
export function Histogram({ title, unit, help, counted, bins, logCounts, mark, asTable = false }: HistogramProps) {
  const [ref, measured] = useElementWidth<HTMLElement>();
  const width = Math.max(measured, narrowest);
  const { bars, plot, xTicks, yTicks } = useMemo(
    () => histogramGeometry(bins, { width, height, logCounts }),
    [bins, width, logCounts],
  );
  const max = bins.findLast(({ to }) => Number.isFinite(to))?.to ?? 1;
  const finite = bars.filter(({ to }) => Number.isFinite(to)).at(-1);
  const barsEnd = finite ? finite.x + finite.width : plot.right;
  const markX = mark && Math.round(plot.left + (Math.min(mark.value, max) / max) * (barsEnd - plot.left));
  return (
    <figure ref={ref} className={styles.figure}>
      <figcaption className={styles.caption}>
        <span className={styles.title} title={help}>
          {title} <span className={styles.unit}>{unit}</span>
        </span>
        <span className={styles.unit}>
          {counted[1]}
          {logCounts ? ", logarithmic" : ""}
        </span>
      </figcaption>
      {asTable ? (
        <BinTable title={title} counted={counted} bins={bins} />
      ) : (
        <svg
          className={styles.svg}
          viewBox={`0 0 ${width} ${height}`}
          width={width}
          height={height}
          role="img"
          aria-label={describeBins(title, unit, counted, bins)}
        >
          {yTicks.map(({ y, label }) => (
            <g key={label}>
              <line className={styles.grid} x1={plot.left} x2={plot.right} y1={y} y2={y} />
              <text className={styles.tick} x={plot.left - 6} y={y} dy="0.32em" textAnchor="end">
                {label}
              </text>
            </g>
          ))}
          {bars.map((bar) => (
            <rect key={bar.from} className={styles.bar} x={bar.x} y={bar.y} width={bar.width} height={bar.height}>
              <title>{`${rangeText(bar)}: ${countText(bar.count, counted)}`}</title>
            </rect>
          ))}
          {xTicks.map(({ x, label }) => (
            <text key={label} className={styles.tick} x={x} y={height - 4} textAnchor="middle">
              {label}
            </text>
          ))}
          {mark && markX !== undefined && (
            <g>
              <line className={styles.mark} x1={markX} x2={markX} y1={plot.top} y2={plot.bottom} />
              <text
                className={styles.markLabel}
                x={markX > (plot.left + plot.right) / 2 ? markX - 4 : markX + 4}
                y={plot.top}
                dy="0.7em"
                textAnchor={markX > (plot.left + plot.right) / 2 ? "end" : "start"}
              >
                {mark.label}
              </text>
            </g>
          )}
        </svg>
      )}
    </figure>
  );
}

/** What a histogram says to someone who does not see it. */
export function describeBins(title: string, unit: string, counted: Counted, bins: readonly Bin[]): string {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  const fullest = bins.reduce<Bin | undefined>((best, bin) => (bin.count > (best?.count ?? 0) ? bin : best), undefined);
  if (!fullest) return `${title}: no ${counted[1]} yet`;
  const beyond = bins.find(({ to }) => !Number.isFinite(to));
  const far = beyond ? `; ${beyond.count} at ${formatNumber(beyond.from)} ${unit} or above` : "";
  return `${title} of ${countText(total, counted)}: most, ${fullest.count}, at ${rangeText(fullest)} ${unit}${far}`;
}

function BinTable({ title, counted, bins }: Pick<HistogramProps, "title" | "counted" | "bins">) {
  return (
    <section className={styles.tableBox} aria-label={`${title} as a table`}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">value</th>
            <th scope="col">{counted[1]}</th>
          </tr>
        </thead>
        <tbody>
          {bins.map((bin) => (
            <tr key={bin.from}>
              <th scope="row">{rangeText(bin)}</th>
              <td>{bin.count}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function countText(count: number, [one, many]: Counted): string {
  return `${count} ${count === 1 ? one : many}`;
}

function rangeText({ from, to }: Bin): string {
  return Number.isFinite(to) ? `${formatNumber(from)} to ${formatNumber(to)}` : `${formatNumber(from)} or above`;
}
