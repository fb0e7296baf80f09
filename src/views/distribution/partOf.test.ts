import { describe, expect, it } from "vitest";
import { partOf } from "./partOf";

describe("partOf", () => {
  const values = Float32Array.of(1, 3, 0, 4);
  const mask = Uint8Array.of(0, 1, 0, 1);

  it("has mean, share and kept tokens of the part, both ends included", () => {
    expect(partOf(values, mask, { start: 1, end: 2 })).toEqual({ mean: 1.5, share: 3 / 8, kept: 1 });
    expect(partOf(values, mask, { start: 0, end: 3 })).toEqual({ mean: 2, share: 1, kept: 2 });
  });

  it("ends where the rollout ends, and has no share of nothing", () => {
    expect(partOf(values, mask, { start: 3, end: 9 })).toEqual({ mean: 4, share: 0.5, kept: 1 });
    expect(partOf(new Float32Array(2), new Uint8Array(2), { start: 0, end: 1 }).share).toBe(0);
  });
});
