// A share or a difference with its interval → where it is drawn. Pure; `IntervalBar.tsx` owns the nodes.
import { scaleLinear } from "d3-scale";

/** What is drawn: NaN ends have no interval, a NaN value nothing at all. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface IntervalFrame {
  readonly width: number;
  /** Values at the left and right edge; what reaches beyond is cut off there. */
  readonly domain: readonly [number, number];
}

export interface IntervalGeometry {
  /** Pixel place of the value; null where there is none. */
  readonly x: number | null;
  /** Pixel places of the interval's ends; null where there is none. */
  readonly line: readonly [number, number] | null;
  /** Pixel places of the domain's ends and middle. */
  readonly grid: readonly [number, number, number];
}

/** Room for the dot at the edges. */
export const inset = 5;

/** Geometry of one interval, rounded to a tenth of a pixel. */
export function intervalGeometry({ value, low, high }: Interval, { width, domain }: IntervalFrame): IntervalGeometry {
  const scale = scaleLinear(domain, [inset, width - inset]).clamp(true);
  const place = (at: number) => Math.round(scale(at) * 10) / 10;
  const [start, end] = domain;
  return {
    x: Number.isNaN(value) ? null : place(value),
    line: Number.isNaN(low) || Number.isNaN(high) ? null : [place(low), place(high)],
    grid: [place(start), place((start + end) / 2), place(end)],
  };
}
