import { describe, expect, it } from "vitest";
import { createRng } from "@/lib/rng";
import { type VarianceSample, varianceMetrics } from "./varianceTheorem";

const factors = ["cross_terms", "advantage_norms", "alpha_advantage", "mean_gradient", "token_norms"] as const;
const product = (metrics: Readonly<Partial<Record<string, number>>>) =>
  factors.reduce((value, name) => value * metrics[`vppo/variance_${name}`]!, metrics["vppo/variance_bound"]!);

describe("varianceMetrics", () => {
  /** Trajectories whose tokens have orthogonal gradients of one length: everything the theorem assumes. */
  const ideal = (tokens: number, kept: number, advantage: number, alpha: number): VarianceSample => ({
    ...{ advantage, alpha, tokens, kept },
    ...{ allSquared: tokens, keptSquared: kept, allNorms: tokens, keptNorms: kept },
  });

  it("is the theorem's k · E[α²] where all assumptions hold", () => {
    // Independent directions with signs that cancel: the mean gradient is (nearly) nothing.
    const samples = Array.from({ length: 1000 }, (_, i) => ideal(10, 4, i % 2 ? 1 : -1, i % 4 < 2 ? 0.8 : 1.2));
    const grpo = samples.reduce((sum, { allSquared }) => sum + allSquared, 0);
    const vppo = samples.reduce((sum, { alpha, keptSquared }) => sum + alpha ** 2 * keptSquared, 0);
    const metrics = varianceMetrics(samples, { grpo, vppo });
    expect(metrics["vppo/variance_bound"]).toBeCloseTo(0.4 * 1.04, 12);
    expect(metrics["vppo/gradient_variance_ratio"]).toBeCloseTo(0.4 * 1.04, 10);
    for (const name of factors) expect(metrics[`vppo/variance_${name}`]).toBeCloseTo(1, 10);
  });

  it("names the assumption that fails: kept tokens with twice the squared gradient show in their factor alone", () => {
    const samples = Array.from({ length: 100 }, (_, i) => ({ ...ideal(10, 4, i % 2 ? 1 : -1, 1), keptSquared: 8, keptNorms: 8 }));
    const metrics = varianceMetrics(samples, { grpo: 1000, vppo: 800 });
    expect(metrics["vppo/variance_token_norms"]).toBeCloseTo(2, 12);
    expect(metrics["vppo/gradient_variance_ratio"]).toBeCloseTo(0.8, 12);
    expect(metrics["vppo/variance_cross_terms"]).toBeCloseTo(1, 12);
  });

  it("splits the ratio into factors whose product it is, whatever the numbers", () => {
    const rng = createRng(1);
    for (let n = 0; n < 20; n++) {
      const samples = Array.from({ length: 8 }, () => {
        const kept = 1 + rng.int(5);
        const keptNorms = rng.next() + 0.1;
        return {
          ...{ advantage: rng.normal(), alpha: 0.5 + rng.next(), tokens: kept + rng.int(9), kept },
          ...{ allSquared: 1 + rng.next(), keptSquared: rng.next() + 0.1, allNorms: keptNorms + rng.next(), keptNorms },
        };
      });
      const metrics = varianceMetrics(samples, { grpo: 0.1 * rng.next(), vppo: 0.1 * rng.next() });
      expect(product(metrics) / metrics["vppo/gradient_variance_ratio"]!).toBeCloseTo(1, 10);
    }
  });

  it("says nothing of fewer than two trajectories, or where nothing varies", () => {
    expect(varianceMetrics([ideal(4, 2, 1, 1)], { grpo: 1, vppo: 1 })).toEqual({});
    expect(varianceMetrics([ideal(4, 0, 1, 1), ideal(4, 0, 1, 1)], { grpo: 8, vppo: 0 })).toEqual({});
  });
});
