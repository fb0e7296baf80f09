// A step taken apart: what every stage of the update makes of its rewards, recomputed with the functions of `rl/` that the trainer
// uses, so that rewards can be edited and everything after them moves. What a report does not hold (entropies and random numbers of
// the token selection) is taken from its masks. Pure.

import { averageWeights } from "@/rl/aggregation";
import { type LossRow, microBatchLoss, type TokenTerms } from "@/rl/loss";
import type { PolicySettings } from "@/rl/settings";
import { microBatches, type ShapedGroup, shapeGroup } from "@/rl/shapeGroup";
import type { ShapingRange } from "@/rl/shaping";
import type { TokenSelection } from "@/rl/tokenSelection";
import type { StepRollout, StepSource } from "./stepSource";

/** One answer after the stages of shaping. */
export interface ShapedRollout {
  readonly reward: number;
  readonly advantage: number;
  readonly meanDependency: number;
  /** Where its mean dependency lies between lowest and highest, in [0, 1]; NaN where shaping does not act. */
  readonly z: number;
  readonly alpha: number;
  /** A'_i. */
  readonly shapedAdvantage: number;
  readonly mask: Float32Array;
  /** w_t = A'_i m_t. */
  readonly weights: Float32Array;
  /** Undefined where the mask is the reported one. */
  readonly selection: TokenSelection | undefined;
  readonly range: ShapingRange | null;
  /** The upper end of alpha; null where shaping does not act. */
  readonly betaMax: number | null;
  /** Index of its optimizer step within an epoch. */
  readonly update: number;
  /** L_t and slope of each token; undefined where log-probs were not reported. */
  readonly terms: TokenTerms | undefined;
  /** ∂L/∂log π of each token, with the penalties whose log-probs are known. */
  readonly gradient: Float64Array | undefined;
}

/** The loss of one optimizer step of the first epoch. */
export interface UpdateLoss {
  readonly tokenCount: number;
  /** Average of m_t L_t. */
  readonly policyLoss: number;
  /** Mean −log π of the sampled tokens. */
  readonly surprise: number;
  /** What the penalties beside that of entropy add; from the step's metrics where their log-probs were not reported. */
  readonly penalties: number;
  readonly loss: number;
  readonly clippedHigher: number;
  readonly clippedLower: number;
  /** The policy loss of each micro-batch, as the log has it. */
  readonly microPolicyLosses: readonly number[];
}

export interface Anatomy {
  readonly rollouts: readonly ShapedRollout[];
  /** Null per optimizer step whose log-probs were not reported. */
  readonly updates: readonly (UpdateLoss | null)[];
}

/** All stages for these rewards, one per rollout; throws PolicySettingsError or TrajectoryError. */
export function takeApart(source: StepSource, rewards: readonly number[]): Anatomy {
  const rollouts: ShapedRollout[] = [];
  const updates: (UpdateLoss | null)[] = [];
  for (const members of updatesOf(source)) {
    const shaped = shapeUpdate(source, members, rewards);
    const losses = lossOf(source, members, shaped);
    members.forEach((i, n) => {
      rollouts[i] = rolloutOf(source, { i, n, update: updates.length, reward: rewards[i] ?? 0 }, shaped, losses);
    });
    updates.push(losses?.loss ?? null);
  }
  return { rollouts, updates };
}

/** Rollouts of each optimizer step of an epoch, as the trainer divides them: `promptsPerUpdate` prompts in order, 0 takes all. */
function updatesOf({ rollouts, promptsPerUpdate }: StepSource): readonly (readonly number[])[] {
  const members: number[][] = [];
  rollouts.forEach(({ group }, i) => {
    const update = promptsPerUpdate > 0 ? Math.floor(group / promptsPerUpdate) : 0;
    members[update] ??= [];
    members[update].push(i);
  });
  return members;
}

/** Rules whose inputs every rollout has; the others' masks are reported. */
function canSelect(rollouts: readonly StepRollout[], rule: PolicySettings["tokenSelection"]): boolean {
  if (rule === "random") return rollouts.every(({ stream }) => stream !== undefined);
  if (rule !== "entropy" && rule !== "either") return true;
  return rollouts.every(({ entropy, stream }) => entropy !== undefined && stream !== undefined);
}

interface ShapedUpdate extends ShapedGroup {
  /** Where the masks are not the reported ones. */
  readonly isSelected: boolean;
}

function shapeUpdate({ rollouts, policy }: StepSource, members: readonly number[], rewards: readonly number[]): ShapedUpdate {
  const own = members.map((i) => rollouts[i] as StepRollout);
  const isSelected = canSelect(own, policy.tokenSelection);
  const trajectories = own.map(({ group, dependency, entropy, stream }, n) => ({
    group,
    reward: rewards[members[n] ?? 0] ?? 0,
    dependency,
    ...(entropy && { entropy }),
    ...(stream !== undefined && { stream }),
  }));
  const shaped = shapeGroup(trajectories, isSelected ? policy : { ...policy, tokenSelection: "all" });
  const masks = isSelected ? shaped.masks : own.map(({ mask }, n) => mask ?? (shaped.masks[n] as Float32Array));
  return { ...shaped, masks, isSelected };
}

