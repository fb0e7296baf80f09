// Visually-Perceptive Policy Optimization (arXiv 2510.09285) as one pure function of scored trajectories. The trainer and the
// sliders' preview call the same code. Paper, section 3, with the choices of the official code (VPPO-RL, dp_actor.py):
//   S_t    visual dependency of a token           Eq. 3   dependency.ts
//   m_t    1 for the ceil(k T) tokens of highest S Eq. 4   tokenFilter.ts
//   A_i    group-relative advantage               Eq. 1   advantage.ts
//   A'_i   alpha_i A_i, shaped by mean S          Eq. 5   shaping.ts
//   L      (1/N) sum_i sum_t [ m_t L_t(A'_i) - lambda log pi_t ]   Eq. 6   loss.ts
// Differences from the paper: L averages over all valid tokens of the mini-batch, not per sequence; clip-higher, dual clip and the
// entropy penalty (on all tokens, filtered or not) are not in Eq. 6; the mean of alpha is 1 per micro-batch.

import { groupAdvantages } from "./advantage";
import { microBatchLoss } from "./loss";
import { meanMetrics, metricsOfMicroBatch, type PolicyMetrics, type UpdatedTrajectory } from "./policyMetrics";
import { type PolicySettings, policySettingsError } from "./settings";
import { meanDependency, type ShapingRange, shapeAdvantages, shapingRange } from "./shaping";
import { filterTokens, keepAllTokens, keptDependencyShare } from "./tokenFilter";
import { checkLogProbs, checkScored, type ScoredTrajectory, type Trajectory } from "./trajectory";

/** Masks, advantages and scaling of one mini-batch; arrays have one entry per trajectory unless noted. */
export interface ShapedGroup {
  /** A_i, before shaping. */
  readonly advantages: Float32Array;
  /** Mean S over all tokens of a trajectory; NaN for an empty one. */
  readonly meanDependency: Float32Array;
  readonly range: ShapingRange | null;
  readonly alpha: Float32Array;
  /** The dynamic upper end of alpha per micro-batch; null where shaping does not act. */
  readonly betaMax: readonly (number | null)[];
  /** m_t: one entry per token. */
  readonly masks: readonly Uint8Array[];
  /** The K-th largest S. */
  readonly thresholds: Float32Array;
  readonly keptCount: number;
  readonly tokenCount: number;
  /** Share of the total dependency on kept tokens, in [0, 1]. */
  readonly keptShare: number;
}

/** What the sliders show. */
export interface UpdatePreview extends ShapedGroup {
  /** A_i alpha_i m_t: the weight of each token in the update. */
  readonly weights: readonly Float32Array[];
}

/** One optimiser step: the loss, its gradient by log-prob, and what led to them. */
export interface PolicyUpdate extends ShapedGroup {
  /** The minimised loss, entropy penalty included. */
  readonly loss: number;
  /** dL / d log pi, one entry per token. */
  readonly gradient: readonly Float32Array[];
  readonly metrics: PolicyMetrics;
  /** The same metrics per micro-batch. */
  readonly microBatchMetrics: readonly PolicyMetrics[];
}

/** Eq. 1, 4 and 5 for one mini-batch; throws PolicySettingsError or TrajectoryError. */
export function shapeGroup(trajectories: readonly ScoredTrajectory[], settings: PolicySettings): ShapedGroup {
  const error = policySettingsError(settings);
  if (error) throw error;
  checkScored(trajectories);
  const dependencies = trajectories.map((trajectory) => trajectory.dependency);
  const select = settings.tokenSelection === "dependency" ? filterTokens : keepAllTokens;
  const selections = dependencies.map((dependency) => select(dependency, settings.keepRatio));
  const masks = selections.map((selection) => selection.mask);
  const means = Float32Array.from(dependencies, meanDependency);
  const range = settings.shaping === "advantage" ? shapingRange(means) : null;
  const alpha = new Float32Array(trajectories.length);
  const betaMax = microBatches(trajectories.length, settings).map(([start, end]) => {
    const shaping = shapeAdvantages(means.subarray(start, end), range, settings.betaMin);
    alpha.set(shaping.alpha, start);
    return shaping.betaMax;
  });
  return {
    advantages: advantagesOf(trajectories),
    meanDependency: means,
    range,
    alpha,
    betaMax,
    masks,
    thresholds: Float32Array.from(selections, (selection) => selection.threshold),
    keptCount: selections.reduce((sum, selection) => sum + selection.keptCount, 0),
    tokenCount: dependencies.reduce((sum, dependency) => sum + dependency.length, 0),
    keptShare: keptDependencyShare(dependencies, masks),
  };
}

/** What an update would do to each token, without log-probs: cheap enough to follow a slider. */
export function previewUpdate(trajectories: readonly ScoredTrajectory[], settings: PolicySettings): UpdatePreview {
  const shaped = shapeGroup(trajectories, settings);
  const weights = shaped.masks.map((mask, i) => Float32Array.from(mask, (kept) => (kept ? shapedAdvantage(shaped, i) : 0)));
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

/** One trajectory with the mask and the shaped advantage A'_i = alpha_i A_i that its loss uses. */
function lossRow(trajectory: Trajectory, i: number, shaped: ShapedGroup): UpdatedTrajectory {
  return {
    ...trajectory,
    shapedAdvantage: shapedAdvantage(shaped, i),
    mask: shaped.masks[i] as Uint8Array,
    threshold: shaped.thresholds[i] as number,
    meanDependency: shaped.meanDependency[i] as number,
    alpha: shaped.alpha[i] as number,
  };
}

function shapedAdvantage(shaped: ShapedGroup, i: number): number {
  return (shaped.advantages[i] as number) * (shaped.alpha[i] as number);
}

function advantagesOf(trajectories: readonly ScoredTrajectory[]): Float32Array {
  const rewards = trajectories.map((trajectory) => trajectory.reward);
  const groups = trajectories.map((trajectory) => trajectory.group);
  const advantages = groupAdvantages(rewards, groups);
  return advantages.map((advantage, i) => trajectories[i]?.advantage ?? advantage);
}

function microBatches(count: number, settings: PolicySettings): readonly (readonly [start: number, end: number])[] {
  const size = settings.microBatchSize === "whole" ? Math.max(count, 1) : settings.microBatchSize;
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => [i * size, Math.min((i + 1) * size, count)] as const);
}
