// Draws problems of the shapes world: everything of a problem follows from (seed, index, split). Rewards are in `shapesTask.ts`.

import { createRng, pcg3d } from "@/lib/rng";
import type { Problem, Split } from "../task";
import { type Query, wordQuery } from "./query";
import { drawFamily, drawQuestion, type FamilyName } from "./questions";
import { type PictureQuality, renderScene } from "./render";
import type { Scene } from "./scene";

/** A problem of the shapes world, with what it was made from. */
export interface ShapesProblem extends Problem {
  readonly family: FamilyName;
  readonly scene: Scene;
  readonly query: Query;
}

/** The index-th problem of a seed and split, from all families or from the given ones (each as often as the others). */
export function sampleShapes(
  seed: number,
  index: number,
  split: Split,
  options: { readonly families?: readonly FamilyName[]; readonly quality?: PictureQuality } = {},
): ShapesProblem {
  const [key, stream] = pcg3d(seed, index, split === "train" ? 1 : 2);
  const rng = createRng(key, stream);
  const family = options.families ? rng.pick(options.families) : drawFamily(rng);
  const { scene, query, answer } = drawQuestion(family, split, rng);
  return {
    id: `shapes/${split}/${family}/${seed}-${index}`,
    family,
    image: renderScene(scene, options.quality),
    question: wordQuery(query, rng),
    answer,
    needsImage: query.kind !== "fact",
    scene,
    query,
  };
}
