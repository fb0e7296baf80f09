// Data of a line chart → what is drawn: paths, ticks, line ends, gaps. Pure; React owns the nodes (LineChart.tsx).
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { formatNumber } from "../formatNumber";
import { decimate } from "./decimate";

/** One line: ascending x (steps) and y of the same length; a non-finite y is a gap. */
export interface ChartSeries {
  readonly label: string;
  readonly xs: ArrayLike<number>;
  readonly ys: ArrayLike<number>;
  /** Place of its colour in `seriesColours`; its index in the chart when absent. */
  readonly colour?: number;
  /** A line to compare with. */
  readonly dashed?: boolean;
}

export interface ChartFrame {
  readonly width: number;
  readonly height: number;
  /** Values that must be inside the y axis, e.g. [0, 1] for shares. */
  readonly include?: readonly number[];
  /** Shared x range of all charts; the series' own when absent. */
  readonly xDomain?: readonly [number, number];
  /** Pixels right of the plot for names at the ends of lines. */
  readonly labelWidth?: number;
}

export interface LineGeometry {
  readonly lines: readonly {
    readonly label: string;
    readonly path: string;
    /** Pixel place and value of the last finite point. */
    readonly end: { readonly x: number; readonly y: number; readonly value: number } | null;
    /** Pixel x of points that are not numbers. */
    readonly gaps: readonly number[];
  }[];
  readonly yTicks: readonly { readonly y: number; readonly label: string }[];
  readonly xTicks: readonly { readonly x: number; readonly label: string; readonly anchor: "start" | "middle" | "end" }[];
  readonly plot: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
  readonly xDomain: readonly [number, number];
}

const margin = { top: 8, right: 8, bottom: 20, left: 40 };

/** Geometry of one or more lines over a common frame. */
export function lineGeometry(series: readonly ChartSeries[], frame: ChartFrame): LineGeometry {
  const right = frame.width - margin.right - (frame.labelWidth ?? 0);
  const plot = { left: margin.left, right, top: margin.top, bottom: frame.height - margin.bottom };
  const xDomain =
    frame.xDomain ?? rangeOf(series.flatMap(({ xs }) => (xs.length > 0 ? [xs[0] as number, xs[xs.length - 1] as number] : [])));
  const x = scaleLinear(widen(xDomain), [plot.left, plot.right]);
  const y = scaleLinear(yDomainOf(series, frame.include ?? []), [plot.bottom, plot.top]).nice(3);
  const draw = line<readonly [number, number]>()
    .defined(([, value]) => Number.isFinite(value))
    .x(([step]) => round(x(step)))
    .y(([, value]) => round(y(value)));
  return {
    plot,
    xDomain: [x.domain()[0] ?? 0, x.domain()[1] ?? 1],
    lines: series.map(({ label, xs, ys }) => {
      const indices = decimate(xs, ys, plot.right - plot.left);
      const points = indices.map((i) => [xs[i] as number, ys[i] as number] as const);
      const last = points.findLast(([, value]) => Number.isFinite(value));
      return {
        label,
        path: draw(points) ?? "",
        end: last ? { x: round(x(last[0])), y: round(y(last[1])), value: last[1] } : null,
        gaps: points.filter(([, value]) => !Number.isFinite(value)).map(([step]) => round(x(step))),
      };
    }),
    yTicks: yTicksOf(y),
    xTicks: xTicksOf(x, plot),
  };
}

/** The step whose x is nearest to a pixel, among the given ascending steps; undefined when there are none. */
export function nearestStep(pixel: number, geometry: LineGeometry, steps: ArrayLike<number>): number | undefined {
  const { plot, xDomain } = geometry;
  const wanted = scaleLinear([plot.left, plot.right], [...xDomain])(pixel);
  let best: number | undefined;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i] as number;
    if (best === undefined || Math.abs(step - wanted) < Math.abs(best - wanted)) best = step;
  }
  return best;
}

/** Pixel x of a step. */
export function stepToPixel(step: number, { plot, xDomain }: LineGeometry): number {
  return round(scaleLinear([...xDomain], [plot.left, plot.right])(step));
}

