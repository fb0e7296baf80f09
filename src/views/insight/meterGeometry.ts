// Bars of the gradient-variance meter: measured and predicted ratio on one axis from 0, with 1 (no change) marked. Pure.
import { scaleLinear } from "d3-scale";
import { formatNumber } from "@/ui/formatNumber";

export interface MeterGeometry {
  readonly bars: readonly { readonly y: number; readonly width: number; readonly labelX: number; readonly label: string }[];
  readonly ticks: readonly { readonly x: number; readonly label: string }[];
  /** Pixel x of a ratio of 1. */
  readonly oneX: number;
  readonly left: number;
  readonly barHeight: number;
  readonly height: number;
}

const labelWidth = 84;
const valueWidth = 52;
const barHeight = 20;
const barGap = 8;
const axisHeight = 20;

/** Geometry of so many ratios (each ≥ 0) in a drawing of so many pixels. */
export function meterGeometry(ratios: readonly number[], width: number): MeterGeometry {
  const right = Math.max(width - valueWidth, labelWidth + 40);
  const x = scaleLinear([0, Math.max(1, ...ratios) * 1.05], [labelWidth, right]);
  return {
    bars: ratios.map((ratio, i) => {
      const end = Math.round(x(Math.max(0, ratio)));
      return { y: i * (barHeight + barGap), width: Math.max(1, end - labelWidth), labelX: end + 6, label: formatNumber(ratio) };
    }),
    ticks: x.ticks(5).map((value) => ({ x: Math.round(x(value)), label: formatNumber(value) })),
    oneX: Math.round(x(1)),
    left: labelWidth,
    barHeight,
    height: ratios.length * (barHeight + barGap) + axisHeight,
  };
}
