// Which checkpoints and rollouts of a run stay stored. Pure rules; runStore.ts carries them out in the transaction of a step.

/** What is kept of a run. */
export interface KeepRules {
  /** The newest checkpoints, all of them. */
  readonly lastCheckpoints: number;
  /** Of the older ones, every m-th step; m doubles while they take more than `checkpointBytes`. */
  readonly everyCheckpoint: number;
  readonly checkpointBytes: number;
  /** Rollouts of every n-th step; n doubles when those of the run take more than `rolloutBytes`. */
  readonly everyRollouts: number;
  readonly rolloutBytes: number;
}

/** Enough to fork the embedded model's runs anywhere in sight, and to keep a large model's run inside a usual quota. */
export const defaultKeepRules: KeepRules = {
  lastCheckpoints: 2,
  everyCheckpoint: 5,
  checkpointBytes: 2 ** 30,
  everyRollouts: 1,
  rolloutBytes: 256 * 2 ** 20,
};

/** A stored state of a run. */
export interface Checkpoint {
  readonly run: string;
  readonly step: number;
  readonly sizeBytes: number;
}

/** The checkpoints of one run, oldest first, that the rules let go; never the last one. What a run began with is no m-th step. */
export function droppedCheckpoints(checkpoints: readonly Checkpoint[], rules: KeepRules): readonly Checkpoint[] {
  const older = checkpoints.slice(0, -Math.max(1, rules.lastCheckpoints));
  for (let every = Math.max(1, Math.round(rules.everyCheckpoint)); ; every *= 2) {
    const kept = older.filter(({ step }) => step > 0 && step % every === 0);
    const bytes = kept.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (bytes <= rules.checkpointBytes || kept.length === 0) return older.filter((one) => !kept.includes(one));
  }
}
