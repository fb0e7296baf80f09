// Deletion curves: how a log-probability falls while more and more of a picture is covered, by the order of a map and by chance. A map
// that says where a model looked makes it fall earlier than chance does (Petsiuk et al. 2018, RISE; there it is a probability).

import { createRng } from "./rng";
import { type Spread, spreadOf } from "./spread";

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
  /** Mean fall by the map's order, over the ways to cover. */
  readonly map: Spread;
  /** Mean fall by chance, over drawn orders and ways to cover. */
  readonly random: Spread;
  /** Drawn orders that fall less than the map's order does under the same way to cover; equal ones count half. */
  readonly beaten: number;
  /** Drawn orders in all. */
  readonly drawn: number;
  readonly verdict: "better" | "noise" | "worse";
}

/** All drawn orders but for a tie: with twelve of them, an order that is one more drawn one gets there at most once in thirteen. */
const clearShare = 0.95;

/**
 * Compares curves over the same shares: per way to cover one by the map's order and some by drawn orders. If the map knew nothing, its
 * order would be one of the drawn ones.
 */
export function compareCurves(
  shares: readonly number[],
  ways: readonly { readonly map: readonly number[]; readonly random: readonly (readonly number[])[] }[],
): CurveVerdict {
  const falls = ways.map(({ map, random }) => ({
    map: meanFall(shares, map),
    random: random.map((ys) => meanFall(shares, ys)),
  }));
  const drawn = falls.reduce((sum, { random }) => sum + random.length, 0);
  const beaten = falls.reduce(
    (sum, { map, random }) => sum + random.reduce((won, fall) => won + (map > fall ? 1 : map === fall ? 0.5 : 0), 0),
    0,
  );
  return {
    map: spreadOf(falls.map(({ map }) => map)),
    random: spreadOf(falls.flatMap(({ random }) => random)),
    beaten,
    drawn,
    verdict: beaten >= clearShare * drawn ? "better" : beaten <= (1 - clearShare) * drawn ? "worse" : "noise",
  };
}
