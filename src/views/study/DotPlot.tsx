// One measure of a table as a figure: rows of dots with mean and interval, drawn from `dotPlotGeometry`, with the numbers beside them.
import { useMemo } from "react";
import styles from "./DotPlot.module.css";
import { dotPlotGeometry } from "./dotPlot";
import type { Measure } from "./measures";

export interface DotPlotProps {
  readonly measure: Measure;
  readonly width: number;
  /** Whether the rows' names stand left of the plot. */
  readonly hasLabels: boolean;
}

const labelWidth = 88;
/** Room for an interval; differences have signs in it. */
const numberWidths: Readonly<Record<Measure["id"], number>> = { accuracy: 70, difference: 86, masked: 70, steps: 70 };
/** Shares and points are shares inside, per cent outside: ticks have no decimals. */
const tickText =
  ({ id, format }: Measure) =>
  (value: number) =>
    id === "steps" ? String(value) : format(value).replace(/\.0$/, "");

/** The figure. */
export function DotPlot({ measure, width, hasLabels }: DotPlotProps) {
  const { rows, lines, limits } = measure;
  const geometry = useMemo(
    () =>
      dotPlotGeometry(rows, {
        width,
        labelWidth: hasLabels ? labelWidth : 0,
        numberWidth: numberWidths[measure.id],
        lines,
        limits,
        format: tickText(measure),
      }),
    [measure, rows, lines, limits, width, hasLabels],
  );
  const { plot, height, ticks } = geometry;
  return (
    <figure className={styles.figure}>
      <figcaption className={styles.caption} title={measure.help}>
        {measure.title}
      </figcaption>
      <svg
        className={styles.plot}
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={measure.sentence}
      >
        {ticks.map(({ x, label }) => (
          <g key={label}>
            <line className={styles.grid} x1={x} x2={x} y1={plot.top} y2={plot.bottom} />
            <text className={styles.tick} x={x} y={height - 5} textAnchor="middle">
              {label}
            </text>
          </g>
        ))}
        {geometry.lines.map((x) => (
          <line
            key={x}
            className={measure.id === "difference" ? styles.zero : styles.base}
            x1={x}
            x2={x}
            y1={plot.top}
            y2={plot.bottom}
          />
        ))}
        {geometry.rows.map(({ label, y, dots, mean, interval }, i) => (
          <g key={label}>
            {i > 0 && <line className={styles.rule} x1={0} x2={width} y1={y - 18} y2={y - 18} />}
            {hasLabels && (
              <text className={styles.label} x={0} y={y} dy="0.32em">
                {label}
              </text>
            )}
            {dots.map((x, seed) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: seeds in their order
              <circle key={seed} className={styles.dot} cx={x} cy={y - 6} r={3} />
            ))}
            {interval && (
              <path
                className={styles.interval}
                d={`M${interval.from},${y + 7}H${interval.to}${interval.isCutLow ? arrow(interval.from, y + 7, 4) : ""}${interval.isCutHigh ? arrow(interval.to, y + 7, -4) : ""}`}
              />
            )}
            {mean !== null && <path className={styles.mean} d={`M${mean},${y + 2}v10`} />}
            <text className={styles.number} x={width} y={y} dy={rows[i]?.note ? "-0.2em" : "0.32em"} textAnchor="end">
              {rows[i]?.number}
            </text>
            <text className={styles.note} x={width} y={y} dy="1.1em" textAnchor="end">
              {rows[i]?.note}
            </text>
          </g>
        ))}
      </svg>
    </figure>
  );
}

/** The interval goes on: an arrow head that opens towards the plot. */
function arrow(x: number, y: number, into: number): string {
  return `M${x + into},${y - 4}L${x},${y}L${x + into},${y + 4}`;
}
