// Token-level gradient filtering (TGF, paper Eq. 4): of each trajectory keep the ceil(k T) tokens with the highest score, which is
// the visual dependency, the entropy or a random number (`tokenSelection.ts`). Official code: dp_actor.py, keys
// `algorithm.top_p_perception_tokens` and `top_p_entropy_tokens`. Selection is per trajectory, never over the batch. torch's sort
// leaves the order of equal values open; here the lower index wins.

/** Which tokens of one trajectory are kept. */
export interface FilteredTokens {
  /** 1 = kept, 0 = filtered out; one entry per token. */
  readonly mask: Float32Array;
  readonly keptCount: number;
  /** The K-th largest score; NaN for an empty trajectory. */
  readonly threshold: number;
}

/** K = ceil(k T) in float32, as torch computes it: for some lengths one more than in exact arithmetic (k = 0.3, T = 50 gives 16). */
export function keptTokenCount(keepRatio: number, tokenCount: number): number {
  return Math.min(Math.ceil(Math.fround(Math.fround(keepRatio) * tokenCount)), tokenCount);
}

/** Keeps the K tokens of highest score of one trajectory; among equal values the lower index is kept first. */
export function filterTokens(scores: Float32Array, keepRatio: number): FilteredTokens {
  const tokenCount = scores.length;
  const mask = new Float32Array(tokenCount);
  const keptCount = keptTokenCount(keepRatio, tokenCount);
  if (keptCount === 0) return { mask, keptCount, threshold: Number.NaN };
  // A plain numeric sort of a copy is native and several times faster than sorting indices with a comparator.
  const threshold = scores.slice().sort()[tokenCount - keptCount] as number;
  let remaining = keptCount;
  for (let t = 0; t < tokenCount; t++) {
    if ((scores[t] as number) > threshold) {
      mask[t] = 1;
      remaining--;
    }
  }
  for (let t = 0; t < tokenCount && remaining > 0; t++) {
    if (scores[t] === threshold) {
      mask[t] = 1;
      remaining--;
    }
  }
  return { mask, keptCount, threshold };
}

/** Keeps every token: what training without the filter does. */
export function keepAllTokens(scores: Float32Array): FilteredTokens {
  const threshold = scores.length === 0 ? Number.NaN : scores.reduce((a, b) => Math.min(a, b));
  return { mask: new Float32Array(scores.length).fill(1), keptCount: scores.length, threshold };
}

/** Share of the total dependency that lies on kept tokens, in [0, 1]; 1 when there is no dependency to lose. */
export function keptDependencyShare(dependencies: readonly Float32Array[], masks: readonly Float32Array[]): number {
  let kept = 0;
  let total = 0;
  dependencies.forEach((dependency, i) => {
    const mask = masks[i] as Float32Array;
    for (let t = 0; t < dependency.length; t++) {
      const value = dependency[t] as number;
      total += value;
      kept += (mask[t] as number) * value;
    }
  });
  return total === 0 ? 1 : kept / total;
}
