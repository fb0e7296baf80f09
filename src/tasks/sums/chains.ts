// Writes chains of thought for running sums: at every visual step a chain looks (names the cells in reading order and counts)
// or guesses, told by the first word of the step's second sentence, so reinforcement can move each choice by itself. All else
// is routine text with entropy (`wording.ts`) and small sums. The last total follows from the counts of the chain, right or not.

import type { Rng } from "@/lib/rng";
import { numberWord } from "../shapes/facts";
import { matching } from "../shapes/query";
import { cellNames, type Scene } from "../shapes/scene";
import { boxedAnswer, largestCount, largestTotal, type Sum } from "./sum";
import { muse, wordEnd, wordLead, wordStart, wordTally } from "./wording";

export type StepStyle = "looks" | "guesses";

/** Share of steps that look in the training chains of a picture that is whole. */
export const lookShare = 0.6;

const openings: Readonly<Record<StepStyle, readonly string[]>> = {
  looks: ["I see", "Looking:", "Checking:"],
  guesses: ["Probably", "My guess is", "Usually"],
};
/** Chance of an aside before each step and the end, by number of steps: fewer between more, so that no chain gets too long. */
const asideShares = [0.9, 0.65, 0.4] as const;
const openingPattern = / (I see|Looking:|Checking:|Probably|My guess is|Usually) /g;

/** What a chain writer needs to know of a problem. */
export interface ChainSource {
  readonly scene: Scene;
  readonly sum: Sum;
}

/** A response whose visual steps have the given styles, one each; steps that look are right, steps that guess are blind. */
export function writeChain({ scene, sum }: ChainSource, rng: Rng, styles: readonly StepStyle[]): string {
  const { start, steps, bound } = sum;
  const asideShare = asideShares[Math.min(steps.length, asideShares.length) - 1] as number;
  const sentences = [wordStart(start, rng)];
  const aside = () => {
    if (rng.next() < asideShare) sentences.push(muse(rng));
  };
  let total = start;
  steps.forEach((step, i) => {
    aside();
    sentences.push(wordLead(step, rng));
    const style = styles[i] ?? "looks";
    const opening = rng.pick(openings[style]);
    const found = matching(scene, step.color, step.shape);
    const count = style === "looks" ? found.length : rng.int(largestCount + 1);
    const content = style === "looks" ? enumerate(found.map(({ cell }) => cell)) || `no ${step.color}` : numberWord(count);
    sentences.push(`${opening} ${content}.`);
    // A wrong guess may lead out of the range of sums; the chain stays inside it.
    const after = Math.min(largestTotal, Math.max(0, total + step.sign * count));
    sentences.push(wordTally(step.sign, total, count, after, rng));
    total = after;
  });
  aside();
  const answer = boxedAnswer(sum, total);
  sentences.push(wordEnd(total, bound, answer, rng));
  return `<think> ${sentences.join(" ")}</think> \\boxed{${answer}}`;
}

/** A chain as the model is trained on: every step looks with probability `lookShare`, or guesses when there is nothing to see. */
export function trainingChain(problem: ChainSource, rng: Rng, blind: boolean): string {
  const styles = problem.sum.steps.map((): StepStyle => (!blind && rng.next() < lookShare ? "looks" : "guesses"));
  return writeChain(problem, rng, styles);
}

/** The styles of a response's visual steps, in order. */
export function stepStyles(text: string): StepStyle[] {
  return [...text.matchAll(openingPattern)].map(([, opening]) =>
    openings.looks.some((candidate) => candidate === opening) ? "looks" : "guesses",
  );
}

/** "top left one, center two". */
function enumerate(cells: readonly number[]): string {
  return cells.map((cell, i) => `${cellNames[cell] as string} ${numberWord(i + 1)}`).join(", ");
}
