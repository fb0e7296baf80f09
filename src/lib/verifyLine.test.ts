import { describe, expect, it } from "vitest";
import { largestDifference, verifyLine } from "./verifyLine";

describe("largestDifference", () => {
  it("is the largest absolute difference, and infinite when lists cannot be compared", () => {
    expect(largestDifference([1, 2, 3], [1, 2.5, 2.75])).toBe(0.5);
    expect(largestDifference([], [])).toBe(0);
    expect(largestDifference([1], [1, 2])).toBe(Number.POSITIVE_INFINITY);
    expect(largestDifference([Number.NaN, 1], [0, 1])).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("verifyLine", () => {
  it("passes up to the tolerance and fails on NaN", () => {
    expect(verifyLine("x", 1e-5, 1e-5).ok).toBe(true);
    expect(verifyLine("x", 2e-5, 1e-5).ok).toBe(false);
    expect(verifyLine("x", Number.NaN, 1e-5).ok).toBe(false);
  });
});
