import { describe, expect, it } from "vitest";
import { rolloutGap } from "./rolloutGap";

const logs = (...probabilities: number[]) => Float32Array.from(probabilities, Math.log);

describe("the gap between rollouts and exact probabilities", () => {
  it("is mean, largest and sample deviation of the differences over all tokens", () => {
    const gap = rolloutGap([logs(0.5, 0.25), logs(0.8)], [logs(0.4, 0.25), logs(0.6)]);
    expect(gap["training/rollout_probs_diff_mean"]).toBeCloseTo(0.1, 6);
    expect(gap["training/rollout_probs_diff_max"]).toBeCloseTo(0.2, 6);
    expect(gap["training/rollout_probs_diff_std"]).toBeCloseTo(0.1, 6);
  });

  it("is zero where both are the same, has no deviation of one token, and nothing of none", () => {
    expect(rolloutGap([logs(0.3)], [logs(0.3)])).toEqual({
      "training/rollout_probs_diff_mean": 0,
      "training/rollout_probs_diff_max": 0,
    });
    expect(rolloutGap([new Float32Array()], [new Float32Array()])).toEqual({});
  });

  it("is not a number where an answer was not scored", () => {
    expect(rolloutGap([logs(0.3, 0.3)], [logs(0.3)])["training/rollout_probs_diff_mean"]).toBeNaN();
  });
});
