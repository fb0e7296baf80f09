import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { klTerms } from "./klPenalty";
import type { KlPenalty } from "./settings";

const penalties: readonly KlPenalty[] = ["kl", "abs", "mse", "low_var_kl"];
const at = (x: number, penalty: KlPenalty) => {
  const { value, slope } = klTerms(Float32Array.of(x), Float32Array.of(0), penalty);
  return [value[0]!, slope[0]!] as const;
};

describe("klTerms", () => {
  // Values of the official compute_kl by hand: x is log pi - log reference.
  it.each<[KlPenalty, number, number]>([
    ["kl", -0.5, -0.5],
    ["abs", -0.5, 0.5],
    ["mse", -0.5, 0.125],
    ["low_var_kl", -0.5, Math.exp(0.5) - 0.5 - 1],
    ["low_var_kl", 2, Math.exp(-2) + 2 - 1],
    ["low_var_kl", -3, 10],
    ["low_var_kl", 12, 10],
    ["low_var_kl", -50, 10],
  ])("%s at a difference of %d is %d", (penalty, x, expected) => {
    expect(at(x, penalty)[0]).toBeCloseTo(expected, 9);
  });

  it("has the slope that finite differences give", () => {
    fc.assert(
      fc.property(fc.constantFrom(...penalties), fc.integer({ min: -3000, max: 3000 }), (penalty, hundredths) => {
        const x = Math.fround(hundredths / 100);
        const step = 2 ** -10;
        // Not at a corner: abs turns at 0, k3 is cut off where it passes 10.
        const [lower, upper] = [at(Math.fround(x - step), penalty)[0], at(Math.fround(x + step), penalty)[0]];
        fc.pre(Math.abs(x) > 0.005 && (lower === 10) === (upper === 10));
        const width = Math.fround(x + step) - Math.fround(x - step);
        expect(Math.abs((upper - lower) / width - at(x, penalty)[1])).toBeLessThan(1e-4);
      }),
    );
  });

  it("is 0 with slope 0 for equal policies, except for the slope of kl", () => {
    for (const penalty of penalties) expect(at(0, penalty).map(Math.abs)).toEqual([0, penalty === "kl" ? 1 : 0]);
  });

  it("of low_var_kl is cut off at 10, where its slope is exactly 0", () => {
    for (const x of [-2.7, -19, -25, 11.5, 25]) expect(at(x, "low_var_kl")).toEqual([10, 0]);
  });
});
