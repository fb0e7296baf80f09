// A small line chart as a figure: title with the current value, lines drawn from `lineGeometry`, a cursor shared by all charts,
// and the same numbers as a table on request. It knows steps and numbers, not what they mean.
import { type MouseEvent, useMemo } from "react";
import { formatNumber } from "../formatNumber";
import styles from "./LineChart.module.css";
import { type ChartSeries, describeSeries, endLabelHeights, lineGeometry, nearestStep, stepToPixel } from "./lineGeometry";
import { comparedDash, seriesColour, seriesDash } from "./seriesColours";

export interface LineChartProps {
  readonly title: string;
  readonly unit?: string;
  readonly help?: string;
  readonly series: readonly ChartSeries[];
  readonly width: number;
  readonly height: number;
  readonly include?: readonly number[];
  readonly xDomain?: readonly [number, number];
  /** Step under the pointer in any chart, and the step that is pinned. */
  readonly hoverStep?: number | null;
  readonly pinnedStep?: number | null;
  readonly onHover?: (step: number | null) => void;
  readonly onPick?: (step: number) => void;
  readonly asTable?: boolean;
  /** Names at the ends of the lines instead of in the caption. */
  readonly endLabels?: boolean;
  readonly format?: (value: number) => string;
  /** Shorter format for the caption, where space is scarce. */
  readonly captionFormat?: (value: number) => string;
}

const endLabelWidth = 76;
const endLabelGap = 12;
const longestEndLabel = 12;

/** A chart or its table. */
export function LineChart(props: LineChartProps) {
  const {
    title,
    unit,
    help,
    series,
    width,
    height,
    include,
    xDomain,
    asTable,
    endLabels = false,
    format = formatNumber,
    captionFormat = format,
  } = props;
  const geometry = useMemo(
    () =>
      lineGeometry(series, {
        width,
        height,
        ...(include ? { include } : {}),
        ...(xDomain ? { xDomain } : {}),
        ...(endLabels ? { labelWidth: endLabelWidth } : {}),
      }),
    [series, width, height, include, xDomain, endLabels],
  );
  const colourOf = (i: number) => ({ color: seriesColour(series[i]?.colour ?? i) });
  const dashOf = (i: number) => {
    const { colour = i, dashed } = series[i] ?? {};
    return dashed ? comparedDash : endLabels ? undefined : seriesDash(colour);
  };
  const ended = geometry.lines.flatMap(({ label, end }, i) => (end ? [{ label, i, ...end }] : []));
  const labelHeights = endLabelHeights(
    ended.map(({ y }) => y),
    geometry.plot,
    endLabelGap,
  );
  const shownStep = props.hoverStep ?? props.pinnedStep ?? null;
  const sentence = series.map(({ label, ys }) => describeSeries(label, ys)).join(". ");
  const pick = (event: MouseEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return nearestStep(((event.clientX - box.left) / box.width) * width, geometry, longest(series));
  };
  return (
    <figure className={styles.figure}>
      <figcaption className={styles.caption}>
        <span className={styles.title} title={help}>
          {title}
          {unit && <span className={styles.unit}> {unit}</span>}
        </span>
        <span className={styles.values}>
          {series.map((one, i) => (
            <span key={one.label} style={colourOf(i)}>
              {series.length > 1 && !endLabels && <span className={styles.name}>{one.label} </span>}
              {valueText(one, shownStep, captionFormat)}
            </span>
          ))}
        </span>
      </figcaption>
      {asTable ? (
        <SeriesTable title={title} series={series} format={format} />
      ) : (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the step slider under the charts does the same by keyboard
        <svg
          className={styles.chart}
          viewBox={`0 0 ${width} ${height}`}
          width={width}
          height={height}
          role="img"
          aria-label={sentence}
          onPointerMove={(event) => props.onHover?.(pick(event) ?? null)}
          onPointerLeave={() => props.onHover?.(null)}
          onClick={(event) => {
            const step = pick(event);
            if (step !== undefined) props.onPick?.(step);
          }}
        >
          {geometry.yTicks.map(({ y, label }) => (
            <g key={y}>
              <line className={styles.grid} x1={geometry.plot.left} x2={geometry.plot.right} y1={y} y2={y} />
              <text className={styles.tick} x={geometry.plot.left - 6} y={y} dy="0.32em" textAnchor="end">
                {label}
              </text>
            </g>
          ))}
          {geometry.xTicks.map(({ x, label, anchor }) => (
            <text key={label} className={styles.tick} x={x} y={height - 4} textAnchor={anchor}>
              {label}
            </text>
          ))}
          {[props.pinnedStep, props.hoverStep].map(
            (step, i) =>
              step !== null &&
              step !== undefined && (
                <line
                  // biome-ignore lint/suspicious/noArrayIndexKey: exactly two cursors, in fixed order
                  key={i}
                  className={i === 0 ? styles.pinned : styles.cursor}
                  x1={stepToPixel(step, geometry)}
                  x2={stepToPixel(step, geometry)}
                  y1={geometry.plot.top}
                  y2={geometry.plot.bottom}
                />
              ),
          )}
          {geometry.lines.map(({ label, path, end, gaps }, i) => (
            <g key={label} style={colourOf(i)}>
              <path className={styles.line} strokeDasharray={dashOf(i)} d={path} />
              {end && <circle className={styles.end} cx={end.x} cy={end.y} r={2.5} />}
              {gaps.map((x) => (
                <text key={x} className={styles.gap} x={x} y={geometry.plot.bottom - 2} textAnchor="middle">
                  ×
                </text>
              ))}
            </g>
          ))}
          {endLabels &&
            ended.map(({ label, i }, n) => (
              <text
                key={label}
                className={styles.endLabel}
                style={colourOf(i)}
                x={geometry.plot.right + 8}
                y={labelHeights[n]}
                dy="0.32em"
              >
                {shortened(label, longestEndLabel)}
                <title>{label}</title>
              </text>
            ))}
        </svg>
      )}
    </figure>
  );
}

function SeriesTable({
  title,
  series,
  format,
}: {
  title: string;
  series: readonly ChartSeries[];
  format: (value: number) => string;
}) {
  const steps = longest(series);
  return (
    <section className={styles.tableBox} aria-label={`${title} as a table`}>
      <table className={styles.table}>
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
          {Array.from({ length: steps.length }, (_, i) => steps[i] as number).map((step) => (
            <tr key={step}>
              <th scope="row">{step}</th>
              {series.map((one) => (
                <td key={one.label}>{valueText(one, step, format)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function longest(series: readonly ChartSeries[]): ArrayLike<number> {
  return series.reduce<ArrayLike<number>>((best, { xs }) => (xs.length > best.length ? xs : best), []);
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

// At the given step, else the last value.
function valueText({ xs, ys }: ChartSeries, step: number | null, format: (value: number) => string): string {
  if (ys.length === 0) return "–";
  if (step === null) return format(ys[ys.length - 1] as number);
  for (let i = 0; i < xs.length; i++) if (xs[i] === step) return format(ys[i] as number);
  return "–";
}
