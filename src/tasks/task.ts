// The contract between a task and everything that asks, trains or evaluates on it: a task makes problems from counters and
// scores the text a model wrote. It knows nothing of models, tokens or the trainer. Pure: the same arguments give the same problem.

import type { RgbImage } from "@/image/rgbImage";

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

/** A source of problems with a reward. */
export interface Task<P extends Problem = Problem> {
  readonly id: string;
  readonly name: string;
  readonly families: readonly string[];
  /** The index-th problem of a seed and a split. */
  sample(seed: number, index: number, split: Split): P;
  /** Reward of a response in [0, 1]. */
  reward(text: string, problem: P): number;
}
