// Deletion curves: how a log-probability falls while more and more of a picture is covered, by the order of a map and by chance. A map
// that says where a model looked makes it fall earlier than chance does (Petsiuk et al. 2018, RISE; there it is a probability).

import { createRng } from "./rng";
import { isNoise, type Spread, spreadOf } from "./spread";

/** Indices by falling score; equal scores keep their order. */
export function byScore(scores: ArrayLike<number>): readonly number[] {
  return Array.from(scores, (_, i) => i).sort((a, b) => (scores[b] as number) - (scores[a] as number));
}

/** The numbers below `count` in an order that the seed draws (Fisher–Yates). */
export function shuffled(count: number, seed: number): readonly number[] {
  const rng = createRng(seed, 0x64656c);
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = rng.int(i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}

/** How many of so many things a share is; at least one of a share above 0. */
export function countOf(share: number, total: number): number {
  return share <= 0 ? 0 : Math.min(total, Math.max(1, Math.round(share * total)));
}

/** Mean fall below the first value over a curve, by trapezoids: the area between its start and itself, per unit of x. */
export function meanFall(xs: readonly number[], ys: readonly number[]): number {
  const first = ys[0] as number;
  let area = 0;
  for (let i = 1; i < xs.length; i++) {
    const width = (xs[i] as number) - (xs[i - 1] as number);
    area += width * (first - ((ys[i] as number) + (ys[i - 1] as number)) / 2);
  }
  const range = (xs.at(-1) as number) - (xs[0] as number);
  return range > 0 ? area / range : 0;
}

/** What a comparison of curves says. */
export interface CurveVerdict {
  /** Mean fall by the map's order, over its fills. */
  readonly map: Spread;
  /** Mean fall by chance, over the drawn orders. */
  readonly random: Spread;
  /** "better": the map's fall exceeds chance by more than twice the standard error of the difference; "worse" the other way round. */
  readonly verdict: "better" | "noise" | "worse";
}

/** Compares curves over the same shares: by the map's order, and by drawn ones. */
export function compareCurves(
  shares: readonly number[],
  map: readonly (readonly number[])[],
  random: readonly (readonly number[])[],
): CurveVerdict {
  const fallOf = (curves: readonly (readonly number[])[]) => spreadOf(curves.map((ys) => meanFall(shares, ys)));
  const [mapFall, randomFall] = [fallOf(map), fallOf(random)];
  const difference = mapFall.mean - randomFall.mean;
  const squaredError = ({ sd, count }: Spread) => (Number.isNaN(sd) ? 0 : sd ** 2 / count);
  const sd = Math.sqrt(squaredError(mapFall) + squaredError(randomFall));
  const verdict = difference === 0 || isNoise({ mean: difference, sd, count: 2 }) ? "noise" : difference > 0 ? "better" : "worse";
  return { map: mapFall, random: randomFall, verdict };
}
