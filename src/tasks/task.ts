// The contract between a task and everything that asks, trains or evaluates on it: a task makes problems from counters and
// scores the text a model wrote. It knows nothing of models, tokens or the trainer. Pure: the same arguments give the same problem.

import type { RgbImage } from "@/image/rgbImage";
import { UserError } from "@/lib/errors";

export class UnknownDifficultyError extends UserError {
  override readonly name = "UnknownDifficultyError";
}

/** Which half of a task's problems: the ones to learn from, or the ones kept for measuring. The two never share a problem. */
export type Split = "train" | "heldOut";

/** One question about one image, with its true answer. */
export interface Problem {
  /** Stable name; tells task, split, family, seed and index. */
  readonly id: string;
  readonly family: string;
  readonly image: RgbImage;
  /** The bare question; `withInstruction` turns it into the prompt. */
  readonly question: string;
  /** The text that must stand in the last `\boxed{}`. */
  readonly answer: string;
  /** False for control questions that can be answered with the eyes shut. */
  readonly needsImage: boolean;
}

/** One level of a task's difficulty, as the settings show it. */
export interface Difficulty {
  readonly value: number;
  readonly label: string;
  readonly help: string;
}

/** A source of problems with a reward. */
export interface Task<P extends Problem = Problem> {
  readonly id: string;
  readonly name: string;
  readonly families: readonly string[];
  /** Levels to choose from, easiest first. */
  readonly difficulties: readonly Difficulty[];
  /** The level a problem has when none is named. */
  readonly defaultDifficulty: number;
  /** The index-th problem of a seed, a split and a level; throws UnknownDifficultyError for a level the task does not have. */
  sample(seed: number, index: number, split: Split, difficulty?: number): P;
  /** Reward of a response in [0, 1]. */
  reward(text: string, problem: P): number;
}

/** The row of a task's table for a level; throws UnknownDifficultyError. */
export function difficultyRow<D extends Difficulty>(rows: readonly D[], value: number): D {
  const row = rows.find((candidate) => candidate.value === value);
  if (row) return row;
  const levels = rows.map((candidate) => candidate.value).join(", ");
  throw new UnknownDifficultyError(
    "The problems cannot be drawn",
    `the task has no difficulty ${value}`,
    `Choose one of ${levels}`,
  );
}
