// The input of a policy update: sampled answers with their rewards and per-token numbers, one array entry per valid response
// token (first end token included, no padding). The check refuses what would silently turn a whole update into NaN.

import { UserError } from "@/lib/errors";
import type { GroupId } from "./advantage";

/** What is known of an answer once it is scored: enough for mask, scaling and token weights. */
export interface ScoredTrajectory {
  /** The prompt this trajectory answers; advantages are relative to its group. */
  readonly group: GroupId;
  readonly reward: number;
  /** S_t per token, by whichever measure the settings name. */
  readonly dependency: Float32Array;
  /** Entropy of the current policy per token; needed where tokens are selected by entropy. */
  readonly entropy?: Float32Array;
  /** Counter of the trajectory in its run: what random selection draws from. */
  readonly stream?: number;
  /** A known group advantage; needed when the group does not lie in this batch as a whole. */
  readonly advantage?: number;
}

/** A scored answer with the log-probs the loss is made of. */
export interface Trajectory extends ScoredTrajectory {
  /** log pi of each sampled token under the weights being trained. */
  readonly logp: Float32Array;
  /** log pi of each sampled token under the weights that sampled it. */
  readonly logpOld: Float32Array;
  /** log pi_ref: the model without its adapter; needed where `klCoef` is above 0. */
  readonly logpReference?: Float32Array;
  /** log pi under the weights being trained, with the masked image; a constant. Needed where a PAPO weight is above 0. */
  readonly logpMasked?: Float32Array;
}

/** The numbers of a trajectory cannot be trained on. */
export class TrajectoryError extends UserError {
  override readonly name = "TrajectoryError";
}

/** Throws a TrajectoryError when a number is not finite. */
export function checkScored(trajectories: readonly ScoredTrajectory[]): void {
  trajectories.forEach((trajectory, i) => {
    if (!Number.isFinite(trajectory.reward)) throw notFinite("reward", i);
    if (trajectory.advantage !== undefined && !Number.isFinite(trajectory.advantage)) throw notFinite("advantage", i);
    if (!allFinite(trajectory.dependency)) throw notFinite("visual dependency", i);
  });
}

/** Throws a TrajectoryError when a log-prob is not finite or the arrays of one trajectory differ in length. */
export function checkLogProbs(trajectories: readonly Trajectory[]): void {
  trajectories.forEach(({ logp, logpOld, dependency }, i) => {
    if (logp.length !== dependency.length || logpOld.length !== dependency.length) {
      const lengths = `${logp.length}, ${logpOld.length} and ${dependency.length}`;
      const why = `its log-probs, old log-probs and dependencies have ${lengths} entries`;
      throw new TrajectoryError(`Answer ${i + 1} cannot be trained on`, why, "Score the answers again");
    }
    if (!allFinite(logp) || !allFinite(logpOld)) throw notFinite("log-prob", i);
  });
}

function allFinite(values: Float32Array): boolean {
  for (let t = 0; t < values.length; t++) if (!Number.isFinite(values[t])) return false;
  return true;
}

function notFinite(what: string, index: number): TrajectoryError {
  const todo = "Lower the learning rate, or reset the adapter, and ask again";
  return new TrajectoryError(`Answer ${index + 1} cannot be used`, `its ${what} is not a finite number`, todo);
}
