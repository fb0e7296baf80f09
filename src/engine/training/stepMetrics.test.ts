import { describe, expect, it } from "vitest";
import type { TokenStats } from "@/rl/dependency";
import { stepMetrics } from "./stepMetrics";

const column = (...values: number[]) => Float32Array.from(values);
const statsOf = (kl: Float32Array, entropy: Float32Array): TokenStats => ({
  logp: kl,
  logpMasked: kl,
  kl,
  jsd: kl,
  entropy,
  entropyMasked: entropy,
  top1Drop: kl,
});

describe("the metrics of a step", () => {
  const metrics = stepMetrics({
    rewards: [
      { overall: 1, accuracy: 1 },
      { overall: 0, accuracy: 0 },
    ],
    advantages: column(0.5, -0.5),
    alpha: column(0.75, 1.25),
    keptShare: 0.8,
    skipped: 1,
    promptTokens: [10, 12],
    responseTokens: [3, 1],
    maxPrompt: 12,
    maxResponse: 3,
    stats: [statsOf(column(1, 2, 3), column(0, 0, 1)), statsOf(column(6), column(3))],
    generated: { rollouts: 8, accuracy: 0.25, overall: 0.3, format: 0.75, batches: 2, tokens: 40 },
    gap: { "training/rollout_probs_diff_mean": 0.01 },
    seconds: { gen: 1, reward: 0.5, old: 0, aug: 0.25, update: 2, step: 4 },
  });

  it("take score and advantage from what is learnt from, reward and accuracy from all that was sampled", () => {
    expect(metrics).toMatchObject({
      "critic/score/mean": 0.5,
      "critic/rewards/max": 1,
      "critic/score/min": 0,
      "reward/overall": 0.3,
      "reward/accuracy": 0.25,
      "reward/format": 0.75,
      "vppo/batches": 2,
    });
  });

  it("average advantages over tokens, so that a long answer counts more", () => {
    expect(metrics["critic/advantages/mean"]).toBe((3 * 0.5 - 0.5) / 4);
    expect(metrics["critic/returns/max"]).toBe(0.5);
    expect(metrics["critic/advantages/min"]).toBe(-0.5);
  });

  it("count tokens of prompts and responses, and those that were cut", () => {
    expect(metrics).toMatchObject({
      "response_length/mean": 2,
      "response_length/max": 3,
      "response_length/clip_ratio": 0.5,
      "prompt_length/min": 10,
      "prompt_length/clip_ratio": 0.5,
      "global_seqlen/mean": 26,
      "perf/total_num_tokens": 26,
      "perf/throughput": 6.5,
    });
  });

  it("average exact KL and entropy over tokens", () => {
    expect(metrics["vppo/exact_kl_mean"]).toBe(3);
    expect(metrics["vppo/entropy_mean"]).toBe(1);
  });

  it("say how far the scaling goes, what the kept tokens hold, and what was skipped", () => {
    expect(metrics).toMatchObject({
      "vppo/alpha_min": 0.75,
      "vppo/alpha_max": 1.25,
      "vppo/kept_dependency_share": 0.8,
      "vppo/skipped": 1,
    });
  });

  it("pass on how far rollouts were from exact ones, and time a scoring pass only where there was one", () => {
    expect(metrics["training/rollout_probs_diff_mean"]).toBe(0.01);
    expect(metrics).not.toHaveProperty("timing_s/old");
  });
});
