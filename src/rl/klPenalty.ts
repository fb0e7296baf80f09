// Estimators of KL(pi || reference) from the log-probs of the sampled token alone, with their derivative by log pi (official
// core_algos.py compute_kl, `algorithm.kl_penalty`; Schulman, "Approximating KL divergence"). The reference is a constant. The
// official fifth choice, "full", needs whole distributions and is not offered. Clamped values have derivative 0, as in torch.

import type { KlPenalty } from "./settings";

/** A number per token and its derivative by the token's log pi. */
export interface TokenPenalty {
  readonly value: Float64Array;
  readonly slope: Float64Array;
}

const differenceLimit = 20;
const valueLimit = 10;

/** The estimate of every token, in nats ("mse": nats squared), from log pi and the reference's log-prob. */
export function klTerms(logp: Float32Array, reference: Float32Array, penalty: KlPenalty): TokenPenalty {
  const estimate = estimates[penalty];
  const value = new Float64Array(logp.length);
  const slope = new Float64Array(logp.length);
  for (let t = 0; t < logp.length; t++) {
    const [atToken, derivative] = estimate((logp[t] as number) - (reference[t] as number));
    value[t] = atToken;
    slope[t] = derivative;
  }
  return { value, slope };
}

/** Value and derivative at x = log pi - log reference. */
const estimates: Readonly<Record<KlPenalty, (x: number) => readonly [value: number, slope: number]>> = {
  kl: (x) => [x, 1],
  abs: (x) => [Math.abs(x), Math.sign(x)],
  mse: (x) => [0.5 * x * x, x],
  low_var_kl: (x) => {
    const d = Math.min(Math.max(-x, -differenceLimit), differenceLimit);
    const value = Math.exp(d) - d - 1;
    if (value > valueLimit) return [valueLimit, 0];
    return [value, Math.abs(x) > differenceLimit ? 0 : 1 - Math.exp(d)];
  },
};
