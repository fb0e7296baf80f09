// The shapes world as a task: its problems, and exact match of the last `\boxed{}` as the reward.

import { extractBoxed } from "@/rl/reward";
import type { Task } from "../task";
import { familyNames } from "./questions";
import { type ShapesProblem, sampleShapes } from "./sampleShapes";

/** The shapes world. */
export const shapesTask: Task<ShapesProblem> = {
  id: "shapes",
  name: "Shapes world",
  families: familyNames,
  sample: (seed, index, split) => sampleShapes(seed, index, split),
  reward: (text, problem) => (extractBoxed(text).trim() === problem.answer ? 1 : 0),
};
