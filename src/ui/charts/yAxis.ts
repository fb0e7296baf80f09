// The y axis of a line chart: its range from what is shown, linear or logarithmic, and its ticks. Pure.

import { ticks as niceTicks } from "d3-array";
import { scaleLinear, scaleLog } from "d3-scale";
import { formatNumber } from "../formatNumber";

export type YScale = "linear" | "log";

export interface YAxis {
  /** Pixel of a value; not finite where the value has no place. */
  readonly place: (value: number) => number;
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
}

/** Values closer together than this share of their size are one value and rounding. */
const flatness = 1e-6;

/** The axis over the drawable values, `[bottom, top]` in pixels. `include` must be inside, where the scale can show it. */
export function yAxisOf(
  values: Iterable<number>,
  {
    kind,
    include,
    range,
  }: { readonly kind: YScale; readonly include: readonly number[]; readonly range: readonly [number, number] },
): YAxis {
  const canDraw = drawable(kind);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of [...include, ...values]) {
    if (!canDraw(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return kind === "log" ? logAxis(low, high, range) : linearAxis(low, high, range);
}

/** What a scale can show. */
export function drawable(kind: YScale): (value: number) => boolean {
  return kind === "log" ? (value) => value > 0 && value < Number.POSITIVE_INFINITY : Number.isFinite;
}

function linearAxis(low: number, high: number, range: readonly [number, number]): YAxis {
  const scale = scaleLinear(low <= high ? widened([low, high]) : [0, 1], [...range]).nice(3);
  const values = scale.ticks(3);
  const labels = values.map(formatNumber);
  // Three digits cannot tell ticks apart that differ only in the fourth.
  const exact = scale.tickFormat(3);
  const isClear = new Set(labels).size === labels.length;
  return { place: scale, ticks: values.map((value, i) => ({ value, label: isClear ? (labels[i] ?? "") : exact(value) })) };
}

function logAxis(low: number, high: number, range: readonly [number, number]): YAxis {
  const [from, to] = low > high ? [0.1, 1] : high / low < 1 + flatness ? [low / 2, high * 2] : [low, high];
  const scale = scaleLog([from, to], [...range]);
  const decades = Array.from({ length: Math.floor(Math.log10(to)) - Math.ceil(Math.log10(from)) + 1 }, (_, i) => {
    // Exponents of ten are exact as text, not as powers.
    return Number(`1e${Math.ceil(Math.log10(from)) + i}`);
  }).filter((value) => value >= from && value <= to);
  const every = Math.max(1, Math.ceil(decades.length / 4));
  const values =
    decades.length > 1 ? decades.filter((_, i) => i % every === 0) : niceTicks(from, to, 3).filter((tick) => tick > 0);
  return { place: scale, ticks: values.map((value) => ({ value, label: formatNumber(value) })) };
}

/** A flat line or a single step would otherwise have no scale. */
export function widened([low, high]: readonly [number, number]): [number, number] {
  if (high - low > Math.max(Math.abs(low), Math.abs(high)) * flatness) return [low, high];
  const pad = Math.abs(low) * 0.1 || 1;
  return [low - pad, high + pad];
}
