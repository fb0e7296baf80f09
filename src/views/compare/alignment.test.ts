import { describe, expect, it } from "vitest";
import { createRng } from "@/lib/rng";
import { alignTokens } from "./alignment";

const ids = (text: string) => Array.from(text, (letter) => letter.codePointAt(0)!);
const align = (a: string, b: string) => alignTokens(ids(a), ids(b));
const shared = (a: string, b: string) => {
  const { toB } = align(a, b);
  return [...a].filter((_, i) => toB[i]! >= 0).join("");
};

/** Length of the longest common subsequence, by recursion over all cuts. */
function longest(a: string, b: string, known = new Map<string, number>()): number {
  if (a === "" || b === "") return 0;
  const key = `${a.length} ${b.length}`;
  const found =
    known.get(key) ??
    (a[0] === b[0]
      ? 1 + longest(a.slice(1), b.slice(1), known)
      : Math.max(longest(a.slice(1), b, known), longest(a, b.slice(1), known)));
  known.set(key, found);
  return found;
}

/** Fails unless partners name each other, say the same and rise. */
function expectSound(a: readonly number[], b: readonly number[]) {
  const { toB, toA, same } = alignTokens(a, b);
  let last = -1;
  let count = 0;
  toB.forEach((j, i) => {
    if (j < 0) return;
    expect(toA[j]).toBe(i);
    expect(b[j]).toBe(a[i]);
    expect(j).toBeGreaterThan(last);
    last = j;
    count++;
  });
  expect(same).toBe(count);
  expect(toA.filter((i) => i >= 0)).toHaveLength(count);
  return same;
}

describe("alignTokens", () => {
  it("pairs the common beginning and end, and what is shared between", () => {
    expect(shared("the bus is red.", "the car is red.")).toBe("the  is red.");
    expect(align("abcXdef", "abcYYdef")).toMatchObject({ same: 6, beginning: 3 });
    expect([...align("ab", "b").toB]).toEqual([-1, 0]);
  });

  it("has no pairs without common tokens or without tokens", () => {
    expect(align("abc", "xyz").same).toBe(0);
    expect(align("", "xyz")).toMatchObject({ same: 0, beginning: 0 });
    expect(align("abc", "abc")).toMatchObject({ same: 3, beginning: 3 });
  });

  it("shares as many tokens as any alignment can, on random texts", () => {
    const rng = createRng(7);
    const text = () => Array.from({ length: 3 + rng.int(30) }, () => "abcd"[rng.int(4)]).join("");
    for (let n = 0; n < 60; n++) {
      const [a, b] = [text(), text()];
      expect(expectSound(ids(a), ids(b))).toBe(longest(a, b));
    }
  });

  it("aligns sixteen thousand tokens with changes all over, quickly and nearly all", () => {
    const rng = createRng(3);
    const a = Array.from({ length: 16_384 }, (_, t) => (t % 7 === 0 ? 10_000 + t : rng.int(500)));
    const b = a.flatMap((id) => (rng.next() < 0.05 ? [] : rng.next() < 0.05 ? [rng.int(500), id] : [id]));
    const start = performance.now();
    const same = expectSound(a, b);
    expect(same).toBeGreaterThan(0.93 * a.length);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it("ends on long texts that repeat themselves and share nothing in between", () => {
    const a = Array.from({ length: 6000 }, (_, t) => t % 2);
    const b = Array.from({ length: 6000 }, (_, t) => 2 + (t % 2));
    expect(alignTokens([...a, 9], [...b, 9]).same).toBe(1);
  });
});
