// Draws problems of the running sums: everything of a problem follows from (seed, index, split, level). The level sets the
// number of visual steps and how well the picture shows the scene.

import { createRng, pcg3d } from "@/lib/rng";
import { type PictureQuality, renderScene } from "../shapes/render";
import type { Scene } from "../shapes/scene";
import { type Difficulty, difficultyRow, type Problem, type Split } from "../task";
import { boxedAnswer, countsOf, drawSum, type Sum, type SumFamily, totalsOf } from "./sum";
import { wordSum } from "./wording";

/** A running sum with what it was made from. */
export interface SumsProblem extends Problem {
  readonly family: SumFamily;
  readonly scene: Scene;
  readonly sum: Sum;
  readonly difficulty: number;
}

/** Levels of the running sums. */
export const sumsDifficulties: readonly (Difficulty & { readonly steps: number; readonly quality: PictureQuality })[] = [
  {
    value: 1,
    label: "One step",
    help: "One visual step in a clear picture; about 70 tokens.",
    steps: 1,
    quality: { noise: 7, contrast: 1 },
  },
  {
    value: 2,
    label: "Two steps",
    help: "Two visual steps in a pale picture; about 95 tokens.",
    steps: 2,
    quality: { noise: 21, contrast: 0.75 },
  },
  {
    value: 3,
    label: "Three steps",
    help: "Three visual steps in a faint picture, at the edge of what the model resolves; about 110 tokens.",
    steps: 3,
    quality: { noise: 35, contrast: 0.5 },
  },
];

/** The level of a problem when none is named. */
export const defaultSumsDifficulty = 2;

/** The index-th problem of a seed, a split and a level; throws UnknownDifficultyError. */
export function sampleSums(seed: number, index: number, split: Split, difficulty = defaultSumsDifficulty): SumsProblem {
  const { steps, quality } = difficultyRow(sumsDifficulties, difficulty);
  const [key, stream] = pcg3d(seed, index, (split === "train" ? 0x101 : 0x102) + difficulty * 2);
  const rng = createRng(key, stream);
  const { scene, sum } = drawSum(steps, split, rng);
  const total = totalsOf(sum, countsOf(sum, scene)).at(-1) as number;
  const family: SumFamily = sum.bound === null ? "sum" : "more_than";
  return {
    id: `sums-${difficulty}/${split}/${family}/${seed}-${index}`,
    family,
    image: renderScene(scene, quality),
    question: wordSum(sum, rng),
    answer: boxedAnswer(sum, total),
    needsImage: true,
    scene,
    sum,
    difficulty,
  };
}
