// The numbers of a part of a rollout: what a brush over the token strip shows. Pure.

/** Sums over the tokens from `start` to `end`, both included. */
export interface PartNumbers {
  readonly mean: number;
  /** Share of the whole rollout's dependency, in [0, 1]; 0 where there is none. */
  readonly share: number;
  readonly kept: number;
}

/** Mean dependency, share and kept tokens of a part; an end beyond the rollout is cut off. */
export function partOf(
  values: Float32Array,
  mask: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
): PartNumbers {
  const part = values.subarray(start, end + 1);
  const sum = part.reduce((total, value) => total + value, 0);
  const whole = values.reduce((total, value) => total + value, 0);
  return {
    mean: sum / part.length,
    share: whole === 0 ? 0 : sum / whole,
    kept: mask.subarray(start, end + 1).reduce((count, isKept) => count + isKept, 0),
  };
}
