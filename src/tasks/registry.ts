// Every task, by id: adding one is a file and a line here.

import { UserError } from "@/lib/errors";
import { shapesTask } from "./shapes/shapesTask";
import { sumsTask } from "./sums/sumsTask";
import type { Task } from "./task";

/** Tasks a run can train and be evaluated on. */
export const tasks: readonly Task[] = [shapesTask as Task, sumsTask as Task];

export class UnknownTaskError extends UserError {
  override readonly name = "UnknownTaskError";
}

/** The task of an id; throws UnknownTaskError. */
export function taskById(id: string): Task {
  const task = tasks.find((candidate) => candidate.id === id);
  if (!task)
    throw new UnknownTaskError(
      "The task cannot be used",
      `there is none called "${id}"`,
      `Choose ${tasks.map((t) => t.id).join(" or ")}`,
    );
  return task;
}
