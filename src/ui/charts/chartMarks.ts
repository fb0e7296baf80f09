// Things that happened at a step, marked on every chart of a run: a shape each, so that no colour has to tell them apart. Pure.

import { type LineGeometry, stepToPixel } from "./lineGeometry";

export type MarkKind = "flat" | "skipped" | "settings";

/** Something to know about a step. */
export interface ChartMark {
  readonly step: number;
  readonly kind: MarkKind;
  /** What happened, as a sentence. */
  readonly text: string;
  /** Place of the run's colour. */
  readonly colour: number;
}

/** The shapes and their names. */
export const markShapes: Readonly<Record<MarkKind, { readonly sign: string; readonly name: string }>> = {
  flat: { sign: "○", name: "no gradient" },
  skipped: { sign: "⊘", name: "update left out" },
  settings: { sign: "▾", name: "settings changed" },
};

export interface PlacedMark {
  readonly kind: MarkKind;
  readonly x: number;
  readonly colour: number;
  readonly text: string;
}

const leastGap = 6;

/** Marks inside the shown steps; those of a kind that would touch become one. */
export function placeMarks(marks: readonly ChartMark[], geometry: LineGeometry): readonly PlacedMark[] {
  const [from, to] = geometry.xDomain;
  const placed: { kind: MarkKind; x: number; colour: number; text: string; count: number }[] = [];
  const lastOf = new Map<string, (typeof placed)[number]>();
  for (const { step, kind, text, colour } of marks.toSorted((a, b) => a.step - b.step)) {
    if (step < from || step > to) continue;
    const x = stepToPixel(step, geometry);
    const key = `${kind} ${colour}`;
    const last = lastOf.get(key);
    if (last && x - last.x < leastGap) {
      last.count++;
      continue;
    }
    const mark = { kind, x, colour, text, count: 1 };
    placed.push(mark);
    lastOf.set(key, mark);
  }
  return placed.map(({ kind, x, colour, text, count }) => ({
    kind,
    x,
    colour,
    text: count === 1 ? text : `${text} And ${count - 1} more beside it.`,
  }));
}
