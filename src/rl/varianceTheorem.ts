// The variance theorem of the paper (section 3.3, appendix D), and where it fails. Per trajectory, with v_t = ∇ log π(o_t) over all
// trained tensors and advantage A:
//   g_GRPO = A Σ_t v_t        g_VPPO = α A Σ_t m_t v_t        claim: Var(g_VPPO) / Var(g_GRPO) ≈ k · E[α²]
// Variance is the sum over parameters of the unbiased variance over trajectories. Each assumption of the proof becomes a factor
// that is exactly 1 where it holds; the measured ratio is k · E[α²] times their product. Pure: the gradients are measured in
// engine/training/update/gradientVariance.ts.

/** A trajectory with advantage, as numbers. */
export interface VarianceSample {
  readonly advantage: number;
  readonly alpha: number;
  readonly tokens: number;
  /** Σ m_t² (the number of kept tokens of a binary mask). */
  readonly kept: number;
  /** ‖Σ_t v_t‖² and ‖Σ_t m_t v_t‖². */
  readonly allSquared: number;
  readonly keptSquared: number;
  /** Σ_t ‖v_t‖² and Σ_t m_t² ‖v_t‖², as random signs estimate them. */
  readonly allNorms: number;
  readonly keptNorms: number;
}

/** Squared lengths of the sums over trajectories of g_GRPO and g_VPPO. */
export interface SummedSquares {
  readonly grpo: number;
  readonly vppo: number;
}

/** THE list of metrics of the variance meter and their meaning. */
export const varianceMetricMeanings = {
  "vppo/gradient_variance_ratio": "Variance of VPPO's gradient over that of GRPO's, on the same answers.",
  "vppo/variance_bound": "k · E[α²]: what the theorem says the ratio is; times the factors below it is the measured ratio.",
  "vppo/variance_cross_terms":
    "Assumption 1, gradients of an answer's tokens are uncorrelated: how much more they add up under VPPO than under GRPO.",
  "vppo/variance_advantage_norms":
    "Assumption 2, the advantage is independent of the gradients: what is left of the weighted norms without assumptions 3 and 5.",
  "vppo/variance_alpha_advantage": "Assumption 3, α is uncorrelated with the advantage: E[α²A²] / (E[α²] E[A²]).",
  "vppo/variance_mean_gradient":
    "Assumption 4, the mean gradient is negligible: which part of E‖g‖² is variance, under VPPO over under GRPO.",
  "vppo/variance_token_norms":
    "Assumption 5, all tokens have gradients of one size: mean ‖v_t‖² of kept tokens over that of all.",
} as const satisfies Readonly<Record<string, string>>;

/** Names of the variance meter's metrics. */
export type VarianceMetric = keyof typeof varianceMetricMeanings;

/** All of them, or none where they do not exist. */
export type VarianceMetrics = Readonly<Partial<Record<VarianceMetric, number>>>;

/**
 * The measured ratio, the theorem's k · E[α²], and the factor of each assumption; ratio = bound × factors. Pure. Absent when there
 * are fewer than two trajectories or no variance.
 */
export function varianceMetrics(samples: readonly VarianceSample[], summed: SummedSquares): VarianceMetrics {
  const count = samples.length;
  if (count < 2) return {};
  const mean = (of: (sample: VarianceSample) => number) => samples.reduce((sum, sample) => sum + of(sample), 0) / count;
  const grpoSecond = mean(({ advantage, allSquared }) => advantage ** 2 * allSquared);
  const vppoSecond = mean(({ advantage, alpha, keptSquared }) => (alpha * advantage) ** 2 * keptSquared);
  const grpoVariance = unbiasedVariance(count, grpoSecond, summed.grpo);
  const vppoVariance = unbiasedVariance(count, vppoSecond, summed.vppo);
  const keptShare = mean(({ kept }) => kept) / mean(({ tokens }) => tokens);
  const alphaSquared = mean(({ alpha }) => alpha ** 2);
  const advantageSquared = mean(({ advantage }) => advantage ** 2);
  const grpoNorms = mean(({ advantage, allNorms }) => advantage ** 2 * allNorms);
  const vppoNorms = mean(({ advantage, alpha, keptNorms }) => (alpha * advantage) ** 2 * keptNorms);
  const bound = keptShare * alphaSquared;
  const alphaAdvantage = mean(({ alpha, advantage }) => (alpha * advantage) ** 2) / (alphaSquared * advantageSquared);
  const tokenNorms = mean(({ keptNorms }) => keptNorms) / (mean(({ allNorms }) => allNorms) * keptShare);
  const metrics: Record<VarianceMetric, number> = {
    "vppo/gradient_variance_ratio": vppoVariance / grpoVariance,
    "vppo/variance_bound": bound,
    "vppo/variance_cross_terms": vppoSecond / vppoNorms / (grpoSecond / grpoNorms),
    "vppo/variance_advantage_norms": vppoNorms / grpoNorms / (bound * alphaAdvantage * tokenNorms),
    "vppo/variance_alpha_advantage": alphaAdvantage,
    "vppo/variance_mean_gradient": vppoVariance / vppoSecond / (grpoVariance / grpoSecond),
    "vppo/variance_token_norms": tokenNorms,
  };
  return Object.values(metrics).every(Number.isFinite) ? metrics : {};
}

/** Σ‖g_i − ḡ‖² / (n − 1) from the mean of ‖g_i‖² and ‖Σ g_i‖². */
function unbiasedVariance(count: number, second: number, summed: number): number {
  return (count * second - summed / count) / (count - 1);
}
