// Geometry of the histogram of token dependency and of its cumulative curve: data in, bars and path out. Pure. The x axis is a square
// root, because most tokens lie near 0 and a few far out; the curve says which share of the dependency lies at or above x.

import { scaleLinear, scaleSqrt } from "d3-scale";
import { curveStepBefore, line } from "d3-shape";
import { niceAbove } from "@/ui/color/binning";

/** Size of the drawing and its margins, in pixels. */
export interface HistogramSize {
  readonly width: number;
  readonly height: number;
}

export interface HistogramBar {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Values from here … */
  readonly from: number;
  /** … to here. */
  readonly to: number;
  readonly count: number;
}

export interface Histogram {
  readonly bars: readonly HistogramBar[];
  /** Share of the dependency at or above x, from 1 at the left to 0. */
  readonly curve: string;
  readonly ticks: readonly { readonly value: number; readonly x: number }[];
  readonly countTicks: readonly { readonly value: number; readonly y: number }[];
  readonly plot: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
  /** The bar that counts a value. */
  barOf(value: number): number;
  x(value: number): number;
  valueAt(x: number): number;
}

const margin = { left: 28, right: 44, top: 8, bottom: 20 };
const targetBarWidth = 12;
const wantedTicks = [0, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 10, 15, 20];
const tickDistance = 32;

/** Draws the histogram of the values (each ≥ 0). */
export function drawHistogram(values: Float32Array, { width, height }: HistogramSize): Histogram {
  const plot = {
    left: margin.left,
    right: Math.max(width - margin.right, margin.left + 1),
    top: margin.top,
    bottom: height - margin.bottom,
  };
  let largest = 0;
  for (const value of values) largest = Math.max(largest, value);
  const x = scaleSqrt([0, niceAbove(Math.max(largest, 0.01))], [plot.left, plot.right]);
  const barCount = Math.max(8, Math.min(48, Math.floor((plot.right - plot.left) / targetBarWidth)));
  const counts = new Array<number>(barCount).fill(0);
  const barWidth = (plot.right - plot.left) / barCount;
  const barOf = (value: number) => Math.min(barCount - 1, Math.floor((x(Math.max(value, 0)) - plot.left) / barWidth));
  for (const value of values) {
    const bar = barOf(value);
    counts[bar] = (counts[bar] ?? 0) + 1;
  }
  const y = scaleLinear([0, Math.max(1, ...counts)], [plot.bottom, plot.top]);
  const bars = counts.map((count, i): HistogramBar => {
    const left = plot.left + i * barWidth;
    const bounds = { from: x.invert(left), to: x.invert(left + barWidth) };
    return { x: left, y: y(count), width: Math.max(barWidth - 1, 0.5), height: plot.bottom - y(count), count, ...bounds };
  });
  const ticks: { value: number; x: number }[] = [];
  for (const value of wantedTicks) {
    const last = ticks.at(-1);
    if (x(value) <= plot.right && (!last || x(value) - last.x >= tickDistance)) ticks.push({ value, x: x(value) });
  }
  return {
    bars,
    curve: cumulativePath(values, x, plot),
    ticks,
    countTicks: y
      .ticks(2)
      .filter(Number.isInteger)
      .map((value) => ({ value, y: y(value) })),
    plot,
    barOf,
    x: (value) => x(value),
    valueAt: (at) => x.invert(Math.min(Math.max(at, plot.left), plot.right)),
  };
}

/** The tokens that a bar counts, the strongest first. */
export function tokensOfBar(values: Float32Array, { barOf }: Pick<Histogram, "barOf">, bar: number): readonly number[] {
  const tokens: number[] = [];
  values.forEach((value, t) => {
    if (barOf(value) === bar) tokens.push(t);
  });
  return tokens.sort((a, b) => (values[b] as number) - (values[a] as number) || a - b);
}

/** The nearest bar with tokens in a direction; null where there is none. */
export function nextBar(bars: readonly HistogramBar[], from: number, direction: 1 | -1): number | null {
  for (let i = from + direction; i >= 0 && i < bars.length; i += direction) if ((bars[i]?.count ?? 0) > 0) return i;
  return null;
}

/** The keep ratio that keeps exactly the tokens with a dependency of at least `threshold` (at least one), to three decimals. */
export function keepRatioAt(values: Float32Array, threshold: number): number {
  let count = 0;
  for (const value of values) if (value >= threshold) count++;
  return keepRatioFor(Math.max(count, 1), values.length);
}

/** A keep ratio k, short to write, with ⌈k·T⌉ = count. */
export function keepRatioFor(count: number, tokenCount: number): number {
  const kept = Math.min(Math.max(count, 1), tokenCount);
  for (const decimals of [2, 3, 4]) {
    const ratio = Number((kept / tokenCount - 0.5 * 10 ** -decimals).toFixed(decimals));
    if (ratio > 0 && ratio <= 1 && Math.ceil(Math.fround(Math.fround(ratio) * tokenCount)) === kept) return ratio;
  }
  return Math.min(1, Math.max(0.001, (kept - 0.5) / tokenCount));
}

function cumulativePath(values: Float32Array, x: (value: number) => number, plot: Histogram["plot"]): string {
  const sorted = values.slice().sort();
  const total = sorted.reduce((sum, value) => sum + value, 0);
  if (total <= 0) return "";
  const y = scaleLinear([0, 1], [plot.bottom, plot.top]);
  const points: [number, number][] = [[plot.left, plot.top]];
  let above = total;
  let lastX = Number.NEGATIVE_INFINITY;
  sorted.forEach((value, i) => {
    const at = x(value);
    // One point per half pixel is all that can be seen, however many tokens there are.
    if (at - lastX >= 0.5 || i === sorted.length - 1) {
      points.push([at, y(above / total)]);
      lastX = at;
    }
    above -= value;
  });
  points.push([x(sorted.at(-1) ?? 0), y(0)], [plot.right, y(0)]);
  return line().curve(curveStepBefore).digits(2)(points) ?? "";
}
