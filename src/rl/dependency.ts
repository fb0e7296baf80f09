// Token visual dependency S_t: how much the next-token distribution at a response token changes when the image is masked.
// Paper Eq. 3 defines it as the full-vocabulary KL(pi(.|image) || pi(.|masked image)); the official code (dp_actor.py)
// estimates it from the sampled token alone (Schulman's k3). KL, JSD and the top-1 drop need whole distributions, so the
// engine measures them; k3 is computed here. All values are in nats, except the top-1 drop, which is a probability.

/** What the engine measures per valid response token (first end token included); every array has one entry per token. */
export interface TokenStats {
  /** log pi_old(o_t | image). */
  readonly logp: Float32Array;
  /** log pi_old(o_t | masked image). */
  readonly logpMasked: Float32Array;
  /** KL(pi(.|image) || pi(.|masked image)) over the whole vocabulary. */
  readonly kl: Float32Array;
  /** Jensen-Shannon divergence of the two distributions. */
  readonly jsd: Float32Array;
  readonly entropy: Float32Array;
  readonly entropyMasked: Float32Array;
  /** Fall of the probability of the token ranked first under the image. */
  readonly top1Drop: Float32Array;
}

/** What is measured where nothing reads the Jensen-Shannon divergence: it alone takes the engine another pass over the vocabulary. */
export type TokenStatsWithoutJsd = Omit<TokenStats, "jsd">;

/** The measures of visual dependency the page offers. */
export type DependencyMeasure = "kl" | "k3" | "jsd" | "top1_drop";

/** One row of the measure table. */
export interface DependencyMeasureRow<S = TokenStats> {
  readonly label: string;
  readonly unit: "nats" | "probability";
  readonly help: string;
  readonly of: (stats: S) => Float32Array;
}

type DependencyMeasures = {
  readonly [M in DependencyMeasure]: DependencyMeasureRow<M extends "jsd" ? TokenStats : TokenStatsWithoutJsd>;
};

/** THE table of dependency measures: pickers, help texts and the trainer all read it. */
export const dependencyMeasures: DependencyMeasures = {
  kl: {
    label: "KL, whole vocabulary",
    unit: "nats",
    help: "KL divergence from the distribution with the image to the one with the masked image: the paper's definition (Eq. 3).",
    of: (stats) => stats.kl,
  },
  k3: {
    label: "k3, sampled token",
    unit: "nats",
    help: "e^d - d - 1 with d = log-prob masked - log-prob, clamped to [0, 10]: the estimator of the official code.",
    of: (stats) => k3(stats.logp, stats.logpMasked),
  },
  jsd: {
    label: "Jensen-Shannon",
    unit: "nats",
    help: "Symmetric divergence of the two distributions, at most ln 2; an ablation of the paper (Table 12).",
    of: (stats) => stats.jsd,
  },
  top1_drop: {
    label: "Top-1 drop",
    unit: "probability",
    help: "How much probability the most likely token loses without the image; an ablation of the paper (Table 12).",
    of: (stats) => stats.top1Drop,
  },
};

/** S_t of every token by the chosen measure. */
export function dependencyOf(stats: TokenStats, measure: DependencyMeasure): Float32Array {
  return dependencyMeasures[measure].of(stats);
}

const deltaLimit = 20;
const k3Limit = 10;

/** Schulman's k3 per token: S = clamp(e^d - d - 1, 0, 10), d = clamp(logpMasked - logp, -20, 20) (official dp_actor.py). */
export function k3(logp: Float32Array, logpMasked: Float32Array): Float32Array {
  const dependency = new Float32Array(logp.length);
  for (let t = 0; t < logp.length; t++) {
    const difference = Math.fround((logpMasked[t] as number) - (logp[t] as number));
    const delta = Math.min(Math.max(difference, -deltaLimit), deltaLimit);
    // Rounded to float32 after every operation, as torch does: e^d - d cancels for small d, and the rounding decides
    // the order of nearly equal tokens, hence which of them the filter keeps.
    const value = Math.fround(Math.fround(Math.fround(Math.exp(delta)) - delta) - 1);
    dependency[t] = Math.min(Math.max(value, 0), k3Limit);
  }
  return dependency;
}
