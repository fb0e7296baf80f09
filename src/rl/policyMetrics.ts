// The numbers an update reports, under the names of the official log (dp_actor.py), so that curves of this page and of a cluster
// run lie on the same axes. The official `low_var_kl_*` names stand for whichever dependency measure is chosen.
// Each micro-batch gives one value; a step's value is the mean over those micro-batches that have one.

import { averageWeights } from "./aggregation";
import type { LossRow, MicroBatchLoss } from "./loss";
import type { PolicySettings } from "./settings";
import type { ShapingRange } from "./shaping";
import type { TokenSelection } from "./tokenSelection";

/** THE list of metrics of a policy update: official name and meaning. */
export const policyMetricMeanings = {
  "actor/pg_loss": "Clipped policy loss, averaged over all valid tokens, before penalties.",
  "actor/entropy_loss": "Mean negative log-prob of the sampled tokens, in nats; the official name, though it is not the entropy.",
  "actor/ppo_kl": "Mean of old log-prob - log-prob: estimated KL to the policy that sampled, in nats.",
  "actor/pg_clipfrac_higher": "Share of all valid tokens whose ratio is clipped, filtered or not.",
  "actor/pg_clipfrac_lower": "Share of all valid tokens where the dual clip acts, filtered or not.",
  "actor/perception_token_fraction": "Share of tokens selected by dependency; of random or soft selection, its mean weight.",
  "actor/low_var_kl_threshold": "Mean over answers of the K-th largest dependency.",
  "actor/low_var_kl_mean_selected": "Mean dependency of the selected tokens.",
  "actor/low_var_kl_mean_rejected": "Mean dependency of the other tokens.",
  "actor/entropy_token_fraction": "Share of tokens selected by entropy.",
  "actor/entropy_threshold": "Mean over answers of the K-th largest entropy, in nats.",
  "actor/entropy_mean_selected": "Mean entropy of the tokens selected by entropy, in nats.",
  "actor/entropy_mean_rejected": "Mean entropy of the other tokens, in nats.",
  "actor/combined_token_fraction": "Share of tokens selected by dependency or by entropy.",
  "actor/combined_entropy_mean_selected": "Mean entropy of the tokens selected by either, in nats.",
  "actor/combined_entropy_mean_rejected": "Mean entropy of the tokens selected by neither, in nats.",
  "actor/combined_perception_mean_selected": "Mean dependency of the tokens selected by either.",
  "actor/combined_perception_mean_rejected": "Mean dependency of the tokens selected by neither.",
  "actor/sensitivity_score_mean": "Mean over answers of their mean dependency.",
  "actor/global_sensitivity_score_min": "Lowest mean dependency of an answer in the mini-batch.",
  "actor/global_sensitivity_score_max": "Highest mean dependency of an answer in the mini-batch.",
  "actor/dynamic_scaling_max": "beta_max, the upper end of the scaling; the chosen number where it is fixed.",
  "actor/scaling_factor_mean": "Mean scaling of an answer's advantage (or reward).",
  "actor/entropy_penalty_coef": "lambda, the weight of the entropy penalty.",
  "actor/kl_loss": "Estimated KL to the reference policy by the chosen estimator, before its weight.",
  "actor/kl_coef": "Weight of the KL to the reference policy.",
  "actor/kl_prcp_loss": "PAPO: minus the estimated KL to the policy with the masked image, before its weight.",
  "actor/ori_entropy_loss": "PAPO: mean negative log-prob with the image, before its weight.",
  "actor/aug_entropy_loss": "PAPO: mean negative log-prob with the masked image, before its weight.",
} as const satisfies Readonly<Record<string, string>>;

/** Names of the metrics of a policy update. */
export type PolicyMetric = keyof typeof policyMetricMeanings;

/** Metric values by official name; a metric that does not apply (filter off, nothing rejected) is absent. */
export type PolicyMetrics = Readonly<Partial<Record<PolicyMetric, number>>>;

/** One trajectory with everything its metrics are made of. */
export interface UpdatedTrajectory extends LossRow {
  readonly dependency: Float32Array;
  readonly entropy?: Float32Array;
  readonly selection: TokenSelection;
  readonly meanDependency: number;
  readonly alpha: number;
}

