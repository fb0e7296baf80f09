import { describe, expect, it } from "vitest";
import { varianceMetrics } from "@/rl/varianceTheorem";
import { measuredStep, varianceFacts, varianceKeys } from "./varianceFacts";

/** Two trajectories whose kept tokens have gradients twice as large as the others. */
const measured = varianceMetrics(
  [
    { advantage: 1, alpha: 1.2, tokens: 10, kept: 4, allSquared: 10, keptSquared: 8, allNorms: 10, keptNorms: 8 },
    { advantage: -1, alpha: 0.8, tokens: 10, kept: 4, allSquared: 10, keptSquared: 8, allNorms: 10, keptNorms: 8 },
  ],
  { grpo: 0, vppo: 0 },
);

describe("varianceFacts", () => {
  it("knows every name that the engine measures, and the product of the factors explains the ratio", () => {
    expect(Object.keys(measured).sort()).toEqual([...varianceKeys].sort());
    const facts = varianceFacts(measured);
    const product = facts?.factors.reduce((all, { value }) => all * value, facts.bound);
    expect(product).toBeCloseTo(facts?.measured ?? Number.NaN, 10);
  });

  it("says of each assumption whether it holds, and what it means where it fails", () => {
    const factors = varianceFacts(measured)?.factors ?? [];
    expect(factors.map(({ holds }) => holds)).toEqual([true, true, true, true, false]);
    expect(factors[4]?.sentence).toBe(
      "Fails here, and makes the ratio 2 times larger: kept tokens have larger gradients than the others: the model is less sure of them.",
    );
  });

  it("sums up in words and names the assumption that is furthest off", () => {
    expect(varianceFacts(measured)?.summary).toBe(
      "VPPO's gradient varied 17 % less than GRPO's; the theorem says 0.416, measured was 2 times that. The assumption that is furthest off is number 5.",
    );
  });

  it("has nothing to say of a step that was not measured", () => {
    expect(varianceFacts({ "actor/pg_loss": 1 })).toBeUndefined();
    expect(varianceFacts({ ...measured, "vppo/gradient_variance_ratio": Number.NaN })).toBeUndefined();
  });
});

describe("measuredStep", () => {
  it("finds the newest measured step that is not after the shown one", () => {
    const steps = [1, 2, 3, 4];
    const ratios = [0.5, Number.NaN, 0.6, Number.NaN];
    expect(measuredStep(steps, ratios, null)).toBe(3);
    expect(measuredStep(steps, ratios, 2)).toBe(1);
    expect(measuredStep(steps, [], null)).toBeUndefined();
  });
});
