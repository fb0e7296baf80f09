// Visually-Perceptive Policy Optimization (arXiv 2510.09285) as one pure function of scored trajectories. The trainer and the
// sliders' preview call the same code. Paper, section 3, with the choices of the official code (VPPO-RL, dp_actor.py):
//   S_t    visual dependency of a token           Eq. 3   dependency.ts
//   m_t    1 for the ceil(k T) tokens of highest S Eq. 4   tokenFilter.ts; other rules: tokenSelection.ts
//   A_i    group-relative advantage               Eq. 1   advantage.ts
//   A'_i   alpha_i A_i, shaped by mean S          Eq. 5   shaping.ts; of shaped rewards: rewardShaping.ts
//   L      (1/N) sum_i sum_t [ m_t L_t(A'_i) - lambda log pi_t ]   Eq. 6   loss.ts; other penalties: penalties.ts
// Differences from the paper: L averages over all valid tokens of the mini-batch, not per sequence; clip-higher, dual clip and the
// entropy penalty (on all tokens, filtered or not) are not in Eq. 6; the mean of alpha is 1 per micro-batch.

import { microBatchLoss } from "./loss";
import { meanMetrics, metricsOfMicroBatch, type PolicyMetrics, type UpdatedTrajectory } from "./policyMetrics";
import type { PolicySettings } from "./settings";
import { microBatches, type ShapedGroup, shapeGroup } from "./shapeGroup";
import { checkLogProbs, type ScoredTrajectory, type Trajectory } from "./trajectory";

/** What the sliders show. */
export interface UpdatePreview extends ShapedGroup {
  /** A'_i m_t: the weight of each token in the update. */
  readonly weights: readonly Float32Array[];
}

/** One optimiser step: the loss, its gradient by log-prob, and what led to them. */
export interface PolicyUpdate extends ShapedGroup {
  /** The minimised loss, penalties included. */
  readonly loss: number;
  /** dL / d log pi, one entry per token; exactly 0 where m_t is 0 and no penalty is on (except for gspo). */
  readonly gradient: readonly Float32Array[];
  readonly metrics: PolicyMetrics;
  /** The same metrics per micro-batch. */
  readonly microBatchMetrics: readonly PolicyMetrics[];
}

/** What an update would do to each token, without log-probs: cheap enough to follow a slider. */
export function previewUpdate(trajectories: readonly ScoredTrajectory[], settings: PolicySettings): UpdatePreview {
  const shaped = shapeGroup(trajectories, settings);
  const weights = shaped.masks.map((mask, i) => {
    const advantage = shaped.shapedAdvantages[i] as number;
    const row = new Float32Array(mask.length);
    for (let t = 0; t < mask.length; t++) if (mask[t] !== 0) row[t] = advantage * (mask[t] as number);
    return row;
  });
  return { ...shaped, weights };
}

/** Eq. 6: loss and gradient of one mini-batch (one optimiser step); throws PolicySettingsError or TrajectoryError. */
export function policyUpdate(trajectories: readonly Trajectory[], settings: PolicySettings): PolicyUpdate {
  const shaped = shapeGroup(trajectories, settings);
  checkLogProbs(trajectories);
  const gradient: Float32Array[] = [];
  const microBatchMetrics: PolicyMetrics[] = [];
  let loss = 0;
  for (const [index, [start, end]] of microBatches(trajectories.length, settings).entries()) {
    const rows = trajectories.slice(start, end).map((trajectory, i) => lossRow(trajectory, start + i, shaped));
    const micro = microBatchLoss(rows, settings);
    // The official rescale N_micro / N_mini: with token aggregation every token ends up with weight 1 / N_mini.
    const scale = micro.tokenCount / Math.max(shaped.tokenCount, 1);
    for (const slopes of micro.gradient) gradient.push(Float32Array.from(slopes, (slope) => scale * slope));
    loss += scale * micro.loss;
    const context = { settings, range: shaped.range, betaMax: shaped.betaMax[index] ?? null };
    if (micro.tokenCount > 0) microBatchMetrics.push(metricsOfMicroBatch(rows, micro, context));
  }
  return { ...shaped, loss, gradient, microBatchMetrics, metrics: meanMetrics(microBatchMetrics) };
}

/** One trajectory with the mask and the shaped advantage that its loss uses. */
function lossRow(trajectory: Trajectory, i: number, shaped: ShapedGroup): UpdatedTrajectory {
  return {
    ...trajectory,
    shapedAdvantage: shaped.shapedAdvantages[i] as number,
    mask: shaped.masks[i] as Float32Array,
    selection: shaped.selections[i] as UpdatedTrajectory["selection"],
    meanDependency: shaped.meanDependency[i] as number,
    alpha: shaped.alpha[i] as number,
  };
}
