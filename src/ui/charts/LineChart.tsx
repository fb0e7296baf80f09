// A small line chart as a figure: title with the current value, lines with their bands drawn from `lineGeometry`, marks, a cursor shared
// by all charts, a drag that chooses steps, and the same numbers as a table on request. It knows steps and numbers, not what they mean.
import { useMemo } from "react";
import { classes } from "../classes";
import { formatNumber } from "../formatNumber";
import { type ChartMark, markShapes, placeMarks } from "./chartMarks";
import styles from "./LineChart.module.css";
import {
  type ChartSeries,
  describeSeries,
  endLabelHeights,
  type LineGeometry,
  lineGeometry,
  seriesWithin,
  stepToPixel,
  valueAt,
} from "./lineGeometry";
import { SeriesTable } from "./SeriesTable";
import { comparedDash, seriesColour, seriesDash } from "./seriesColours";
import { useChartPointer } from "./useChartPointer";
import type { YScale } from "./yAxis";

export interface LineChartProps {
  readonly title: string;
  readonly unit?: string;
  readonly help?: string;
  readonly series: readonly ChartSeries[];
  readonly width: number;
  readonly height: number;
  readonly include?: readonly number[];
  readonly xDomain?: readonly [number, number];
  readonly yScale?: YScale;
  readonly marks?: readonly ChartMark[];
  /** Owner of the lines that stand out; the others step back. */
  readonly emphasis?: string | null;
  /** Step under the pointer in any chart, and the step that is pinned. */
  readonly hoverStep?: number | null;
  readonly pinnedStep?: number | null;
  readonly onHover?: (step: number | null) => void;
  readonly onPick?: (step: number) => void;
  /** A drag over the chart chooses steps. */
  readonly onZoom?: (range: readonly [number, number]) => void;
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
const noMarks: readonly ChartMark[] = [];

/** A chart or its table. */
export function LineChart(props: LineChartProps) {
  const { title, unit, help, series, xDomain, endLabels = false, format = formatNumber, captionFormat = format } = props;
  const shownStep = props.hoverStep ?? props.pinnedStep ?? null;
  return (
    <figure className={styles.figure}>
      <figcaption className={styles.caption}>
        <span className={styles.title} title={help}>
          {title}
          {unit && <span className={styles.unit}> {unit}</span>}
        </span>
        <span className={styles.values}>
          {series.map((one, i) => (
            <span key={one.label} style={{ color: seriesColour(one.colour ?? i) }}>
              {series.length > 1 && !endLabels && <span className={styles.name}>{one.label} </span>}
              {valueText(one, shownStep, captionFormat)}
            </span>
          ))}
        </span>
      </figcaption>
      {props.asTable ? (
        <SeriesTable title={title} series={series} xDomain={xDomain} format={format} />
      ) : (
        <Drawing {...props} endLabels={endLabels} />
      )}
    </figure>
  );
}

function Drawing(props: LineChartProps & { readonly endLabels: boolean }) {
  const { series, width, height, include, xDomain, yScale = "linear", endLabels, marks = noMarks, emphasis = null } = props;
  const geometry = useMemo(
    () =>
      lineGeometry(series, {
        width,
        height,
        yScale,
        ...(include ? { include } : {}),
        ...(xDomain ? { xDomain } : {}),
        ...(endLabels ? { labelWidth: endLabelWidth } : {}),
      }),
    [series, width, height, include, xDomain, yScale, endLabels],
  );
  const steps = useMemo(() => longest(series), [series]);
  const sentence = useMemo(() => sentenceOf(series, geometry, { yScale, marks }), [series, geometry, yScale, marks]);
  const placed = useMemo(() => placeMarks(marks, geometry), [marks, geometry]);
  const { range, handlers } = useChartPointer({
    geometry,
    width,
    steps,
    onHover: props.onHover,
    onPick: props.onPick,
    onZoom: props.onZoom,
  });
  const { plot } = geometry;
  const colourOf = (i: number) => ({ color: seriesColour(series[i]?.colour ?? i) });
  const dashOf = (i: number) => {
    const { colour = i, dashed } = series[i] ?? {};
    return dashed ? comparedDash : endLabels ? undefined : seriesDash(colour);
  };
  const toneOf = (i: number) => {
    if (emphasis === null || !series.some(({ id }) => id === emphasis)) return undefined;
    return series[i]?.id === emphasis ? styles.strong : styles.faint;
  };
  const ended = geometry.lines.flatMap(({ label, end }, i) => (end ? [{ label, i, ...end }] : []));
  const labelHeights = endLabelHeights(
    ended.map(({ y }) => y),
    plot,
    endLabelGap,
  );
  return (
    <svg
      className={styles.chart}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={sentence}
      {...handlers}
    >
      <Axes geometry={geometry} height={height} />
      {range && (
        <rect
          className={styles.range}
          x={Math.min(range.from, range.to)}
          y={plot.top}
          width={Math.abs(range.to - range.from)}
          height={plot.bottom - plot.top}
        />
      )}
      {[props.pinnedStep, props.hoverStep].map((step, i) => {
        if (step === null || step === undefined || step < geometry.xDomain[0] || step > geometry.xDomain[1]) return null;
        const x = stepToPixel(step, geometry);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: exactly two cursors, in fixed order
          <line key={i} className={i === 0 ? styles.pinned : styles.cursor} x1={x} x2={x} y1={plot.top} y2={plot.bottom} />
        );
      })}
      {geometry.lines.map(
        ({ label, band }, i) =>
          band !== "" && (
            <path key={label} className={classes(styles.band, toneOf(i))} style={colourOf(i)} data-band={label} d={band} />
          ),
      )}
      {geometry.lines.map(({ label, path, end, gaps }, i) => (
        <g key={label} className={toneOf(i)} style={colourOf(i)}>
          <path className={styles.line} strokeDasharray={dashOf(i)} d={path} />
          {end && <circle className={styles.end} cx={end.x} cy={end.y} r={2.5} />}
          {gaps.map((x) => (
            <text key={x} className={styles.gap} x={x} y={plot.bottom - 2} textAnchor="middle">
              ×
            </text>
          ))}
        </g>
      ))}
      {placed.map(({ kind, x, colour, text }) => (
        <g key={`${kind} ${colour} ${x}`} className={styles.mark} style={{ color: seriesColour(colour) }} data-mark={kind}>
          <title>{text}</title>
          {kind === "settings" && <line className={styles.change} x1={x} x2={x} y1={plot.top} y2={plot.bottom} />}
          <text x={x} y={kind === "settings" ? plot.top + 4 : plot.bottom - 2} textAnchor="middle">
            {markShapes[kind].sign}
          </text>
        </g>
      ))}
      {endLabels &&
        ended.map(({ label, i }, n) => (
          <text
            key={label}
            className={classes(styles.endLabel, toneOf(i))}
            style={colourOf(i)}
            x={plot.right + 8}
            y={labelHeights[n]}
            dy="0.32em"
          >
            {shortened(label, longestEndLabel)}
            <title>{label}</title>
          </text>
        ))}
    </svg>
  );
}