/** The settings and shared statistics of a micro-batch. */
export interface MetricsContext {
  readonly settings: PolicySettings;
  readonly range: ShapingRange | null;
  /** Null where shaping did not act. */
  readonly betaMax: number | null;
}

/** All metrics of one micro-batch that has tokens. */
export function metricsOfMicroBatch(
  rows: readonly UpdatedTrajectory[],
  loss: MicroBatchLoss,
  { settings, range, betaMax }: MetricsContext,
): PolicyMetrics {
  return {
    ...lossMetrics(rows, loss, settings),
    ...selectionMetrics(rows, settings),
    ...(settings.shaping === "off" ? {} : shapingMetrics(rows, range, betaMax)),
    ...penaltyMetrics(loss, settings),
  };
}

/** Mean of each metric over the micro-batches that have it. */
export function meanMetrics(microBatches: readonly PolicyMetrics[]): PolicyMetrics {
  const sums = new Map<PolicyMetric, { sum: number; count: number }>();
  for (const metrics of microBatches) {
    for (const name of metricNames(metrics)) {
      const entry = sums.get(name) ?? { sum: 0, count: 0 };
      sums.set(name, { sum: entry.sum + (metrics[name] ?? 0), count: entry.count + 1 });
    }
  }
  const means: Partial<Record<PolicyMetric, number>> = {};
  for (const [name, { sum, count }] of sums) means[name] = sum / count;
  return means;
}

// Over all valid tokens, filtered out or not.
function lossMetrics(rows: readonly UpdatedTrajectory[], micro: MicroBatchLoss, settings: PolicySettings): PolicyMetrics {
  const weights = averageWeights(rows, settings.aggregation);
  let negativeLogp = 0;
  let logRatio = 0;
  rows.forEach(({ logp, logpOld }, i) => {
    for (let t = 0; t < logp.length; t++) {
      negativeLogp -= (weights[i] as number) * (logp[t] as number);
      logRatio += (logpOld[t] as number) - (logp[t] as number);
    }
  });
  const { pgLoss, terms, tokenCount } = micro;
  const clipMetrics: PolicyMetrics = {
    "actor/pg_clipfrac_higher": total(terms.map((term) => term.clippedHigher)) / tokenCount,
    "actor/pg_clipfrac_lower": total(terms.map((term) => term.clippedLower)) / tokenCount,
  };
  return {
    "actor/pg_loss": pgLoss,
    "actor/entropy_loss": negativeLogp,
    "actor/ppo_kl": logRatio / tokenCount,
    ...(settings.lossType === "cispo" ? {} : clipMetrics),
  };
}

function selectionMetrics(rows: readonly UpdatedTrajectory[], { tokenSelection }: PolicySettings): PolicyMetrics {
  if (tokenSelection === "all") return {};
  if (tokenSelection === "entropy") return entropyMetrics(rows);
  if (tokenSelection === "either") return { ...entropyMetrics(rows), ...dependencyMetrics(rows), ...combinedMetrics(rows) };
  return dependencyMetrics(rows);
}

function dependencyMetrics(rows: readonly UpdatedTrajectory[]): PolicyMetrics {
  const { fraction, selected, rejected } = split(
    rows.map(({ dependency, selection, mask }) => ({ values: dependency, mask: selection.byDependency?.mask ?? mask })),
  );
  return defined({
    "actor/perception_token_fraction": fraction,
    "actor/low_var_kl_threshold": meanOfNumbers(rows.map(({ selection }) => selection.byDependency?.threshold ?? Number.NaN)),
    "actor/low_var_kl_mean_selected": selected,
    "actor/low_var_kl_mean_rejected": rejected,
  });
}

