// What a running sum over a scene is: a start, and objects to add or to take away, one visual step each. Draws the counts
// first, evenly, then a scene in which they are true, so that guessing a count is worth no more than chance. Words are in
// `wording.ts` and `chains.ts`, pixels in `../shapes/render.ts`.

import type { Rng } from "@/lib/rng";
import { matching } from "../shapes/query";
import { splitOf } from "../shapes/questions";
import {
  type ColorName,
  colorNames,
  maxObjects,
  type ObjectKind,
  placeObjects,
  type Scene,
  type ShapeName,
  shapeNames,
} from "../shapes/scene";
import type { Split } from "../task";

/** Objects that one visual step counts, and whether they are added (1) or taken away (−1). */
export interface SumStep {
  readonly sign: 1 | -1;
  readonly color: ColorName;
  /** Null counts every shape. */
  readonly shape: ShapeName | null;
}

/** A running sum; with a bound, it is asked whether the end is more than the bound. */
export interface Sum {
  readonly start: number;
  readonly steps: readonly SumStep[];
  readonly bound: number | null;
}

/** Families: the end as a number, or whether it is more than a bound. */
export const sumFamilies = ["sum", "more_than"] as const;
export type SumFamily = (typeof sumFamilies)[number];

/** Most objects one step counts; small numbers make a lucky guess frequent. */
export const largestCount = 3;
const smallestStart = 2;
const largestStart = 5;
/** Largest running total: one digit. */
export const largestTotal = 9;
const boundShare = 0.35;
const shapeShare = 0.4;
const takeShare = 0.4;
const largeShare = 0.4;

/** The number of objects each step counts. */
export function countsOf({ steps }: Sum, scene: Scene): number[] {
  return steps.map(({ color, shape }) => matching(scene, color, shape).length);
}

/** Start and running total after each step for given counts. */
export function totalsOf({ start, steps }: Sum, counts: readonly number[]): number[] {
  const totals = [start];
  steps.forEach(({ sign }, i) => {
    totals.push((totals[i] as number) + sign * (counts[i] as number));
  });
  return totals;
}

/** What belongs in the box for a total. */
export function boxedAnswer({ bound }: Sum, total: number): string {
  if (bound === null) return String(total);
  return total > bound ? "yes" : "no";
}

/** A scene of a split with a sum of `stepCount` steps (1 to 4) whose totals stay within 0 and 9. */
export function drawSum(stepCount: number, split: Split, rng: Rng): { readonly scene: Scene; readonly sum: Sum } {
  const wanted = Array.from({ length: stepCount }, () => rng.int(largestCount + 1));
  for (;;) {
    const colors = shuffled(colorNames, rng).slice(0, stepCount);
    const steps = colors.map((color): SumStep => {
      const shape = rng.next() < shapeShare ? rng.pick(shapeNames) : null;
      return { sign: rng.next() < takeShare ? -1 : 1, color, shape };
    });
    const start = smallestStart + rng.int(largestStart - smallestStart + 1);
    const counts = fitting(wanted, rng);
    const totals = totalsOf({ start, steps, bound: null }, counts);
    if (totals.some((total) => total < 0 || total > largestTotal)) continue;
    const end = totals[stepCount] as number;
    // A bound next to the end: a miscount by one is often enough to turn the answer.
    const bound = rng.next() < boundShare ? Math.max(0, end - 1 + rng.int(2)) : null;
    const scene = placeObjects(kindsFor(steps, counts, rng), rng);
    const sum = { start, steps, bound };
    if (splitOf(scene) === split && countsOf(sum, scene).every((count, i) => count === counts[i])) return { scene, sum };
  }
}

/** The counts, drawn again until all objects fit into one scene. */
function fitting(wanted: readonly number[], rng: Rng): readonly number[] {
  let counts = wanted;
  while (counts.reduce((sum, count) => sum + count, 0) > maxObjects) counts = wanted.map(() => rng.int(largestCount + 1));
  return counts;
}

/** The counted objects and as many others as there is room for, chosen at random. */
function kindsFor(steps: readonly SumStep[], counts: readonly number[], rng: Rng): ObjectKind[] {
  const counted = steps.flatMap(({ color, shape }, i) =>
    Array.from({ length: counts[i] as number }, () => anyKind(color, shape ?? rng.pick(shapeNames), rng)),
  );
  const room = maxObjects - counted.length;
  const least = counted.length === 0 ? 1 : 0;
  const others = Array.from({ length: least + rng.int(room - least + 1) }, () =>
    anyKind(rng.pick(colorNames), rng.pick(shapeNames), rng),
  );
  return [...counted, ...others];
}

function anyKind(color: ColorName, shape: ShapeName, rng: Rng): ObjectKind {
  return { color, shape, large: rng.next() < largeShare };
}

function shuffled<T>(items: readonly T[], rng: Rng): T[] {
  const keyed = items.map((item) => ({ item, key: rng.next() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
