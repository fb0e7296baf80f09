// The numbers an update reports, under the names of the official log (dp_actor.py), so that curves of this page and of a cluster
// run lie on the same axes. The official `low_var_kl_*` names stand for whichever dependency measure is chosen.
// Each micro-batch gives one value; a step's value is the mean over those micro-batches that have one.

import { averageWeights, type LossRow, type MicroBatchLoss } from "./loss";
import type { PolicySettings } from "./settings";
import type { ShapingRange } from "./shaping";

/** Names of the metrics of a policy update. */
export type PolicyMetric =
  | "actor/pg_loss"
  | "actor/entropy_loss"
  | "actor/ppo_kl"
  | "actor/pg_clipfrac_higher"
  | "actor/pg_clipfrac_lower"
  | "actor/perception_token_fraction"
  | "actor/low_var_kl_threshold"
  | "actor/low_var_kl_mean_selected"
  | "actor/low_var_kl_mean_rejected"
  | "actor/sensitivity_score_mean"
  | "actor/global_sensitivity_score_min"
  | "actor/global_sensitivity_score_max"
  | "actor/dynamic_scaling_max"
  | "actor/scaling_factor_mean"
  | "actor/entropy_penalty_coef";

/** Metric values by official name; a metric that does not apply (filter off, nothing rejected) is absent. */
export type PolicyMetrics = Readonly<Partial<Record<PolicyMetric, number>>>;

/** One trajectory with everything its metrics are made of. */
export interface UpdatedTrajectory extends LossRow {
  readonly dependency: Float32Array;
  readonly meanDependency: number;
  /** The K-th largest dependency; NaN for an empty trajectory. */
  readonly threshold: number;
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
    ...(settings.tokenSelection === "dependency" ? filterMetrics(rows) : {}),
    ...(settings.shaping === "advantage" ? shapingMetrics(rows, range, betaMax) : {}),
    ...(settings.entropyPenaltyCoef > 0 ? { "actor/entropy_penalty_coef": settings.entropyPenaltyCoef } : {}),
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

function filterMetrics(rows: readonly UpdatedTrajectory[]): PolicyMetrics {
  let selected = 0;
  let rejected = 0;
  let selectedCount = 0;
  let rejectedCount = 0;
  for (const { dependency, mask } of rows) {
    dependency.forEach((value, t) => {
      if (mask[t]) {
        selected += value;
        selectedCount++;
      } else {
        rejected += value;
        rejectedCount++;
      }
    });
  }
  const thresholds = rows.map((row) => row.threshold).filter((value) => !Number.isNaN(value));
  return {
    "actor/perception_token_fraction": selectedCount / (selectedCount + rejectedCount),
    "actor/low_var_kl_threshold": total(thresholds) / thresholds.length,
    "actor/low_var_kl_mean_selected": selected / selectedCount,
    ...(rejectedCount > 0 ? { "actor/low_var_kl_mean_rejected": rejected / rejectedCount } : {}),
  };
}

function shapingMetrics(rows: readonly UpdatedTrajectory[], range: ShapingRange | null, betaMax: number | null): PolicyMetrics {
  const scores = rows.map((row) => row.meanDependency).filter((value) => !Number.isNaN(value));
  return {
    "actor/sensitivity_score_mean": total(scores) / scores.length,
    "actor/scaling_factor_mean": total(rows.map((row) => row.alpha)) / rows.length,
    ...(range ? { "actor/global_sensitivity_score_min": range.low, "actor/global_sensitivity_score_max": range.high } : {}),
    ...(betaMax === null ? {} : { "actor/dynamic_scaling_max": betaMax }),
  };
}

function metricNames(metrics: PolicyMetrics): readonly PolicyMetric[] {
  // Object.keys loses the key type; a PolicyMetrics value has no other keys.
  return Object.keys(metrics) as PolicyMetric[];
}

function total(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
