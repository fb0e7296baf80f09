import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { meanDependency, shapeAdvantages, shapingRange } from "./shaping";

const means = fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { minLength: 2, maxLength: 16 });

describe("shapeAdvantages", () => {
  it("has mean 1 and lies between betaMin and betaMax when range and mean are taken over the same set", () => {
    fc.assert(
      fc.property(means, fc.double({ min: 0, max: 1, noNaN: true }), (scores, betaMin) => {
        const range = shapingRange(scores);
        const { alpha, betaMax } = shapeAdvantages(scores, range, betaMin);
        const mean = alpha.reduce((a, b) => a + b, 0) / alpha.length;
        expect(mean).toBeCloseTo(1, 5);
        for (const value of alpha) {
          expect(value).toBeGreaterThanOrEqual(Math.fround(betaMin) - 1e-6);
          expect(value).toBeLessThanOrEqual((betaMax ?? 1) + 1e-5);
        }
      }),
    );
  });

  it("orders trajectories by their dependency", () => {
    const { alpha, betaMax } = shapeAdvantages([0.1, 0.3, 0.2], { low: 0.1, high: 0.3 }, 0.9);
    expect(alpha[0]).toBeCloseTo(0.9, 6);
    expect(alpha[2]).toBeCloseTo(1, 6);
    expect(alpha[1]).toBeCloseTo(1.1, 6);
    expect(betaMax).toBeCloseTo(1.1, 6);
  });

  it("is 1 everywhere when dependencies are equal or only one trajectory has tokens", () => {
    expect([...shapeAdvantages([0.5, 0.5], shapingRange([0.5, 0.5]), 0.9).alpha]).toEqual([1, 1]);
    expect(shapingRange([0.5, Number.NaN])).toBeNull();
    expect(shapeAdvantages([0.5, Number.NaN], null, 0.9)).toEqual({ alpha: Float32Array.of(1, 1), betaMax: null });
  });

  it("in micro-batches of one is 1 except for the least dependent trajectory of the mini-batch", () => {
    const range = shapingRange([0.1, 0.2, 0.4]);
    const alphas = [0.1, 0.2, 0.4].map((mean) => shapeAdvantages([mean], range, 0.9).alpha[0]);
    expect(alphas[0]).toBeCloseTo(0.9, 6);
    expect(alphas[1]).toBeCloseTo(1, 6);
    expect(alphas[2]).toBeCloseTo(1, 6);
  });

  it("leaves an empty trajectory out of the mean and at 1", () => {
    const { alpha } = shapeAdvantages([0, Number.NaN, 1], { low: 0, high: 1 }, 0.8);
    expect(alpha[1]).toBe(1);
    expect(alpha[0]! + alpha[2]!).toBeCloseTo(2, 6);
  });
});

describe("meanDependency", () => {
  it("averages over all tokens and is NaN without any", () => {
    expect(meanDependency(Float32Array.of(0, 1, 2))).toBe(1);
    expect(meanDependency(new Float32Array(0))).toBeNaN();
  });
});
