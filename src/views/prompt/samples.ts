// The sample pictures of the page: held-out problems of the shapes world, drawn when they are first shown, each with the one
// sentence it proves. Three of them are controls: the same kind of picture with a question that does not need it. Pure.

import type { FamilyName } from "@/tasks/shapes/questions";
import { type ShapesProblem, sampleShapes } from "@/tasks/shapes/sampleShapes";

/** Seed of all samples; an index then names one problem of a family. */
const seed = 2026;

interface Choice {
  readonly family: FamilyName;
  readonly index: number;
  readonly proves: string;
}

const choices: readonly Choice[] = [
  { family: "count_color", index: 0, proves: "A count hangs on the picture: look for heat on the places and on the number." },
  {
    family: "count_shape",
    index: 2,
    proves: "Counting by shape is harder than by colour: outlines vanish first when patches turn black.",
  },
  {
    family: "count_both",
    index: 2,
    proves: "Two properties at once: each listed object should light up, its article should not.",
  },
  { family: "count_color", index: 4, proves: "Nothing to find: “0” depends on having looked everywhere." },
  { family: "total", index: 2, proves: "Six objects, one number: a long list spreads the dependency over many words." },
  {
    family: "compare",
    index: 1,
    proves: "Yes or no is a coin toss without the picture: a guess can be right and still not have looked.",
  },
  { family: "color_of", index: 2, proves: "One look decides: the colour word should carry most of the dependency." },
  { family: "relation", index: 4, proves: "Places, not kinds: the words for positions should light up." },
  { family: "largest", index: 2, proves: "Sizes must be compared, so every object matters." },
  { family: "control", index: 6, proves: "Control: no picture needed, so the whole answer should stay dark." },
  {
    family: "control",
    index: 2,
    proves: "Control: a colour word that comes from memory, not from the picture, should stay dark.",
  },
  { family: "control", index: 5, proves: "Control: a number that is computed, not counted, should stay dark." },
];

/** A sample of the picker. */
export interface Sample extends ShapesProblem {
  readonly proves: string;
}

let made: readonly Sample[] | undefined;

/** All samples, in the order of the picker. */
export function samples(): readonly Sample[] {
  made ??= choices.map(({ family, index, proves }) => ({
    ...sampleShapes(seed, index, "heldOut", { families: [family] }),
    proves,
  }));
  return made;
}
