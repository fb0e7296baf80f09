// Data of a line chart → what is drawn: lines with the bands behind them, ticks, line ends, gaps. Pure; React owns the nodes
// (LineChart.tsx).

import { scaleLinear } from "d3-scale";
import { area, line } from "d3-shape";
import { formatNumber } from "../formatNumber";
import { type DrawnPoints, indexRange, pixelColumns } from "./pixelColumns";
import { drawable, widened, type YScale, yAxisOf } from "./yAxis";

/** One line: ascending x (steps) and y of the same length; a non-finite y is a gap. */
export interface ChartSeries {
  readonly label: string;
  readonly xs: ArrayLike<number>;
  readonly ys: ArrayLike<number>;
  /** Lowest and highest of the values a smoothed point stands for, [length] each. */
  readonly band?: { readonly low: ArrayLike<number>; readonly high: ArrayLike<number> };
  /** Whose line it is, where lines of one owner are emphasised together. */
  readonly id?: string;
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
  /** Shared x range of all charts, or the part that is looked at; the series' own when absent. */
  readonly xDomain?: readonly [number, number];
  readonly yScale?: YScale;
  /** Pixels right of the plot for names at the ends of lines. */
  readonly labelWidth?: number;
}

export interface LineGeometry {
  readonly lines: readonly {
    readonly label: string;
    readonly path: string;
    /** Lowest to highest value behind the line; empty where the line shows them all. */
    readonly band: string;
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
  const own = rangeOf(series.flatMap(({ xs }) => (xs.length > 0 ? [xs[0] as number, xs[xs.length - 1] as number] : [])));
  const x = scaleLinear(widened(frame.xDomain ?? own), [plot.left, plot.right]);
  const [from = 0, to = 1] = x.domain();
  const kind = frame.yScale ?? "linear";
  const canDraw = drawable(kind);
  const drawn = series.map((one) => pixelColumns(one, { from, to, columns: plot.right - plot.left, canDraw }));
  const axis = yAxisOf(valuesOf(drawn), { kind, include: frame.include ?? [], range: [plot.bottom, plot.top] });
  const placeX = (step: number) => round(x(step));
  const placeY = (value: number) => round(axis.place(value));
  return {
    plot,
    xDomain: [from, to],
    lines: drawn.map(({ xs, ys, low, high, gaps }, i) => {
      const indices = Array.from(xs.keys());
      const last = ys.findLastIndex(canDraw);
      const draw = line<number>()
        .defined((n) => canDraw(ys[n] as number))
        .x((n) => placeX(xs[n] as number))
        .y((n) => placeY(ys[n] as number));
      const fill = area<number>()
        .defined((n) => canDraw(low[n] as number) && canDraw(high[n] as number))
        .x((n) => placeX(xs[n] as number))
        .y0((n) => placeY(low[n] as number))
        .y1((n) => placeY(high[n] as number));
      return {
        label: series[i]?.label ?? "",
        path: draw(indices) ?? "",
        band: low.length > 0 ? (fill(indices) ?? "") : "",
        end:
          last < 0
            ? null
            : {
                x: placeX(xs[last] as number),
                y: placeY(ys[last] as number),
                value: endValue(series[i], ys[last] as number, to),
              },
        gaps: [...new Set(gaps.map(placeX))],
      };
    }),
    yTicks: axis.ticks.map(({ value, label }) => ({ y: placeY(value), label })),
    xTicks: xTicksOf(x, plot),
  };
}

// A column's mean is not a value of the series.
function endValue(series: ChartSeries | undefined, drawn: number, to: number): number {
  if (!series) return drawn;
  const [first, end] = indexRange(series.xs, Number.NEGATIVE_INFINITY, to);
  for (let i = end - 1; i >= first; i--) if (Number.isFinite(series.ys[i] as number)) return series.ys[i] as number;
  return drawn;
}

function* valuesOf(drawn: readonly DrawnPoints[]): Generator<number> {
  for (const { ys, low, high } of drawn) {
    yield* ys;
    yield* low;
    yield* high;
  }
}

/** The step whose x is nearest to a pixel, among the given ascending steps; undefined when there are none. */
export function nearestStep(pixel: number, geometry: LineGeometry, steps: ArrayLike<number>): number | undefined {
  const [from, to] = geometry.xDomain;
  const wanted = Math.min(to, Math.max(from, pixelToStep(pixel, geometry)));
  const [above] = indexRange(steps, wanted, wanted);
  const [before, after] = [steps[above - 1], steps[above]];
  if (before === undefined || after === undefined) return after ?? before;
  return wanted - before <= after - wanted ? before : after;
}

/** The place on the x axis under a pixel, which need not be a step. */
export function pixelToStep(pixel: number, { plot, xDomain }: LineGeometry): number {
  return scaleLinear([plot.left, plot.right], [...xDomain])(pixel);
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
  let [first, last] = [Number.NaN, Number.NaN];
  let finite = 0;
  for (let i = 0; i < ys.length; i++) {
    const y = ys[i] as number;
    if (!Number.isFinite(y)) continue;
    if (finite++ === 0) first = y;
    last = y;
  }
  const broken = ys.length - finite;
  const gaps = broken > 0 ? `; ${broken} ${broken === 1 ? "value is" : "values are"} not a number` : "";
  if (finite === 0) return `${label}: no values yet${gaps}`;
  if (finite === 1) return `${label} is ${formatNumber(first)} after 1 step${gaps}`;
  const change = last > first ? "rose" : last < first ? "fell" : "stayed";
  const range = change === "stayed" ? `at ${formatNumber(last)}` : `from ${formatNumber(first)} to ${formatNumber(last)}`;
  return `${label} ${change} ${range} in ${ys.length} steps${gaps}`;
}

/** The part of a series inside a range of x. */
export function seriesWithin(series: ChartSeries, [from, to]: readonly [number, number]): Pick<ChartSeries, "xs" | "ys"> {
  const [first, end] = indexRange(series.xs, from, to);
  if (first === 0 && end === series.xs.length) return series;
  return { xs: Array.prototype.slice.call(series.xs, first, end), ys: Array.prototype.slice.call(series.ys, first, end) };
}

/** The value at a step; undefined where the series has none. */
export function valueAt({ xs, ys }: Pick<ChartSeries, "xs" | "ys">, step: number): number | undefined {
  const [first, end] = indexRange(xs, step, step);
  return first < end ? (ys[first] as number) : undefined;
}

/** About the width of a digit of a tick, in pixels. */
const digitWidth = 6.5;

// Whole steps; of two that would touch, the earlier one goes.
function xTicksOf(x: ReturnType<typeof scaleLinear<number>>, plot: LineGeometry["plot"]): LineGeometry["xTicks"] {
  const whole = x.ticks(4).filter((value) => Number.isInteger(value));
  const ticks = whole.map((value): LineGeometry["xTicks"][number] => {
    const pixel = round(x(value));
    const anchor = pixel < plot.left + 12 ? "start" : pixel > plot.right - 12 ? "end" : "middle";
    return { x: pixel, label: String(value), anchor };
  });
  let free = Number.POSITIVE_INFINITY;
  return ticks
    .toReversed()
    .filter((tick) => {
      const width = tick.label.length * digitWidth;
      const left = tick.x - { start: 0, middle: width / 2, end: width }[tick.anchor];
      if (left + width > free) return false;
      free = left - digitWidth;
      return true;
    })
    .reverse();
}

function rangeOf(values: readonly number[]): [number, number] {
  return values.length > 0 ? [Math.min(...values), Math.max(...values)] : [0, 1];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
