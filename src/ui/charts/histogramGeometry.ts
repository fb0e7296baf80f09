// Values → bins → bars of a histogram. Pure; React owns the nodes (Histogram.tsx). Counts can be logarithmic, because dependency is
// spread over orders of magnitude (paper, Fig. 3); values at or above the end can have a bar of their own.
import { scaleLinear, scaleLog } from "d3-scale";
import { formatNumber } from "../formatNumber";

/** Values in [from, to); the last bin of a closed histogram has its end too. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

export interface BinOptions {
  readonly max: number;
  readonly bins: number;
  /** Adds a bin for values at or above `max`; without it they count in the last one. */
  readonly overflow?: boolean;
}

/** Equal bins over [0, max]; values below 0 and NaN count in the first bin, and there are none in good data. */
export function countBins(values: ArrayLike<number>, { max, bins, overflow = false }: BinOptions): readonly Bin[] {
  const counts = new Array<number>(bins + (overflow ? 1 : 0)).fill(0);
  const edge = (i: number) => (i * max) / bins;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    let bin = value >= max ? bins : Math.max(0, Math.floor((value / max) * bins) || 0);
    // The quotient is rounded; the edges decide.
    if (bin > 0 && value < edge(bin)) bin--;
    else if (bin < bins && value >= edge(bin + 1)) bin++;
    if (!overflow) bin = Math.min(bin, bins - 1);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts.map((count, i) => ({
    from: edge(i),
    to: i === bins ? Number.POSITIVE_INFINITY : edge(i + 1),
    count,
  }));
}

export interface HistogramFrame {
  readonly width: number;
  readonly height: number;
  readonly logCounts: boolean;
}

export interface HistogramGeometry {
  readonly bars: readonly (Bin & { readonly x: number; readonly y: number; readonly width: number; readonly height: number })[];
  readonly xTicks: readonly { readonly x: number; readonly label: string }[];
  readonly yTicks: readonly { readonly y: number; readonly label: string }[];
  readonly plot: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
}

const margin = { top: 8, right: 12, bottom: 20, left: 44 };
/** Between the last bar of the scale and the bar of all that lies beyond, in bars. */
const overflowGap = 0.6;

/** Bars and ticks of bins over a frame. */
export function histogramGeometry(bins: readonly Bin[], { width, height, logCounts }: HistogramFrame): HistogramGeometry {
  const plot = {
    left: margin.left,
    right: Math.max(width - margin.right, margin.left + 1),
    top: margin.top,
    bottom: height - margin.bottom,
  };
  const finite = bins.filter(({ to }) => Number.isFinite(to));
  const hasOverflow = finite.length < bins.length;
  const barWidth = (plot.right - plot.left) / Math.max(1, bins.length + (hasOverflow ? overflowGap : 0));
  const max = finite.at(-1)?.to ?? 1;
  const x = scaleLinear([0, max], [plot.left, plot.left + finite.length * barWidth]);
  const top = Math.max(1, ...bins.map(({ count }) => count));
  const log = scaleLog([0.5, Math.max(10, top)], [plot.bottom, plot.top]);
  const linear = scaleLinear([0, top], [plot.bottom, plot.top]).nice(3);
  const y = (count: number) => (logCounts ? (count > 0 ? log(count) : plot.bottom) : linear(count));
  const bars = bins.map((bin, i) => {
    const left = Number.isFinite(bin.to) ? plot.left + i * barWidth : plot.right - barWidth;
    const at = round(y(bin.count));
    return { ...bin, x: round(left), y: at, width: round(Math.max(barWidth - 1, 0.5)), height: round(plot.bottom - at) };
  });
  const overflowTick = hasOverflow ? [{ x: round(plot.right - barWidth / 2), label: `≥ ${formatNumber(max)}` }] : [];
  // The label of the bar beyond stands where that of the end would.
  const inner = x.ticks(5).filter((value) => !hasOverflow || value <= max * 0.92);
  return {
    bars,
    plot,
    xTicks: [...inner.map((value) => ({ x: round(x(value)), label: formatNumber(value) })), ...overflowTick],
    yTicks: (logCounts ? powersOfTen(Math.max(10, top)) : linear.ticks(3).filter(Number.isInteger)).map((value) => ({
      y: round(logCounts ? log(value) : linear(value)),
      label: formatNumber(value),
    })),
  };
}

/** At most five of 1, 10, 100, … up to `top`. */
function powersOfTen(top: number): readonly number[] {
  const powers = Array.from({ length: Math.floor(Math.log10(top)) + 1 }, (_, i) => 10 ** i);
  const every = Math.ceil(powers.length / 5);
  return powers.filter((_, i) => i % every === 0);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
