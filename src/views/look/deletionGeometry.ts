// Deletion curves → lines with a band of one standard deviation. Pure.
import { scaleLinear } from "d3-scale";
import { area, line } from "d3-shape";
import { type Spread, spreadOf } from "@/lib/spread";
import { formatNumber, formatPercent } from "@/ui/formatNumber";

/** One condition of the chart. */
export interface DeletionLine {
  readonly name: "map" | "random";
  readonly path: string;
  readonly band: string;
  readonly points: readonly Spread[];
  readonly end: { readonly x: number; readonly y: number };
}

export interface DeletionGeometry {
  readonly lines: readonly DeletionLine[];
  readonly xTicks: readonly { readonly x: number; readonly label: string }[];
  readonly yTicks: readonly { readonly y: number; readonly label: string }[];
  readonly plot: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
}

/** Shares below are too close together for labels. */
const leastTick = 0.2;
/** Changes that are nothing to speak of are drawn flat, in nats. */
const leastRange = 0.1;
const margin = { top: 8, right: 88, bottom: 36, left: 44 };

/** Geometry of the curves over the shares that are covered. */
export function deletionGeometry(
  shares: readonly number[],
  curves: { readonly map: readonly (readonly number[])[]; readonly random: readonly (readonly number[])[] },
  { width, height }: { readonly width: number; readonly height: number },
): DeletionGeometry {
  const plot = { left: margin.left, right: width - margin.right, top: margin.top, bottom: height - margin.bottom };
  const spreads = (["map", "random"] as const).map((name) => ({
    name,
    points: shares.map((_, i) => spreadOf(curves[name].map((curve) => curve[i] as number))),
  }));
  const reach = spreads.flatMap(({ points }) => points.flatMap((one) => [low(one), high(one)]));
  const x = scaleLinear([0, Math.max(...shares)], [plot.left, plot.right]);
  const highest = Math.max(...reach);
  const y = scaleLinear([Math.min(...reach, highest - leastRange), highest], [plot.bottom, plot.top]).nice(4);
  const at = (value: number) => Math.round(value * 10) / 10;
  return {
    plot,
    lines: spreads.map(({ name, points }) => {
      const draw = line<Spread>()
        .x((_, i) => at(x(shares[i] as number)))
        .y(({ mean }) => at(y(mean)));
      const fill = area<Spread>()
        .x((_, i) => at(x(shares[i] as number)))
        .y0((one) => at(y(low(one))))
        .y1((one) => at(y(high(one))));
      const last = points.at(-1)?.mean ?? 0;
      return { name, points, path: draw(points) ?? "", band: fill(points) ?? "", end: { x: at(plot.right), y: at(y(last)) } };
    }),
    xTicks: shares
      .filter((share) => share === 0 || share >= leastTick)
      .map((share) => ({ x: at(x(share)), label: formatPercent(share) })),
    yTicks: y.ticks(4).map((value) => ({ y: at(y(value)), label: formatNumber(value) })),
  };
}

const low = ({ mean, sd }: Spread) => mean - (Number.isNaN(sd) ? 0 : sd);
const high = ({ mean, sd }: Spread) => mean + (Number.isNaN(sd) ? 0 : sd);