/** Pixel heights of names beside line ends: in the order of the ends, `gap` apart, inside the plot, as near as that allows. */
export function endLabelHeights(ends: readonly number[], plot: LineGeometry["plot"], gap: number): readonly number[] {
  const order = [...ends.keys()].sort((a, b) => (ends[a] as number) - (ends[b] as number));
  const heights = new Array<number>(ends.length).fill(0);
  let above = Number.NEGATIVE_INFINITY;
  for (const i of order) {
    above = Math.max(ends[i] as number, above + gap);
    heights[i] = above;
  }
  // Pushed back up from the lower edge, so that the last names do not leave the plot.
  let below = plot.bottom;
  for (const i of order.toReversed()) {
    heights[i] = Math.min(heights[i] as number, below);
    below = (heights[i] as number) - gap;
  }
  return heights;
}

/** What a chart says to someone who does not see it, e.g. "Reward rose from 0.21 to 0.46 in 60 steps". */
export function describeSeries(label: string, ys: ArrayLike<number>): string {
  const values = Array.from({ length: ys.length }, (_, i) => ys[i] as number);
  const finite = values.filter(Number.isFinite);
  const broken = values.length - finite.length;
  const first = finite[0];
  const last = finite.at(-1);
  const gaps = broken > 0 ? `; ${broken} ${broken === 1 ? "value is" : "values are"} not a number` : "";
  if (first === undefined || last === undefined) return `${label}: no values yet${gaps}`;
  if (finite.length === 1) return `${label} is ${formatNumber(first)} after 1 step${gaps}`;
  const change = last > first ? "rose" : last < first ? "fell" : "stayed";
  const range = change === "stayed" ? `at ${formatNumber(last)}` : `from ${formatNumber(first)} to ${formatNumber(last)}`;
  return `${label} ${change} ${range} in ${values.length} steps${gaps}`;
}

/** Exponential moving average with the bias of the start taken out (weight 0 = off); gaps stay gaps. */
export function smooth(ys: ArrayLike<number>, weight: number): Float64Array {
  const result = new Float64Array(ys.length);
  let sum = 0;
  let norm = 0;
  for (let i = 0; i < ys.length; i++) {
    const y = ys[i] as number;
    if (!Number.isFinite(y)) {
      result[i] = y;
      continue;
    }
    sum = sum * weight + y * (1 - weight);
    norm = norm * weight + (1 - weight);
    result[i] = sum / norm;
  }
  return result;
}

// Three digits cannot tell ticks apart that differ only in the fourth.
function yTicksOf(y: ReturnType<typeof scaleLinear<number>>): LineGeometry["yTicks"] {
  const values = y.ticks(3);
  const labels = values.map(formatNumber);
  const exact = y.tickFormat(3);
  const isClear = new Set(labels).size === labels.length;
  return values.map((value, i) => ({ y: round(y(value)), label: isClear ? (labels[i] ?? "") : exact(value) }));
}

function xTicksOf(x: ReturnType<typeof scaleLinear<number>>, plot: LineGeometry["plot"]): LineGeometry["xTicks"] {
  const whole = x.ticks(4).filter((value) => Number.isInteger(value));
  return whole.map((value) => {
    const pixel = round(x(value));
    const anchor = pixel < plot.left + 12 ? "start" : pixel > plot.right - 12 ? "end" : "middle";
    return { x: pixel, label: String(value), anchor };
  });
}

function yDomainOf(series: readonly ChartSeries[], include: readonly number[]): [number, number] {
  let low = Math.min(Number.POSITIVE_INFINITY, ...include);
  let high = Math.max(Number.NEGATIVE_INFINITY, ...include);
  for (const { ys } of series) {
    for (let i = 0; i < ys.length; i++) {
      const value = ys[i] as number;
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low <= high ? widen([low, high]) : [0, 1];
}

function rangeOf(values: readonly number[]): [number, number] {
  return values.length > 0 ? [Math.min(...values), Math.max(...values)] : [0, 1];
}

/** Values closer together than this share of their size are one value and rounding. */
const flatness = 1e-6;

// A flat line or a single step would otherwise have no scale.
function widen([low, high]: readonly [number, number]): [number, number] {
  if (high - low > Math.max(Math.abs(low), Math.abs(high)) * flatness) return [low, high];
  const pad = Math.abs(low) * 0.1 || 1;
  return [low - pad, high + pad];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
