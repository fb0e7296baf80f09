import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { softMask } from "./softMask";

const dependencies = fc.float32Array({ min: 0, max: 10, noNaN: true, minLength: 1, maxLength: 200 });
const ratios = fc.double({ min: 0.01, max: 1, noNaN: true });
const mean = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;

describe("softMask", () => {
  it("has mean k and weights from 0 to 1", () => {
    fc.assert(
      fc.property(dependencies, ratios, (dependency, keepRatio) => {
        const mask = softMask(dependency, keepRatio);
        expect(mean(mask)).toBeCloseTo(keepRatio, 5);
        for (const weight of mask) {
          expect(weight).toBeGreaterThanOrEqual(0);
          expect(weight).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it("orders weights by dependency and forgets its unit", () => {
    fc.assert(
      fc.property(dependencies, ratios, (dependency, keepRatio) => {
        const mask = softMask(dependency, keepRatio);
        dependency.forEach((a, i) => {
          dependency.forEach((b, j) => {
            if (a > b) expect(mask[i]!).toBeGreaterThanOrEqual(mask[j]!);
          });
        });
        const doubled = softMask(
          dependency.map((value) => 2 * value),
          keepRatio,
        );
        mask.forEach((weight, t) => {
          expect(doubled[t]).toBeCloseTo(weight, 5);
        });
      }),
      { numRuns: 30 },
    );
  });

  it("is sigmoid(z - c) for z-scores by the deviation of the population", () => {
    const [low, high] = softMask(Float32Array.of(1, 3), 0.5);
    expect(low).toBeCloseTo(1 / (1 + Math.E), 6);
    expect(high).toBeCloseTo(Math.E / (1 + Math.E), 6);
  });

  it("weighs all tokens by k where their dependencies are equal, and by 1 where k is 1", () => {
    for (const weight of softMask(new Float32Array(5).fill(2), 0.4)) expect(weight).toBeCloseTo(0.4, 6);
    expect([...softMask(Float32Array.of(1, 2, 9), 1)]).toEqual([1, 1, 1]);
    expect(softMask(new Float32Array(0), 0.4)).toHaveLength(0);
  });

  it("reaches mean k with one token far above a thousand others", () => {
    const dependency = new Float32Array(1001);
    dependency[500] = 10;
    for (const keepRatio of [0.001, 0.4, 0.999]) expect(mean(softMask(dependency, keepRatio))).toBeCloseTo(keepRatio, 6);
  });
});
