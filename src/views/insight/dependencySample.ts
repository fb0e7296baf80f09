// A set of rollouts and what their dependency looks like: chosen by steps, reward and family; medians and how much of all dependency the
// strongest tokens hold (paper, section 3.1: Fig. 3 tokens, Fig. 4 trajectories). Pure.

import type { StepReport, TrainRollout } from "@/protocol/training";

/** What of a rollout is looked at; `family` is "" where there is none. */
export interface SampledRollout extends Pick<TrainRollout, "reward" | "family" | "dependency"> {
  readonly step: number | null;
}

export interface SampleFilter {
  /** Steps from … to …, ends included; null takes all. */
  readonly steps: readonly [from: number, to: number] | null;
  readonly answers: "all" | "right" | "wrong";
  /** "" takes all. */
  readonly family: string;
}

export interface DependencySample {
  readonly rollouts: number;
  /** S_t of all tokens. */
  readonly tokens: Float32Array;
  /** Mean S_t per rollout. */
  readonly means: Float32Array;
  /** NaN without values. */
  readonly tokenMedian: number;
  readonly meanMedian: number;
  /** Shares of the total dependency in the top 10, 20 and 40 % of tokens over all; NaN without any dependency. */
  readonly topShares: readonly { readonly share: number; readonly holds: number }[];
}

const topShares = [0.1, 0.2, 0.4];

/** The rollouts of reports, each with its step. */
export function rolloutsOfReports(reports: readonly StepReport[]): readonly SampledRollout[] {
  return reports.flatMap(({ step, rollouts }) =>
    rollouts.map(({ reward, family, dependency }) => ({ step, reward, family, dependency })),
  );
}

/** Families of rollouts, each once, sorted. */
export function familiesOf(rollouts: readonly SampledRollout[]): readonly string[] {
  return [...new Set(rollouts.map(({ family }) => family))].filter((family) => family !== "").sort();
}

/** The statistics of the rollouts that pass the filter. */
export function dependencySample(rollouts: readonly SampledRollout[], filter: SampleFilter): DependencySample {
  const chosen = rollouts.filter((rollout) => passes(rollout, filter));
  const tokens = new Float32Array(chosen.reduce((sum, { dependency }) => sum + dependency.length, 0));
  let at = 0;
  for (const { dependency } of chosen) {
    tokens.set(dependency, at);
    at += dependency.length;
  }
  const means = Float32Array.from(
    chosen.filter(({ dependency }) => dependency.length > 0),
    ({ dependency }) => sum(dependency) / dependency.length,
  );
  const sorted = tokens.slice().sort();
  return {
    rollouts: chosen.length,
    tokens,
    means,
    tokenMedian: median(sorted),
    meanMedian: median(means.slice().sort()),
    topShares: topShares.map((share) => ({ share, holds: topShare(sorted, share) })),
  };
}

function passes({ step, reward, family }: SampledRollout, filter: SampleFilter): boolean {
  const { steps } = filter;
  if (steps && step !== null && (step < steps[0] || step > steps[1])) return false;
  if (filter.answers !== "all" && reward > 0 !== (filter.answers === "right")) return false;
  return filter.family === "" || filter.family === family;
}

/** Middle of ascending values; NaN of none. */
export function median(sorted: Float32Array): number {
  const middle = sorted.length >> 1;
  const high = sorted[middle];
  if (high === undefined) return Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] as number) + high) / 2;
}

/** What the top ⌈share · n⌉ of ascending values hold of their sum. */
export function topShare(sorted: Float32Array, share: number): number {
  const total = sum(sorted);
  if (!(total > 0)) return Number.NaN;
  // The same rounding up as the token filter's.
  const count = Math.ceil(Math.fround(share * sorted.length));
  return sum(sorted.subarray(sorted.length - count)) / total;
}

function sum(values: Float32Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
