// A drag on the picture as a region. Pure.
import type { Region } from "@/state/selection";

/** A rectangle from two corners in fractions, inside the picture; null when it has no area. */
export function regionFromCorners(a: readonly [number, number], b: readonly [number, number]): Region | null {
  const inside = (value: number) => Math.min(1, Math.max(0, value));
  const left = inside(Math.min(a[0], b[0]));
  const right = inside(Math.max(a[0], b[0]));
  const top = inside(Math.min(a[1], b[1]));
  const bottom = inside(Math.max(a[1], b[1]));
  return right - left > 0.01 && bottom - top > 0.01 ? [left, top, right, bottom] : null;
}