function Axes({ geometry: { plot, yTicks, xTicks }, height }: { geometry: LineGeometry; height: number }) {
  return (
    <>
      {yTicks.map(({ y, label }) => (
        <g key={y}>
          <line className={styles.grid} x1={plot.left} x2={plot.right} y1={y} y2={y} />
          <text className={styles.tick} x={plot.left - 6} y={y} dy="0.32em" textAnchor="end">
            {label}
          </text>
        </g>
      ))}
      {xTicks.map(({ x, label, anchor }) => (
        <text key={label} className={styles.tick} x={x} y={height - 4} textAnchor={anchor}>
          {label}
        </text>
      ))}
    </>
  );
}

/** What the chart shows, in words: the lines inside the shown steps, what a logarithmic axis leaves out, and the marks. */
function sentenceOf(
  series: readonly ChartSeries[],
  { xDomain }: LineGeometry,
  { yScale, marks }: { readonly yScale: YScale; readonly marks: readonly ChartMark[] },
): string {
  const shown = series.map((one) => ({ label: one.label, ...seriesWithin(one, xDomain) }));
  const lines = shown.map(({ label, ys }) => describeSeries(label, ys));
  let below = 0;
  if (yScale === "log") for (const { ys } of shown) for (let i = 0; i < ys.length; i++) if ((ys[i] as number) <= 0) below++;
  const parts = [
    ...lines,
    ...(below > 0 ? [`${below} ${below === 1 ? "value is" : "values are"} not above 0 and not on the logarithmic axis`] : []),
    ...(["flat", "skipped", "settings"] as const).flatMap((kind) => {
      const steps = marks.filter((mark) => mark.kind === kind && mark.step >= xDomain[0] && mark.step <= xDomain[1]);
      return steps.length > 0 ? [`${markShapes[kind].name} at ${stepList(steps.map(({ step }) => step))}`] : [];
    }),
  ];
  return parts.join(". ");
}

function stepList(steps: readonly number[]): string {
  const named = steps.slice(0, 3).join(", ");
  return `${steps.length === 1 ? "step" : "steps"} ${named}${steps.length > 3 ? ` and ${steps.length - 3} more` : ""}`;
}

function longest(series: readonly ChartSeries[]): ArrayLike<number> {
  return series.reduce<ArrayLike<number>>((best, { xs }) => (xs.length > best.length ? xs : best), []);
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

// At the given step, else the last value.
function valueText(series: ChartSeries, step: number | null, format: (value: number) => string): string {
  const { ys } = series;
  if (ys.length === 0) return "–";
  const value = step === null ? (ys[ys.length - 1] as number) : valueAt(series, step);
  return value === undefined ? "–" : format(value);
}
