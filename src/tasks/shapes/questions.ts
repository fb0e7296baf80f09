// Question families of the shapes world: each draws the answer first, evenly, and then a scene in which it is true, so
// that guessing is worth no more than chance. Train and held-out scenes are told apart by the hash of their layout.

import type { Rng } from "@/lib/rng";
import type { Split } from "../task";
import { factTopics } from "./facts";
import { answerQuery, type Query, relationNames } from "./query";
import {
  type ColorName,
  colorNames,
  layoutHash,
  maxObjects,
  type ObjectKind,
  placeObjects,
  type Scene,
  type ShapeName,
  shapeNames,
} from "./scene";

/** A scene kind and a query about it that should come out as `answer`. */
interface Draft {
  readonly kinds: readonly ObjectKind[];
  readonly query: Query;
}

interface Family {
  /** Share of all problems. */
  readonly weight: number;
  /** Answers that occur, for queries of this family in general. */
  readonly answers: readonly string[];
  /** A scene and a query meant to have this answer; may fail, then it is drawn again. */
  draft(answer: string, rng: Rng): Draft;
}

const yesNoAnswers = ["yes", "no"] as const;
const largeShare = 0.4;

const families = {
  count_color: {
    weight: 16,
    answers: digits(0, 4),
    draft: (answer, rng) => {
      const color = rng.pick(colorNames);
      return countDraft(color, null, Number(answer), rng);
    },
  },
  count_shape: {
    weight: 14,
    answers: digits(0, 4),
    draft: (answer, rng) => countDraft(null, rng.pick(shapeNames), Number(answer), rng),
  },
  count_both: {
    weight: 12,
    answers: digits(0, 3),
    draft: (answer, rng) => countDraft(rng.pick(colorNames), rng.pick(shapeNames), Number(answer), rng),
  },
  total: {
    weight: 10,
    answers: digits(1, maxObjects),
    draft: (answer, rng) => ({
      kinds: times(Number(answer), () => anyKind(rng)),
      query: { kind: "count", color: null, shape: null },
    }),
  },
  compare: {
    weight: 12,
    answers: yesNoAnswers,
    draft: (_answer, rng) => {
      const more = rng.pick(colorNames);
      const than = rng.pick(without(colorNames, more));
      const rest = without(without(colorNames, more), than);
      const moreCount = rng.int(4);
      const thanCount = moreCount === 0 ? 1 + rng.int(3) : rng.int(4);
      const restCount = rng.int(Math.min(3, maxObjects - moreCount - thanCount) + 1);
      return {
        kinds: [
          ...times(moreCount, () => anyKind(rng, { color: more })),
          ...times(thanCount, () => anyKind(rng, { color: than })),
          ...times(restCount, () => anyKind(rng, { color: rng.pick(rest) })),
        ],
        query: { kind: "compare", more, than },
      };
    },
  },
  color_of: {
    weight: 10,
    answers: colorNames,
    draft: (_answer, rng) => {
      const shape = rng.pick(shapeNames);
      const others = times(1 + rng.int(maxObjects - 1), () => anyKind(rng, { shape: rng.pick(without(shapeNames, shape)) }));
      return { kinds: [anyKind(rng, { shape }), ...others], query: { kind: "colorOf", shape } };
    },
  },
  relation: {
    weight: 12,
    answers: yesNoAnswers,
    draft: (_answer, rng) => {
      const subject = anyKind(rng);
      const object = anyKind(rng);
      return {
        kinds: [subject, object, ...times(rng.int(maxObjects - 1), () => anyKind(rng))],
        query: { kind: "relation", subject: named(subject), relation: rng.pick(relationNames), object: named(object) },
      };
    },
  },
  largest: {
    weight: 8,
    answers: [...colorNames, ...shapeNames],
    draft: (answer, rng) => {
      const others = times(1 + rng.int(maxObjects - 1), () => ({ ...anyKind(rng), large: false }));
      const property = shapeNames.some((shape) => shape === answer) ? "shape" : "color";
      return { kinds: [{ ...anyKind(rng), large: true }, ...others], query: { kind: "largest", property } };
    },
  },
  control: {
    weight: 6,
    answers: [],
    draft: (_answer, rng) => ({
      kinds: times(1 + rng.int(maxObjects), () => anyKind(rng)),
      query: { kind: "fact", fact: rng.pick(rng.pick(factTopics)) },
    }),
  },
} as const satisfies Record<string, Family>;

export type FamilyName = keyof typeof families;

/** The families, in the order of the table. */
export const familyNames: readonly FamilyName[] = Object.keys(families).filter((name): name is FamilyName => name in families);

/** Draws a family by its share. */
export function drawFamily(rng: Rng): FamilyName {
  const total = familyNames.reduce((sum, name) => sum + families[name].weight, 0);
  let left = rng.next() * total;
  for (const name of familyNames) {
    left -= families[name].weight;
    if (left < 0) return name;
  }
  return "control";
}

/** A scene of a family and split with a query and its true answer; answers are even within the family. */
export function drawQuestion(
  name: FamilyName,
  split: Split,
  rng: Rng,
): { readonly scene: Scene; readonly query: Query; readonly answer: string } {
  const family: Family = families[name];
  const wanted = family.answers.length === 0 ? null : rng.pick(family.answers);
  for (;;) {
    const { kinds, query } = family.draft(wanted ?? "", rng);
    const scene = placeObjects(kinds, rng);
    if (splitOf(scene) !== split) continue;
    const answer = answerQuery(query, scene);
    if (answer !== null && (wanted === null || answer === wanted)) return { scene, query, answer };
  }
}

/** The split a scene belongs to: one layout in five is kept for measuring, whatever is asked about it. */
export function splitOf(scene: Scene): Split {
  return layoutHash(scene) % 5 === 0 ? "heldOut" : "train";
}

/** The answers a query could have had, as someone would guess who knows the family but not the image. */
export function possibleAnswers(name: FamilyName, query: Query): readonly string[] {
  if (query.kind === "largest") return query.property === "color" ? colorNames : shapeNames;
  if (query.kind === "fact") return [query.fact.answer];
  return families[name].answers;
}

function countDraft(color: ColorName | null, shape: ShapeName | null, count: number, rng: Rng): Draft {
  const least = count === 0 ? 1 : 0;
  const others = least + rng.int(maxObjects - count - least + 1);
  return {
    kinds: [
      ...times(count, () => anyKind(rng, { ...(color && { color }), ...(shape && { shape }) })),
      ...times(others, () => distractor(color, shape, rng)),
    ],
    query: { kind: "count", color, shape },
  };
}

/** An object that does not match; when both colour and shape are asked, it mostly shares one of them. */
function distractor(color: ColorName | null, shape: ShapeName | null, rng: Rng): ObjectKind {
  const draw = rng.next();
  const sharesColor = color !== null && shape !== null && draw < 0.4;
  const sharesShape = color !== null && shape !== null && draw >= 0.4 && draw < 0.8;
  return anyKind(rng, {
    ...(color && { color: sharesColor ? color : rng.pick(without(colorNames, color)) }),
    ...(shape && { shape: sharesShape ? shape : rng.pick(without(shapeNames, shape)) }),
  });
}

function anyKind(rng: Rng, fixed: Partial<ObjectKind> = {}): ObjectKind {
  return { shape: rng.pick(shapeNames), color: rng.pick(colorNames), large: rng.next() < largeShare, ...fixed };
}

function named(kind: ObjectKind) {
  return { color: kind.color, shape: kind.shape };
}

function without<T>(items: readonly T[], item: T): T[] {
  return items.filter((other) => other !== item);
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

function digits(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
}
