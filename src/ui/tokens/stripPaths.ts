// Geometry of the token strip: one bar per token as at most 16 paths, one per colour bin, so that a strip of thousands of tokens is
// a handful of nodes. Pure.

import { binCount } from "../color/maps";

/** Size of a strip in pixels. */
export interface StripSize {
  readonly width: number;
  readonly height: number;
}

/** Bars by bin: `heights` are shares of the full height, at least one pixel is drawn. An empty bin has an empty path. */
export function stripPaths(heights: ArrayLike<number>, bins: Uint8Array, { width, height }: StripSize): readonly string[] {
  const paths = Array.from({ length: binCount }, () => "");
  const pitch = width / Math.max(heights.length, 1);
  const barWidth = Math.max(pitch - (pitch > 4 ? 1 : 0), 0.5);
  for (let t = 0; t < heights.length; t++) {
    const barHeight = Math.max(1, (heights[t] as number) * height);
    const bin = bins[t] ?? 0;
    paths[bin] += `M${round(t * pitch)},${height}v${round(-barHeight)}h${round(barWidth)}v${round(barHeight)}z`;
  }
  return paths;
}

/** Ticks for kept tokens, `tickHeight` high from the top. */
export function keptPath(mask: Uint8Array, { width, height }: StripSize): string {
  const pitch = width / Math.max(mask.length, 1);
  const tickWidth = Math.max(Math.min(pitch - 1, 4), 0.5);
  let path = "";
  for (let t = 0; t < mask.length; t++) {
    if (mask[t])
      path += `M${round(t * pitch + (pitch - 1 - tickWidth) / 2)},0h${round(tickWidth)}v${height}h${round(-tickWidth)}z`;
  }
  return path;
}

function round(value: number): number {
  return Number(value.toFixed(2));
}