function entropyMetrics(rows: readonly UpdatedTrajectory[]): PolicyMetrics {
  const { fraction, selected, rejected } = split(
    rows.map(({ entropy, selection, mask }) => ({ values: entropy ?? mask, mask: selection.byEntropy?.mask ?? mask })),
  );
  return defined({
    "actor/entropy_token_fraction": fraction,
    "actor/entropy_threshold": meanOfNumbers(rows.map(({ selection }) => selection.byEntropy?.threshold ?? Number.NaN)),
    "actor/entropy_mean_selected": selected,
    "actor/entropy_mean_rejected": rejected,
  });
}

function combinedMetrics(rows: readonly UpdatedTrajectory[]): PolicyMetrics {
  const entropy = split(rows.map(({ entropy, mask }) => ({ values: entropy ?? mask, mask })));
  const dependency = split(rows.map(({ dependency, mask }) => ({ values: dependency, mask })));
  return defined({
    "actor/combined_token_fraction": entropy.fraction,
    "actor/combined_entropy_mean_selected": entropy.selected,
    "actor/combined_entropy_mean_rejected": entropy.rejected,
    "actor/combined_perception_mean_selected": dependency.selected,
    "actor/combined_perception_mean_rejected": dependency.rejected,
  });
}

function shapingMetrics(rows: readonly UpdatedTrajectory[], range: ShapingRange | null, betaMax: number | null): PolicyMetrics {
  return defined({
    "actor/sensitivity_score_mean": meanOfNumbers(rows.map((row) => row.meanDependency)),
    "actor/scaling_factor_mean": total(rows.map((row) => row.alpha)) / rows.length,
    "actor/global_sensitivity_score_min": range?.low,
    "actor/global_sensitivity_score_max": range?.high,
    "actor/dynamic_scaling_max": betaMax ?? undefined,
  });
}

// Each micro-batch counts here; the official code keeps the last one's kl_loss.
function penaltyMetrics({ penalties }: MicroBatchLoss, settings: PolicySettings): PolicyMetrics {
  const { referenceKl, papoKl, papoEntropy, papoMaskedEntropy } = penalties;
  return defined({
    "actor/entropy_penalty_coef": settings.entropyPenaltyCoef > 0 ? settings.entropyPenaltyCoef : undefined,
    "actor/kl_loss": referenceKl,
    "actor/kl_coef": referenceKl === undefined ? undefined : settings.klCoef,
    "actor/kl_prcp_loss": papoKl === undefined ? undefined : -papoKl,
    "actor/ori_entropy_loss": papoEntropy,
    "actor/aug_entropy_loss": papoMaskedEntropy,
  });
}

/** Mean weight of the tokens, and means of the values weighted by m_t and by 1 - m_t; absent where no weight is left. */
function split(rows: readonly { readonly values: Float32Array; readonly mask: Float32Array }[]) {
  let [selected, rejected, selectedWeight, tokenCount] = [0, 0, 0, 0];
  for (const { values, mask } of rows) {
    tokenCount += values.length;
    for (let t = 0; t < values.length; t++) {
      const weight = mask[t] as number;
      selectedWeight += weight;
      selected += weight * (values[t] as number);
      rejected += (1 - weight) * (values[t] as number);
    }
  }
  const rejectedWeight = tokenCount - selectedWeight;
  return {
    fraction: selectedWeight / tokenCount,
    selected: selectedWeight > 0 ? selected / selectedWeight : undefined,
    rejected: rejectedWeight > 0 ? rejected / rejectedWeight : undefined,
  };
}

/** Mean of those that are numbers; undefined when none is. */
function meanOfNumbers(values: readonly number[]): number | undefined {
  const numbers = values.filter((value) => !Number.isNaN(value));
  return numbers.length === 0 ? undefined : total(numbers) / numbers.length;
}

function defined(metrics: Readonly<Partial<Record<PolicyMetric, number | undefined>>>): PolicyMetrics {
  const result: Partial<Record<PolicyMetric, number>> = {};
  for (const name of metricNames(metrics)) {
    const value = metrics[name];
    if (value !== undefined) result[name] = value;
  }
  return result;
}

function metricNames(metrics: Readonly<Partial<Record<PolicyMetric, unknown>>>): readonly PolicyMetric[] {
  // Object.keys loses the key type; such a record has no other keys.
  return Object.keys(metrics) as PolicyMetric[];
}

function total(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
