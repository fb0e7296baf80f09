import { describe, expect, it } from "vitest";
import { chanceShare, keptShare, tokenSpread } from "./maskSpread";

describe("the spread over masks", () => {
  it("is mean and sample deviation of each token over the draws", () => {
    const { mean, sd } = tokenSpread([Float32Array.of(1, 0), Float32Array.of(3, 0), Float32Array.of(5, 3)]);
    expect([...mean]).toEqual([3, 1]);
    expect(sd[0]).toBeCloseTo(2);
    expect(sd[1]).toBeCloseTo(Math.sqrt(3));
  });

  it("counts which of the kept tokens stay kept, on average over the draws", () => {
    const shown = Float32Array.of(4, 3, 2, 1);
    expect(keptShare(shown, [shown, Float32Array.of(40, 30, 20, 10)], 0.5)).toBe(1);
    expect(keptShare(shown, [shown, Float32Array.of(1, 2, 3, 4)], 0.5)).toBe(0.5);
    expect(keptShare(shown, [Float32Array.of(9, 0, 9, 0)], 0.5)).toBe(0.5);
    expect(keptShare(shown, [], 0.5)).toBeNaN();
  });

  it("knows what chance alone would share", () => {
    expect(chanceShare(10, 0.4)).toBe(0.4);
    expect(chanceShare(0, 0.4)).toBeNaN();
  });
});
