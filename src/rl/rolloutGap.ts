// How far the probabilities that rollouts were sampled with lie from those of an exact pass over the same tokens. Names and numbers are
// verl's (verl/utils/debug/metrics.py, calculate_debug_metrics: |exp(rollout_log_probs) − exp(actor_old_log_probs)| over valid response
// tokens, torch.std with n − 1). Pure.

/** THE list of metrics of the gap and their meaning. */
export const rolloutGapMeanings = {
  "training/rollout_probs_diff_mean":
    "Mean over tokens of |π that sampled − π of an exact pass| of the sampled token; only where rollouts are decoded in a rough arithmetic.",
  "training/rollout_probs_diff_max": "Largest such difference of a step.",
  "training/rollout_probs_diff_std": "Its standard deviation over the tokens of a step.",
} as const satisfies Readonly<Record<string, string>>;

/** The metrics for log-probs per answer and token, in nats; without tokens there are none. */
export function rolloutGap(
  sampled: readonly Float32Array[],
  exact: readonly Float32Array[],
): Readonly<Partial<Record<keyof typeof rolloutGapMeanings, number>>> {
  const gaps = sampled.flatMap((answer, i) =>
    Array.from(answer, (logp, t) => Math.abs(Math.exp(logp) - Math.exp(exact[i]?.[t] ?? Number.NaN))),
  );
  if (gaps.length === 0) return {};
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const squares = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0);
  return {
    "training/rollout_probs_diff_mean": mean,
    "training/rollout_probs_diff_max": gaps.reduce((most, gap) => Math.max(most, gap), 0),
    ...(gaps.length > 1 && { "training/rollout_probs_diff_std": Math.sqrt(squares / (gaps.length - 1)) }),
  };
}