interface UpdateLosses {
  readonly loss: UpdateLoss;
  readonly terms: readonly TokenTerms[];
  readonly gradient: readonly Float64Array[];
}

function lossOf(source: StepSource, members: readonly number[], shaped: ShapedUpdate): UpdateLosses | null {
  const { policy, rollouts, metrics } = source;
  const rows: LossRow[] = [];
  members.forEach((i, n) => {
    const { logp, logpOld, logpMasked } = rollouts[i] as StepRollout;
    if (!logp || !logpOld) return;
    const shapedAdvantage = shaped.shapedAdvantages[n] as number;
    rows.push({ logp, logpOld, shapedAdvantage, mask: shaped.masks[n] as Float32Array, ...(logpMasked && { logpMasked }) });
  });
  if (rows.length < members.length || shaped.tokenCount === 0) return null;
  // Nobody but the trainer has the reference policy, and not every report the masked picture: those terms come from its log.
  const knowsMasked = rows.every(({ logpMasked }) => logpMasked !== undefined);
  const settings = { ...policy, klCoef: 0, ...(!knowsMasked && { papoKlCoef: 0, papoMaskedEntropyCoef: 0 }) };
  const logged =
    policy.klCoef * (metrics["actor/kl_loss"] ?? 0) +
    (knowsMasked
      ? 0
      : policy.papoKlCoef * (metrics["actor/kl_prcp_loss"] ?? 0) +
        policy.papoMaskedEntropyCoef * (metrics["actor/aug_entropy_loss"] ?? 0));
  const terms: TokenTerms[] = [];
  const gradient: Float64Array[] = [];
  const microPolicyLosses: number[] = [];
  let [policyLoss, loss] = [0, 0];
  for (const [start, end] of microBatches(rows.length, policy)) {
    const micro = microBatchLoss(rows.slice(start, end), settings);
    const scale = micro.tokenCount / shaped.tokenCount;
    terms.push(...micro.terms);
    gradient.push(...micro.gradient.map((slopes) => slopes.map((slope) => scale * slope)));
    if (micro.tokenCount > 0) microPolicyLosses.push(micro.pgLoss);
    policyLoss += scale * micro.pgLoss;
    loss += scale * micro.loss;
  }
  const weights = averageWeights(rows, "token");
  const surprise = rows.reduce((sum, { logp }, n) => sum - (weights[n] as number) * logp.reduce((a, b) => a + b, 0), 0);
  const penalties = loss - policyLoss - policy.entropyPenaltyCoef * surprise + logged;
  const clipped = (key: "clippedHigher" | "clippedLower") => terms.reduce((sum, one) => sum + one[key], 0) / shaped.tokenCount;
  return {
    loss: {
      tokenCount: shaped.tokenCount,
      policyLoss,
      surprise,
      // What is left of adding and taking away again is no penalty.
      penalties: Math.abs(penalties) < 1e-9 ? 0 : penalties,
      loss: loss + logged,
      clippedHigher: clipped("clippedHigher"),
      clippedLower: clipped("clippedLower"),
      microPolicyLosses,
    },
    terms,
    gradient,
  };
}

interface Place {
  readonly i: number;
  readonly n: number;
  readonly update: number;
  readonly reward: number;
}

function rolloutOf(
  source: StepSource,
  { n, update, reward }: Place,
  shaped: ShapedUpdate,
  losses: UpdateLosses | null,
): ShapedRollout {
  const { range } = shaped;
  const mean = shaped.meanDependency[n] as number;
  const shapedAdvantage = shaped.shapedAdvantages[n] as number;
  const mask = shaped.masks[n] as Float32Array;
  const micro = microBatches(shaped.masks.length, source.policy).findIndex(([start, end]) => n >= start && n < end);
  const betaMax = shaped.betaMax[micro] ?? null;
  return {
    reward,
    advantage: shaped.advantages[n] as number,
    meanDependency: mean,
    z: range && betaMax !== null ? Math.min(Math.max((mean - range.low) / (range.high - range.low), 0), 1) : Number.NaN,
    alpha: shaped.alpha[n] as number,
    shapedAdvantage,
    mask,
    weights: mask.map((weight) => (weight === 0 ? 0 : weight * shapedAdvantage)),
    selection: shaped.isSelected ? shaped.selections[n] : undefined,
    range,
    betaMax,
    update,
    terms: losses?.terms[n],
    gradient: losses?.gradient[n],
  };
}
