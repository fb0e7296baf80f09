// Geometry of the bars of a group: one per rollout, above or below a common zero, with the value before an edit behind each. Pure.

import { niceAbove } from "@/ui/color/binning";

export interface BarBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface GroupBarLayout {
  readonly bars: readonly BarBox[];
  /** Where a value was before, one per bar; empty when nothing was edited. */
  readonly ghosts: readonly BarBox[];
  /** Height of the zero line. */
  readonly zero: number;
  /** Ends of the scale. */
  readonly low: number;
  readonly high: number;
}

/** Bars over a width and a height, zero included in the scale; values that are not finite have no height. */
export function layOutBars(
  values: readonly number[],
  before: readonly number[] | null,
  { width, height, gap }: { readonly width: number; readonly height: number; readonly gap: number },
): GroupBarLayout {
  const all = [...values, ...(before ?? [])].filter(Number.isFinite);
  const top = Math.max(0, ...all);
  const bottom = Math.min(0, ...all);
  const high = top > 0 ? niceAbove(top) : 0;
  const low = bottom < 0 ? -niceAbove(-bottom) : 0;
  const span = high - low || 1;
  const yOf = (value: number) => ((high - value) / span) * height;
  const zero = high === low ? height : yOf(0);
  const band = width / Math.max(1, values.length);
  const boxOf = (value: number, i: number): BarBox => {
    const y = Number.isFinite(value) && high !== low ? yOf(value) : zero;
    return { x: i * band + gap / 2, y: Math.min(y, zero), width: Math.max(1, band - gap), height: Math.abs(y - zero) };
  };
  return { bars: values.map(boxOf), ghosts: (before ?? []).map(boxOf), zero, low, high };
}
