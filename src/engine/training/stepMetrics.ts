// The numbers of a step beside those of the update itself, under the official names with the official meaning: trainer/metrics.py
// (critic, lengths, timing, throughput), ray_trainer.py (reward/* over all that was sampled, before filtering),
// utils/seqlen_balancing.py (global_seqlen, here with one device). Names that begin with vppo/ are this project's. Pure.

import type { StepMetrics } from "@/protocol/training";
import type { TokenStats } from "@/rl/dependency";
import type { Reward } from "@/rl/reward/rewards";
import type { Generated } from "./experience/experience";

/** What the metrics of a step are made of; arrays have one entry per answer that was learnt from. */
export interface StepNumbers {
  readonly rewards: readonly Reward[];
  /** Before shaping. */
  readonly advantages: Float32Array;
  readonly alpha: Float32Array;
  /** Share of the total dependency that lies on kept tokens. */
  readonly keptShare: number;
  /** Optimizer steps that were left out because they were not finite. */
  readonly skipped: number;
  readonly promptTokens: readonly number[];
  readonly responseTokens: readonly number[];
  /** Limits of the two: an answer of `maxResponse` tokens was cut, or just fitted. */
  readonly maxPrompt: number;
  readonly maxResponse: number;
  readonly stats: readonly TokenStats[];
  /** How far rollouts were from exact ones, by name (rl/rolloutGap.ts). */
  readonly gap: StepMetrics;
  readonly generated: Generated;
  readonly seconds: {
    readonly gen: number;
    readonly reward: number;
    readonly old: number;
    readonly aug: number;
    readonly update: number;
    readonly step: number;
  };
}

/** Metrics by name; those of the update come from `policyPhase.ts`. */
export function stepMetrics(step: StepNumbers): StepMetrics {
  const { rewards, advantages, promptTokens, responseTokens, generated, seconds, stats } = step;
  const overall = rewards.map((reward) => reward.overall);
  const total = sum(promptTokens) + sum(responseTokens);
  // The official code takes them over valid tokens, so a long answer counts more; returns are the advantages in GRPO.
  const perToken = weighted(advantages, responseTokens);
  return {
    ...spread("critic/score", spreadOf(overall)),
    ...spread("critic/rewards", spreadOf(overall)),
    ...spread("critic/advantages", perToken),
    ...spread("critic/returns", perToken),
    "reward/overall": generated.overall,
    "reward/accuracy": generated.accuracy,
    ...(generated.format !== undefined && { "reward/format": generated.format }),
    ...lengths("response_length", responseTokens, step.maxResponse),
    ...lengths("prompt_length", promptTokens, step.maxPrompt),
    "global_seqlen/min": total,
    "global_seqlen/max": total,
    "global_seqlen/minmax_diff": 0,
    "global_seqlen/mean": total,
    "timing_s/gen": seconds.gen,
    "timing_s/reward": seconds.reward,
    ...(seconds.old > 0 && { "timing_s/old": seconds.old }),
    "timing_s/aug": seconds.aug,
    "timing_s/update_actor": seconds.update,
    "timing_s/step": seconds.step,
    "perf/total_num_tokens": total,
    "perf/time_per_step": seconds.step,
    "perf/throughput": total / seconds.step,
    "vppo/exact_kl_mean": tokenMean(stats.map(({ kl }) => kl)),
    "vppo/entropy_mean": tokenMean(stats.map(({ entropy }) => entropy)),
    "vppo/kept_dependency_share": step.keptShare,
    "vppo/alpha_min": Math.min(...step.alpha),
    "vppo/alpha_max": Math.max(...step.alpha),
    "vppo/skipped": step.skipped,
    "vppo/batches": generated.batches,
    ...step.gap,
  };
}

interface Spread {
  readonly mean: number;
  readonly max: number;
  readonly min: number;
}

function spreadOf(values: readonly number[]): Spread {
  return { mean: sum(values) / Math.max(1, values.length), max: Math.max(...values), min: Math.min(...values) };
}

/** Of values that count as often as their weight says. */
function weighted(values: ArrayLike<number>, weights: readonly number[]): Spread {
  const some = Array.from(values).filter((_, i) => (weights[i] as number) > 0);
  const products = weights.map((weight, i) => weight * (values[i] as number));
  return { mean: sum(products) / Math.max(1, sum(weights)), max: Math.max(...some), min: Math.min(...some) };
}

function spread(name: string, { mean, max, min }: Spread): StepMetrics {
  return { [`${name}/mean`]: mean, [`${name}/max`]: max, [`${name}/min`]: min };
}

function lengths(name: string, values: readonly number[], limit: number): StepMetrics {
  const clipped = values.filter((value) => value >= limit).length;
  return { ...spread(name, spreadOf(values)), [`${name}/clip_ratio`]: clipped / Math.max(1, values.length) };
}

function tokenMean(answers: readonly Float32Array[]): number {
  let [total, count] = [0, 0];
  for (const values of answers) {
    for (const value of values) total += value;
    count += values.length;
  }
  return total / Math.max(1, count);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
