// Token-level gradient filtering (TGF, paper Eq. 4): of each trajectory keep the ceil(k T) tokens with the highest visual
// dependency. Official code: dp_actor.py, key `algorithm.top_p_perception_tokens`. Selection is per trajectory, never over the
// batch. torch's sort leaves the order of equal values open; here the lower index wins.

/** Which tokens of one trajectory are kept. */
export interface TokenSelection {
  /** 1 = kept, 0 = filtered out; one entry per token. */
  readonly mask: Uint8Array;
  readonly keptCount: number;
  /** The K-th largest dependency; NaN for an empty trajectory. */
  readonly threshold: number;
}

/** K = ceil(k T) in float32, as torch computes it: for some lengths one more than in exact arithmetic (k = 0.3, T = 50 gives 16). */
export function keptTokenCount(keepRatio: number, tokenCount: number): number {
  return Math.min(Math.ceil(Math.fround(Math.fround(keepRatio) * tokenCount)), tokenCount);
}

/** Keeps the K tokens of highest dependency of one trajectory; among equal values the lower index is kept first. */
export function filterTokens(dependency: Float32Array, keepRatio: number): TokenSelection {
  const tokenCount = dependency.length;
  const mask = new Uint8Array(tokenCount);
  const keptCount = keptTokenCount(keepRatio, tokenCount);
  if (keptCount === 0) return { mask, keptCount, threshold: Number.NaN };
  // A plain numeric sort of a copy is native and several times faster than sorting indices with a comparator.
  const threshold = dependency.slice().sort()[tokenCount - keptCount] as number;
  let remaining = keptCount;
  for (let t = 0; t < tokenCount; t++) {
    if ((dependency[t] as number) > threshold) {
      mask[t] = 1;
      remaining--;
    }
  }
  for (let t = 0; t < tokenCount && remaining > 0; t++) {
    if (dependency[t] === threshold) {
      mask[t] = 1;
      remaining--;
    }
  }
  return { mask, keptCount, threshold };
}

/** Keeps every token: what training without the filter does. */
export function keepAllTokens(dependency: Float32Array): TokenSelection {
  const threshold = dependency.length === 0 ? Number.NaN : dependency.reduce((a, b) => Math.min(a, b));
  return { mask: new Uint8Array(dependency.length).fill(1), keptCount: dependency.length, threshold };
}

/** Share of the total dependency that lies on kept tokens, in [0, 1]; 1 when there is no dependency to lose. */
export function keptDependencyShare(dependencies: readonly Float32Array[], masks: readonly Uint8Array[]): number {
  let kept = 0;
  let total = 0;
  dependencies.forEach((dependency, i) => {
    const mask = masks[i] as Uint8Array;
    for (let t = 0; t < dependency.length; t++) {
      const value = dependency[t] as number;
      total += value;
      if (mask[t] === 1) kept += value;
    }
  });
  return total === 0 ? 1 : kept / total;
}
