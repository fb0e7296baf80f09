import { describe, expect, it } from "vitest";
import { miniBatches, partsWithin } from "./batchPlan";

describe("miniBatches", () => {
  it("takes every prompt once, in order, so many at a time", () => {
    expect(miniBatches(6, 2)).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
  });

  it("takes all prompts at once for 0, or when there are fewer", () => {
    expect(miniBatches(3, 0)).toEqual([[0, 1, 2]]);
    expect(miniBatches(3, 8)).toEqual([[0, 1, 2]]);
  });

  it("leaves what remains in a smaller one", () => {
    expect(miniBatches(5, 2)).toEqual([[0, 1], [2, 3], [4]]);
    expect(miniBatches(0, 2)).toEqual([]);
    expect(miniBatches(0, 0)).toEqual([]);
  });
});

describe("partsWithin", () => {
  it("joins neighbours up to the limit and never drops one that is too large", () => {
    expect(partsWithin([3, 3, 3, 9, 1], 6)).toEqual([[0, 1], [2], [3], [4]]);
    expect(partsWithin([3, 3, 3], Number.POSITIVE_INFINITY)).toEqual([[0, 1, 2]]);
    expect(partsWithin([], 6)).toEqual([]);
  });
});
