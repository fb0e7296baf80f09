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

/** Throws a TrajectoryError when a number is not finite, or the numbers of a trajectory differ in length. */
export function checkScored(trajectories: readonly ScoredTrajectory[]): void {
  trajectories.forEach(({ reward, advantage, dependency, entropy, stream }, i) => {
    if (!Number.isFinite(reward)) throw notFinite("reward", i);
    if (advantage !== undefined && !Number.isFinite(advantage)) throw notFinite("advantage", i);
    if (!allFinite(dependency)) throw notFinite("visual dependency", i);
    if (stream !== undefined && !Number.isFinite(stream)) throw notFinite("number in the run", i);
    if (entropy === undefined) return;
    checkLength(entropy, dependency.length, { index: i, what: "entropies" });
    if (!allFinite(entropy)) throw notFinite("entropy", i);
  });
}

/** Throws a TrajectoryError when a log-prob is not finite or the arrays of one trajectory differ in length. */
export function checkLogProbs(trajectories: readonly Trajectory[]): void {
  trajectories.forEach(({ logp, logpOld, logpReference, logpMasked, dependency }, i) => {
    const columns = [
      { what: "log-prob", values: logp },
      { what: "old log-prob", values: logpOld },
      { what: "reference log-prob", values: logpReference },
      { what: "log-prob with the masked image", values: logpMasked },
    ];
    for (const { what, values } of columns) {
      if (values === undefined) continue;
      checkLength(values, dependency.length, { index: i, what: `numbers of the kind "${what}"` });
      if (!allFinite(values)) throw notFinite(what, i);
    }
  });
}

/** What to throw where a setting needs a number that was not measured: `its ${what} is missing, and ${why}`. */
export function missingInput(what: string, why: string): TrajectoryError {
  const todo = "Score the answers again with this setting, or choose another one";
  return new TrajectoryError("An answer cannot be used", `its ${what} is missing, and ${why}`, todo);
}

function checkLength(values: Float32Array, length: number, { index, what }: { index: number; what: string }): void {
  if (values.length === length) return;
  const why = `it has ${values.length} ${what} for ${length} tokens`;
  throw new TrajectoryError(`Answer ${index + 1} cannot be trained on`, why, "Score the answers again");
}

function allFinite(values: Float32Array): boolean {
  for (let t = 0; t < values.length; t++) if (!Number.isFinite(values[t])) return false;
  return true;
}

function notFinite(what: string, index: number): TrajectoryError {
  const todo = "Lower the learning rate, or reset the adapter, and ask again";
  return new TrajectoryError(`Answer ${index + 1} cannot be used`, `its ${what} is not a finite number`, todo);
}
