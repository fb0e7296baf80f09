import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { meanDependency, shapeAdvantages, shapingRange } from "./shaping";

const means = fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { minLength: 2, maxLength: 16 });

const dynamic = { betaMin: 0.9, betaMax: "dynamic" } as const;

describe("shapeAdvantages", () => {
  it("has mean 1 and lies between betaMin and betaMax when range and mean are taken over the same set", () => {
    fc.assert(
      fc.property(means, fc.double({ min: 0, max: 1, noNaN: true }), (scores, betaMin) => {
        const range = shapingRange(scores);
        const { alpha, betaMax } = shapeAdvantages(scores, range, { betaMin, betaMax: "dynamic" });
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
    const { alpha, betaMax } = shapeAdvantages([0.1, 0.3, 0.2], { low: 0.1, high: 0.3 }, dynamic);
    expect(alpha[0]).toBeCloseTo(0.9, 6);
    expect(alpha[2]).toBeCloseTo(1, 6);
    expect(alpha[1]).toBeCloseTo(1.1, 6);
    expect(betaMax).toBeCloseTo(1.1, 6);
  });

  it("spreads over the whole of a fixed range, whatever its mean", () => {
    fc.assert(
      fc.property(means, (scores) => {
        const range = shapingRange(scores)!;
        fc.pre(range.high - range.low > 1e-3);
        const { alpha, betaMax } = shapeAdvantages(scores, range, { betaMin: 0.9, betaMax: 1.2 });
        expect(betaMax).toBe(1.2);
        expect(Math.min(...alpha)).toBeCloseTo(0.9, 6);
        expect(Math.max(...alpha)).toBeCloseTo(1.2, 6);
        alpha.forEach((value, i) => {
          expect(value).toBeCloseTo(0.9 + (0.3 * (scores[i]! - range.low)) / (range.high - range.low), 6);
        });
      }),
    );
  });

  it("is 1 everywhere when dependencies are equal or only one trajectory has tokens", () => {
    expect([...shapeAdvantages([0.5, 0.5], shapingRange([0.5, 0.5]), dynamic).alpha]).toEqual([1, 1]);
    expect(shapingRange([0.5, Number.NaN])).toBeNull();
    expect(shapeAdvantages([0.5, Number.NaN], null, dynamic)).toEqual({ alpha: Float32Array.of(1, 1), betaMax: null });
  });

  it("in micro-batches of one is 1 except for the least dependent trajectory of the mini-batch", () => {
    const range = shapingRange([0.1, 0.2, 0.4]);
    const alphas = [0.1, 0.2, 0.4].map((mean) => shapeAdvantages([mean], range, dynamic).alpha[0]);
    expect(alphas[0]).toBeCloseTo(0.9, 6);
    expect(alphas[1]).toBeCloseTo(1, 6);
    expect(alphas[2]).toBeCloseTo(1, 6);
  });

  it("leaves an empty trajectory out of the mean and at 1", () => {
    const { alpha } = shapeAdvantages([0, Number.NaN, 1], { low: 0, high: 1 }, { betaMin: 0.8, betaMax: "dynamic" });
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
