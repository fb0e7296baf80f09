import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { filterTokens, keepAllTokens, keptDependencyShare, keptTokenCount } from "./tokenFilter";

const dependencies = fc.float32Array({ min: 0, max: 10, noNaN: true, minLength: 1, maxLength: 80 });
const ratios = fc.double({ min: 0.001, max: 1, noNaN: true });
const count = (mask: Float32Array) => mask.reduce((a, b) => a + b, 0);

describe("keptTokenCount", () => {
  it.each([
    [0.4, 7, 3],
    [0.4, 10, 4],
    [0.4, 1, 1],
    [0.3, 50, 16],
    [0.6, 25, 16],
    [0.6, 50, 31],
    [1, 33, 33],
    [0.4, 0, 0],
  ])("of k = %d and %d tokens is %d, as in float32", (keepRatio, tokenCount, expected) => {
    expect(keptTokenCount(keepRatio, tokenCount)).toBe(expected);
  });
});

describe("filterTokens", () => {
  it("keeps the tokens with the highest dependency", () => {
    const { mask, threshold } = filterTokens(Float32Array.of(0.1, 2, 0.3, 1, 0), 0.4);
    expect([...mask]).toEqual([0, 1, 0, 1, 0]);
    expect(threshold).toBe(1);
  });

  it("keeps the lower index first among equal values", () => {
    expect([...filterTokens(Float32Array.of(1, 10, 10, 10, 10), 0.4).mask]).toEqual([0, 1, 1, 0, 0]);
    expect([...filterTokens(new Float32Array(5), 0.4).mask]).toEqual([1, 1, 0, 0, 0]);
  });

  it("keeps exactly K tokens, none of them below a dropped one", () => {
    fc.assert(
      fc.property(dependencies, ratios, (dependency, keepRatio) => {
        const { mask, keptCount, threshold } = filterTokens(dependency, keepRatio);
        expect(count(mask)).toBe(keptTokenCount(keepRatio, dependency.length));
        expect(keptCount).toBe(count(mask));
        dependency.forEach((value, t) => {
          if (mask[t]) expect(value).toBeGreaterThanOrEqual(threshold);
          else expect(value).toBeLessThanOrEqual(threshold);
        });
      }),
    );
  });

  it("only ever adds tokens when k grows", () => {
    fc.assert(
      fc.property(dependencies, ratios, ratios, (dependency, a, b) => {
        const fewer = filterTokens(dependency, Math.min(a, b)).mask;
        const more = filterTokens(dependency, Math.max(a, b)).mask;
        fewer.forEach((kept, t) => {
          expect(more[t]).toBeGreaterThanOrEqual(kept);
        });
      }),
    );
  });

  it("gives an empty mask and no threshold for an empty trajectory", () => {
    expect(filterTokens(new Float32Array(0), 0.4)).toEqual({ mask: new Float32Array(0), keptCount: 0, threshold: Number.NaN });
  });
});

describe("keepAllTokens", () => {
  it("is the filter with k = 1", () => {
    fc.assert(
      fc.property(dependencies, (dependency) => {
        expect(keepAllTokens(dependency)).toEqual(filterTokens(dependency, 1));
      }),
    );
  });
});

describe("keptDependencyShare", () => {
  it("is the kept part of the total over all trajectories", () => {
    expect(keptDependencyShare([Float32Array.of(1, 3), Float32Array.of(4)], [Float32Array.of(0, 1), Float32Array.of(1)])).toBe(
      0.875,
    );
  });

  it("counts a token by its weight", () => {
    expect(keptDependencyShare([Float32Array.of(1, 3)], [Float32Array.of(0.5, 0.25)])).toBe(1.25 / 4);
  });

  it("is 1 when there is no dependency", () => {
    expect(keptDependencyShare([new Float32Array(3)], [new Float32Array(3)])).toBe(1);
  });
});
