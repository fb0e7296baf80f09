// Paper Eq. 1, 4 and 5 for one mini-batch: which tokens count, how trajectories compare, and how the comparison is scaled. Needs no
// log-probs, so that sliders can follow it; the loss is in `vppo.ts`.

import { groupAdvantages } from "./advantage";
import { rewardShapedAdvantages } from "./rewardShaping";
import { type PolicySettings, policySettingsError } from "./settings";
import { meanDependency, type ShapingRange, shapeAdvantages, shapingRange } from "./shaping";
import { keptDependencyShare } from "./tokenFilter";
import { selectTokens, type TokenSelection } from "./tokenSelection";
import { checkScored, type ScoredTrajectory } from "./trajectory";

/** Masks, advantages and scaling of one mini-batch; arrays have one entry per trajectory unless noted. */
export interface ShapedGroup {
  /** A_i: of the rewards, or of the shaped rewards where rewards are shaped. */
  readonly advantages: Float32Array;
  /** A'_i, what the loss uses: alpha_i A_i, or A_i where rewards are shaped or nothing is. */
  readonly shapedAdvantages: Float64Array;
  /** Mean S over all tokens of a trajectory; NaN for an empty one. */
  readonly meanDependency: Float32Array;
  readonly range: ShapingRange | null;
  /** The factor on the advantage, or on the reward where rewards are shaped; 1 without shaping. */
  readonly alpha: Float32Array;
  /** The upper end of alpha per micro-batch; null where shaping does not act. */
  readonly betaMax: readonly (number | null)[];
  /** m_t in [0, 1]: one entry per token. */
  readonly masks: readonly Float32Array[];
  /** The dependency from which a token is kept; NaN where dependency alone does not decide. */
  readonly thresholds: Float32Array;
  /** Where the masks come from. */
  readonly selections: readonly TokenSelection[];
  /** Sum of all m_t: the number of kept tokens, unless the selection is soft. */
  readonly keptCount: number;
  readonly tokenCount: number;
  /** Share of the total dependency on kept tokens, in [0, 1]. */
  readonly keptShare: number;
}

/** Eq. 1, 4 and 5 for one mini-batch; throws PolicySettingsError or TrajectoryError. */
export function shapeGroup(trajectories: readonly ScoredTrajectory[], settings: PolicySettings): ShapedGroup {
  const error = policySettingsError(settings);
  if (error) throw error;
  checkScored(trajectories);
  const dependencies = trajectories.map((trajectory) => trajectory.dependency);
  const selections = trajectories.map((trajectory) => selectTokens(trajectory, settings));
  const masks = selections.map((selection) => selection.mask);
  const means = Float32Array.from(dependencies, meanDependency);
  const scaling = scale(means, settings);
  return {
    ...scaling,
    ...advantagesOf(trajectories, scaling.alpha, settings),
    meanDependency: means,
    masks,
    thresholds: Float32Array.from(selections, (selection) => selection.threshold),
    selections,
    keptCount: selections.reduce((sum, selection) => sum + selection.keptCount, 0),
    tokenCount: dependencies.reduce((sum, dependency) => sum + dependency.length, 0),
    keptShare: keptDependencyShare(dependencies, masks),
  };
}

/** Start and end of every micro-batch. */
export function microBatches(count: number, settings: PolicySettings): readonly (readonly [start: number, end: number])[] {
  const size = settings.microBatchSize === "whole" ? Math.max(count, 1) : settings.microBatchSize;
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => [i * size, Math.min((i + 1) * size, count)] as const);
}

/** alpha and betaMax: per micro-batch for advantages (official code), of the whole mini-batch for rewards. */
function scale(means: Float32Array, settings: PolicySettings): Pick<ShapedGroup, "range" | "alpha" | "betaMax"> {
  const parts = microBatches(means.length, settings);
  if (settings.shaping === "off") {
    return { range: null, alpha: new Float32Array(means.length).fill(1), betaMax: parts.map(() => null) };
  }
  const range = shapingRange(means);
  if (settings.shaping === "reward") {
    const { alpha, betaMax } = shapeAdvantages(means, range, settings);
    return { range, alpha, betaMax: parts.map(() => betaMax) };
  }
  const alpha = new Float32Array(means.length);
  const betaMax = parts.map(([start, end]) => {
    const shaping = shapeAdvantages(means.subarray(start, end), range, settings);
    alpha.set(shaping.alpha, start);
    return shaping.betaMax;
  });
  return { range, alpha, betaMax };
}

function advantagesOf(
  trajectories: readonly ScoredTrajectory[],
  alpha: Float32Array,
  settings: PolicySettings,
): Pick<ShapedGroup, "advantages" | "shapedAdvantages"> {
  if (settings.shaping === "reward") {
    const advantages = rewardShapedAdvantages(trajectories, alpha);
    return { advantages, shapedAdvantages: Float64Array.from(advantages) };
  }
  const rewards = trajectories.map((trajectory) => trajectory.reward);
  const groups = trajectories.map((trajectory) => trajectory.group);
  const advantages = groupAdvantages(rewards, groups).map((advantage, i) => trajectories[i]?.advantage ?? advantage);
  return { advantages, shapedAdvantages: Float64Array.from(advantages, (advantage, i) => advantage * (alpha[i] as number)) };
}
