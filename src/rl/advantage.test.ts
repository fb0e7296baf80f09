import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { groupAdvantages, mixedGroups } from "./advantage";

describe("groupAdvantages", () => {
  it.each([
    [1, 2.4749, -0.3536],
    [2, 1.6202, -0.5401],
    [4, 0.9354, -0.9354],
    [7, 0.3536, -2.4749],
  ])("of 8 answers with %d right are %d for right and %d for wrong ones", (right, forRight, forWrong) => {
    const rewards = Array.from({ length: 8 }, (_, i) => (i < right ? 1 : 0));
    const advantages = groupAdvantages(rewards, new Array<number>(8).fill(0));
    expect(advantages[0]).toBeCloseTo(forRight, 4);
    expect(advantages[7]).toBeCloseTo(forWrong, 4);
  });

  it("are zero when all rewards of a group are equal, and for a group of one", () => {
    expect([...groupAdvantages([1, 1, 0, 0, 1], ["a", "a", "b", "b", "c"])]).toEqual([0, 0, 0, 0, 0]);
  });

  it("sum to zero in every group, wherever its members stand", () => {
    const entry = fc.record({ group: fc.constantFrom("a", "b", "c"), reward: fc.double({ min: -1, max: 1, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
        const advantages = groupAdvantages(
          entries.map((e) => e.reward),
          entries.map((e) => e.group),
        );
        for (const group of ["a", "b", "c"]) {
          const sum = entries.reduce((total, e, i) => total + (e.group === group ? advantages[i]! : 0), 0);
          expect(Math.abs(sum)).toBeLessThan(1e-4);
        }
      }),
    );
  });
});

describe("mixedGroups", () => {
  it("keeps only groups that are neither all right nor all wrong", () => {
    expect([...mixedGroups([1, 0, 1, 1, 0, 0], [1, 2, 1, 2, 3, 3])]).toEqual([0, 1, 0, 1, 0, 0]);
  });
});
