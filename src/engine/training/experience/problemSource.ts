// Where a training run takes its problems from: the n-th problem follows from the settings and n alone, so that a run that goes
// on after a break draws what it would have drawn without one.

import { UserError } from "@/lib/errors";
import type { TrainSettings } from "@/protocol/training";
import { taskById } from "@/tasks/registry";
import type { Problem } from "@/tasks/task";

/** The index-th problem of a run. */
export type ProblemSource = (settings: TrainSettings, index: number) => Problem;

/** A problem that no answer could be graded against. */
export class EmptyAnswerError extends UserError {
  override readonly name = "EmptyAnswerError";
}

/** The training half of the task that the settings name; throws UnknownTaskError, UnknownDifficultyError or EmptyAnswerError. */
export const taskProblems: ProblemSource = ({ task, difficulty, seed }, index) => {
  const problem = taskById(task).sample(seed, index, "train", difficulty);
  if (problem.answer.trim() === "") {
    throw new EmptyAnswerError(
      "The task cannot be trained on",
      `problem ${problem.id} has an empty answer`,
      "Choose another task",
    );
  }
  return problem;
};
