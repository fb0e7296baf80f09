// Two answers token by token: what they share, how their dependencies differ there, and their sums. Pure; the alignment is `alignment.ts`.

import { type Alignment, alignTokens } from "./alignment";

/** One side of a comparison. */
export interface ComparedSide {
  readonly ids: ArrayLike<number>;
  /** S_t by the chosen measure. */
  readonly dependency: Float32Array;
}

export interface SharedToken {
  readonly a: number;
  readonly b: number;
  /** S of a minus S of b. */
  readonly delta: number;
}

export interface Comparison {
  readonly alignment: Alignment;
  /** Difference of dependency per token of either side, a − b; NaN where a token has no partner. */
  readonly deltaA: Float32Array;
  readonly deltaB: Float32Array;
  readonly onlyA: number;
  readonly onlyB: number;
  /** Sums of dependency. */
  readonly sumA: number;
  readonly sumB: number;
  /** Σ of the differences over shared tokens. */
  readonly sumDelta: number;
  /** Shared tokens whose dependency differs, the largest difference first. */
  readonly changes: readonly SharedToken[];
}

/** Compares two sides. */
export function compareSides(a: ComparedSide, b: ComparedSide): Comparison {
  const alignment = alignTokens(a.ids, b.ids);
  const deltaA = new Float32Array(a.ids.length).fill(Number.NaN);
  const deltaB = new Float32Array(b.ids.length).fill(Number.NaN);
  const shared: SharedToken[] = [];
  alignment.toB.forEach((j, i) => {
    if (j < 0) return;
    const delta = (a.dependency[i] as number) - (b.dependency[j] as number);
    deltaA[i] = delta;
    deltaB[j] = delta;
    shared.push({ a: i, b: j, delta });
  });
  return {
    alignment,
    deltaA,
    deltaB,
    onlyA: a.ids.length - alignment.same,
    onlyB: b.ids.length - alignment.same,
    sumA: sum(a.dependency),
    sumB: sum(b.dependency),
    sumDelta: shared.reduce((total, { delta }) => total + delta, 0),
    changes: shared.filter(({ delta }) => delta !== 0).sort((x, y) => Math.abs(y.delta) - Math.abs(x.delta)),
  };
}

/** Ids that mean the same in both: as they are within one tokenizer, otherwise numbers of their texts. */
export function commonIds(
  a: { readonly ids: Int32Array; readonly text: (id: number) => string },
  b: { readonly ids: Int32Array; readonly text: (id: number) => string },
  sameTokenizer: boolean,
): readonly [ArrayLike<number>, ArrayLike<number>] {
  if (sameTokenizer) return [a.ids, b.ids];
  const numbers = new Map<string, number>();
  const numberOf = (text: string) => {
    const known = numbers.get(text) ?? numbers.size;
    numbers.set(text, known);
    return known;
  };
  return [Array.from(a.ids, (id) => numberOf(a.text(id))), Array.from(b.ids, (id) => numberOf(b.text(id)))];
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}
