// Rows of measured values → a dot plot: the dots of a row, below them their mean with its interval, a common axis, and lines to compare
// with. Pure; React owns the nodes (DotPlot.tsx).
import { scaleLinear } from "d3-scale";

/** One row: its single values, and mean and interval of them; NaN where there is none. */
export interface DotRow {
  readonly label: string;
  readonly dots: readonly number[];
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface DotFrame {
  readonly width: number;
  /** Pixels left of the plot for the rows' names; 0 leaves them out. */
  readonly labelWidth: number;
  /** Pixels right of the plot for numbers. */
  readonly numberWidth: number;
  /** Values that get a line through all rows. */
  readonly lines?: readonly number[];
  /** No value can lie outside. */
  readonly limits?: readonly [number, number];
  readonly format: (value: number) => string;
}

export interface DotPlotGeometry {
  readonly height: number;
  readonly plot: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
  readonly ticks: readonly { readonly x: number; readonly label: string }[];
  /** Pixel x of the frame's lines. */
  readonly lines: readonly number[];
  readonly rows: readonly {
    readonly label: string;
    /** Middle of the row. */
    readonly y: number;
    readonly dots: readonly number[];
    readonly mean: number | null;
    /** Ends of the interval; cut where it goes on outside the plot. */
    readonly interval: {
      readonly from: number;
      readonly to: number;
      readonly isCutLow: boolean;
      readonly isCutHigh: boolean;
    } | null;
  }[];
}

const rowHeight = 36;
const axisHeight = 20;
const edge = 8;
/** Intervals of two values can be 10 times as wide as anything measured: so far beyond the values they are drawn, then cut. */
const farthest = 1;

/** Geometry of the rows, top to bottom. */
export function dotPlotGeometry(rows: readonly DotRow[], frame: DotFrame): DotPlotGeometry {
  const bottom = rows.length * rowHeight;
  const plot = { left: frame.labelWidth + edge, right: frame.width - frame.numberWidth - edge, top: 0, bottom };
  const domain = domainOf(rows, frame);
  const x = scaleLinear(domain, [plot.left, plot.right]);
  const place = (value: number) => round(x(value));
  return {
    height: bottom + axisHeight,
    plot,
    ticks: x.ticks(Math.max(3, Math.floor((plot.right - plot.left) / 48))).map((value) => ({
      x: place(value),
      label: frame.format(value),
    })),
    lines: (frame.lines ?? []).filter(Number.isFinite).map(place),
    rows: rows.map(({ label, dots, value, low, high }, i) => ({
      label,
      y: (i + 0.5) * rowHeight,
      dots: dots.filter(Number.isFinite).map(place),
      mean: Number.isFinite(value) ? place(value) : null,
      interval:
        Number.isFinite(low) && Number.isFinite(high)
          ? {
              from: place(Math.max(low, domain[0])),
              to: place(Math.min(high, domain[1])),
              isCutLow: low < domain[0],
              isCutHigh: high > domain[1],
            }
          : null,
    })),
  };
}

/** Everything measured and every line, and as much of the intervals as is near them. */
function domainOf(rows: readonly DotRow[], { lines = [], limits }: DotFrame): [number, number] {
  const measured = [...rows.flatMap(({ dots, value }) => [...dots, value]), ...lines].filter(Number.isFinite);
  if (measured.length === 0) return limits ? [limits[0], limits[1]] : [0, 1];
  const [least, most] = [Math.min(...measured), Math.max(...measured)];
  const reach = farthest * (most - least || Math.abs(most) * 0.1 || 1);
  const ends = rows.flatMap(({ low, high }) => [low, high]).filter(Number.isFinite);
  const low = Math.max(Math.min(least, ...ends), least - reach);
  const high = Math.min(Math.max(most, ...ends), most + reach);
  const pad = (high - low || Math.abs(high) * 0.1 || 1) * 0.05;
  const within = (value: number) => (limits ? Math.min(limits[1], Math.max(limits[0], value)) : value);
  return [within(low - pad), within(high + pad)];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
