import { describe, expect, it } from "vitest";
import { tasks } from "@/tasks/registry";
import { type TrainSettings, trainDefaults } from "./training";
import { fixedSettingsError, trainSettingsError, trainSettingsErrors } from "./trainingChecks";

const { sampling, mask, policy, reward } = trainDefaults;
const impossible: readonly (readonly [key: string, change: Partial<TrainSettings>])[] = [
  ["rolloutsPerPrompt", { rolloutsPerPrompt: 1 }],
  ["promptsPerStep", { promptsPerStep: 0 }],
  ["promptsPerStep", { promptsPerStep: 2.5 }],
  ["promptsPerUpdate", { promptsPerUpdate: 5 }],
  ["promptsPerUpdate", { promptsPerUpdate: 24 }],
  ["ppoEpochs", { ppoEpochs: 0 }],
  ["maskDraws", { maskDraws: 0 }],
  ["maxTryMakeBatch", { maxTryMakeBatch: 0 }],
  ["filterHigh", { onlineFiltering: true, filterLow: 0.9, filterHigh: 0.9 }],
  ["filterLow", { filterLow: Number.NaN }],
  ["learningRate", { learningRate: Number.NaN }],
  ["lrWarmupSteps", { lrSchedule: "cosine", lrWarmupSteps: 20, maxSteps: 20 }],
  ["policy.klCoef", { trainable: "full", policy: { ...policy, klCoef: 0.01 } }],
  ["learningRate", { learningRate: -1e-3 }],
  ["lrSchedule", { lrSchedule: "wild" as "cosine" }],
  ["weightDecay", { weightDecay: Number.POSITIVE_INFINITY }],
  ["maxGradNorm", { maxGradNorm: 0 }],
  ["loraRank", { loraRank: 0 }],
  ["loraRank", { loraRank: 6 }],
  ["loraAlpha", { loraAlpha: Number.NaN }],
  ["loraTargets", { loraTargets: [] }],
  ["loraTargets", { loraTargets: ["ears" as "text"] }],
  ["trainable", { trainable: "half" as "full" }],
  ["seed", { seed: 0.5 }],
  ["sampling.temperature", { sampling: { ...sampling, temperature: 0 } }],
  ["sampling.topP", { sampling: { ...sampling, topP: 0 } }],
  ["sampling.maxNewTokens", { sampling: { ...sampling, maxNewTokens: 0 } }],
  ["mask.ratio", { mask: { ...mask, ratio: Number.NaN } }],
  ["mask.strategy", { mask: { ...mask, strategy: "region" } }],
  ["policy.keepRatio", { policy: { ...policy, keepRatio: 0 } }],
  ["policy.keepRatio", { policy: { ...policy, keepRatio: Number.NaN } }],
  ["task", { task: "chess" }],
  ["difficulty", { difficulty: 77 }],
  ["reward.kind", { reward: { ...reward, kind: "luck" as "exact" } }],
  ["reward.tolerance", { reward: { ...reward, tolerance: -1 } }],
  ["reward.source", { reward: { ...reward, kind: "custom" } }],
  ["reward.source", { reward: { ...reward, kind: "custom", source: "  " } }],
];

describe("training settings", () => {
  it("that the page starts with can work, and so can other batches and full weights", () => {
    expect(trainSettingsError(trainDefaults, tasks)).toBeUndefined();
    const split = { ...trainDefaults, promptsPerUpdate: 4, ppoEpochs: 2, onlineFiltering: true };
    expect(trainSettingsError(split, tasks)).toBeUndefined();
    const full: TrainSettings = { ...trainDefaults, trainable: "full", loraTargets: [], loraRank: 0 };
    expect(trainSettingsError(full, tasks)).toBeUndefined();
  });

  it.each(impossible)("that cannot work are refused at %s: %j", (key, change) => {
    const error = trainSettingsError({ ...trainDefaults, ...change }, tasks);
    expect(error?.key).toBe(key);
    expect(error?.message).toMatch(/^The setting .+ cannot be used: .+\. .+\.$/);
  });

  it("that cannot work are all told, each once", () => {
    const several = { ...trainDefaults, learningRate: -1, task: "chess", policy: { ...policy, keepRatio: 0 } };
    expect(trainSettingsErrors(several, tasks).map(({ key }) => key)).toEqual(["learningRate", "task", "policy.keepRatio"]);
    const twice = { ...trainDefaults, lrSchedule: "linear" as const, lrWarmupSteps: Number.POSITIVE_INFINITY };
    expect(trainSettingsErrors(twice, tasks).map(({ message }) => message)).toEqual([
      "The setting lrWarmupSteps cannot be used: its value is Infinity. Allowed: 0 or more steps.",
    ]);
    expect(trainSettingsErrors(trainDefaults, tasks)).toEqual([]);
  });

  it("of a warm-up longer than the schedule or a KL without adapter are fine where the other setting is not in use", () => {
    const constant: TrainSettings = { ...trainDefaults, lrSchedule: "constant", lrWarmupSteps: 20, maxSteps: 10 };
    expect(trainSettingsErrors(constant, tasks)).toEqual([]);
    expect(trainSettingsErrors({ ...trainDefaults, policy: { ...policy, klCoef: 0.01 } }, tasks)).toEqual([]);
  });

  it("that make the adapter or the problems another cannot change within a run; the others can", () => {
    const changed = { ...trainDefaults, learningRate: 1e-4, rolloutsPerPrompt: 4, difficulty: 1, maskDraws: 2 };
    expect(fixedSettingsError(trainDefaults, changed)).toBeUndefined();
    expect(fixedSettingsError(trainDefaults, { ...trainDefaults, loraRank: 4 })?.key).toBe("loraRank");
    expect(fixedSettingsError(trainDefaults, { ...trainDefaults, loraTargets: ["text", "vision"] })?.key).toBe("loraTargets");
    expect(fixedSettingsError(trainDefaults, { ...trainDefaults, trainable: "full" })?.key).toBe("trainable");
    const full: TrainSettings = { ...trainDefaults, trainable: "full" };
    expect(fixedSettingsError(full, { ...full, loraRank: 4 })).toBeUndefined();
  });
});
