// The shapes world as a task: its problems, and exact match of the last `\boxed{}` as the reward.

import { extractBoxed } from "@/rl/reward/extractBoxed";
import { type Difficulty, difficultyRow, type Task } from "../task";
import { familyNames } from "./questions";
import { clearQuality, type PictureQuality } from "./render";
import { type ShapesProblem, sampleShapes } from "./sampleShapes";

/** Levels differ in the picture only: scene, question and answer of an index are the same on each. */
export const shapesDifficulties: readonly (Difficulty & { readonly quality: PictureQuality })[] = [
  { value: 1, label: "Clear", help: "Strong colours, hardly any noise.", quality: clearQuality },
  {
    value: 2,
    label: "Pale",
    help: "Three quarters of the contrast, three times the noise.",
    quality: { noise: 21, contrast: 0.75 },
  },
  {
    value: 3,
    label: "Faint",
    help: "Half the contrast, five times the noise: at the edge of what the embedded model resolves.",
    quality: { noise: 35, contrast: 0.5 },
  },
];

const defaultDifficulty = 1;

/** The shapes world. */
export const shapesTask: Task<ShapesProblem> = {
  id: "shapes",
  name: "Shapes world",
  families: familyNames,
  difficulties: shapesDifficulties,
  defaultDifficulty,
  sample: (seed, index, split, difficulty = defaultDifficulty) =>
    sampleShapes(seed, index, split, { quality: difficultyRow(shapesDifficulties, difficulty).quality }),
  reward: (text, problem) => (extractBoxed(text).trim() === problem.answer ? 1 : 0),
};
