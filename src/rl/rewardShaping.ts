// Reward shaping, the paper's alternative to advantage shaping (Table 7): R'_i = alpha_i R_i before the group's normalisation. The
// official repository has no code for it, so two choices are made here: alpha comes from the whole mini-batch (a group may span
// micro-batches), and with equal rewards above 0 the shaped ones differ, so that a group that is all right still teaches.

import { type GroupId, groupAdvantages } from "./advantage";
import { type ScoredTrajectory, TrajectoryError } from "./trajectory";

/** A_i of the rewards alpha_i R_i; throws TrajectoryError where an advantage was given, because it comes from unshaped rewards. */
export function rewardShapedAdvantages(trajectories: readonly ScoredTrajectory[], alpha: Float32Array): Float32Array {
  const given = trajectories.findIndex((trajectory) => trajectory.advantage !== undefined);
  if (given >= 0) {
    const why = "its advantage was computed before the batch, from rewards that were not shaped";
    throw new TrajectoryError(`Answer ${given + 1} cannot be used`, why, "Update on whole groups, or shape advantages instead");
  }
  const rewards = trajectories.map(({ reward }, i) => reward * (alpha[i] as number));
  const groups: readonly GroupId[] = trajectories.map(({ group }) => group);
  return groupAdvantages(rewards, groups);
}
