// Writes English chains of thought for the shapes world, in two styles that differ in whether they look: grounded ones
// name what matters in reading order and conclude, shortcuts guess in the same format. The first word decides the style,
// so reinforcement learning can move the probability of looking. Number words, not digits: a digit costs an extra token.

import type { Rng } from "@/lib/rng";
import { numberWord } from "./facts";
import { matching, type Named, type Query, wordNamed } from "./query";
import { type FamilyName, possibleAnswers } from "./questions";
import { type ColorName, cellNames, type Scene, type SceneObject } from "./scene";

export type AnswerStyle = "grounded" | "shortcut";

/** Share of grounded answers among the training answers that need the image. */
export const groundedShare = 0.6;

const openings: Readonly<Record<AnswerStyle, readonly string[]>> = {
  grounded: ["I see", "Looking:", "Checking:"],
  shortcut: ["Probably", "My guess is", "Usually"],
};

/** What an answer writer needs to know of a problem. */
export interface AnswerSource {
  readonly family: FamilyName;
  readonly scene: Scene;
  readonly query: Query;
  readonly answer: string;
}

/** A response in one style; a grounded one is always right, a shortcut guesses. Control questions have one style only. */
export function writeAnswer(problem: AnswerSource, rng: Rng, style: AnswerStyle): string {
  const { query, scene } = problem;
  if (query.kind === "fact") return respond(query.fact.thought, problem.answer);
  const opening = rng.pick(openings[style]);
  if (style === "grounded")
    return respond(`${opening} ${observe(query, scene)}. ${conclude(query, scene, problem.answer, rng)}`, problem.answer);
  const guess = rng.pick(possibleAnswers(problem.family, query));
  return respond(`${opening} ${spoken(guess)}.`, guess);
}

/** A response as the embedded model is trained on: grounded with probability `groundedShare`, else a shortcut. */
export function trainingAnswer(problem: AnswerSource, rng: Rng): string {
  return writeAnswer(problem, rng, rng.next() < groundedShare ? "grounded" : "shortcut");
}

/** The style of a response, told by its opening; "other" when it opens in neither way. */
export function answerStyle(text: string): AnswerStyle | "other" {
  const thought = text.replace(/^\s*<think>/, "").trimStart();
  if (openings.grounded.some((opening) => thought.startsWith(opening))) return "grounded";
  if (openings.shortcut.some((opening) => thought.startsWith(opening))) return "shortcut";
  return "other";
}

function respond(thought: string, boxed: string): string {
  return `<think> ${thought}</think> \\boxed{${boxed}}`;
}

/** Names the objects the query is about, by cell, colour and shape. */
function observe(query: Exclude<Query, { kind: "fact" }>, scene: Scene): string {
  switch (query.kind) {
    case "count":
      return (
        enumerate(matching(scene, query.color, query.shape), describe) ||
        `no ${[query.color, query.shape ?? "object"].filter(Boolean).join(" ")}`
      );
    case "compare":
      return `${tally(query.more, scene)}; ${tally(query.than, scene)}`;
    case "colorOf":
      return matching(scene, null, query.shape).map(describe).join(", ");
    case "relation":
      return `${locate(query.subject, scene)}, ${locate(query.object, scene)}`;
    case "largest":
      return scene.objects
        .filter((object) => object.large)
        .map((object) => `${cellName(object)} large ${wordNamed(object)}`)
        .join(", ");
    default:
      return query satisfies never;
  }
}

function conclude(query: Exclude<Query, { kind: "fact" }>, scene: Scene, answer: string, rng: Rng): string {
  if (query.kind === "compare") {
    const more = numberWord(matching(scene, query.more, null).length);
    const than = numberWord(matching(scene, query.than, null).length);
    return rng.pick([`So ${more} to ${than}, ${answer}.`, `That is ${more} to ${than}, ${answer}.`]);
  }
  return rng.pick([`So ${spoken(answer)}.`, `That is ${spoken(answer)}.`]);
}

/** "top left red circle one, center red square two". */
function enumerate(objects: readonly SceneObject[], word: (object: SceneObject) => string): string {
  return objects.map((object, index) => `${word(object)} ${numberWord(index + 1)}`).join(", ");
}

function tally(color: ColorName, scene: Scene): string {
  const objects = matching(scene, color, null);
  return objects.length === 0 ? `no ${color}` : `${color} ${enumerate(objects, cellName)}`;
}

function locate(named: Named, scene: Scene): string {
  return `${wordNamed(named)} ${matching(scene, named.color, named.shape).map(cellName).join(", ")}`;
}

function describe(object: SceneObject): string {
  return `${cellName(object)} ${wordNamed(object)}`;
}

function cellName(object: SceneObject): string {
  return cellNames[object.cell] as string;
}

function spoken(answer: string): string {
  return /^\d+$/.test(answer) ? numberWord(Number(answer)) : answer;
}
