// How much the visual dependency of a token hangs on which mask was drawn: mean and spread over draws, and how many of the kept tokens
// stay kept. Pure.

import { spreadOf } from "@/lib/spread";
import { filterTokens } from "@/rl/tokenFilter";

/** Mean and sample deviation over draws, [T] each. */
export interface TokenSpread {
  readonly mean: Float32Array;
  readonly sd: Float32Array;
}

/** Spread of every token over draws of equal length. */
export function tokenSpread(draws: readonly Float32Array[]): TokenSpread {
  const length = draws[0]?.length ?? 0;
  const spreads = Array.from({ length }, (_, t) => spreadOf(draws.map((values) => values[t] as number)));
  return { mean: Float32Array.from(spreads, ({ mean }) => mean), sd: Float32Array.from(spreads, ({ sd }) => sd) };
}

/** Share of the kept ⌈kT⌉ tokens of `shown` that each draw keeps too, on average; NaN without tokens or draws. */
export function keptShare(shown: Float32Array, draws: readonly Float32Array[], keepRatio: number): number {
  const own = filterTokens(shown, keepRatio);
  const shares = draws.map((values) => {
    const { mask } = filterTokens(values, keepRatio);
    let both = 0;
    for (let t = 0; t < mask.length; t++) both += (mask[t] as number) * (own.mask[t] as number);
    return both / own.keptCount;
  });
  return spreadOf(shares).mean;
}

/** What ⌈kT⌉ tokens drawn blindly would share with the kept ones: k itself, nearly. */
export function chanceShare(tokenCount: number, keepRatio: number): number {
  return tokenCount === 0 ? Number.NaN : filterTokens(new Float32Array(tokenCount), keepRatio).keptCount / tokenCount;
}

/** Below this share of kept tokens the choice is the mask's more than the picture's. */
export const stableShare = 0.7;
