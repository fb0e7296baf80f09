// The gate for training settings that were stored or come from a file. A setting that did not exist when they were written takes
// today's default, so that old runs stay readable; what the engine can do with the values is checked there, not here.

import * as v from "valibot";
import type { SamplingSettings } from "@/protocol/generation";
import type { MaskSettings, PixelLimits } from "@/protocol/image";
import { type RewardSettings, type StepRecipe, type TrainSettings, trainDefaults } from "@/protocol/training";
import { type DependencyMeasure, dependencyMeasures } from "@/rl/dependency";
import { rewardKinds } from "@/rl/reward/rewardKind";
import type { PolicySettings } from "@/rl/settings";

export type Schema<T> = v.GenericSchema<unknown, T>;

export const finite = v.pipe(v.number(), v.finite());
const isMeasure = (value: unknown): value is DependencyMeasure =>
  typeof value === "string" && Object.hasOwn(dependencyMeasures, value);
const longestSource = 200_000;
const shortText = v.pipe(v.string(), v.maxLength(200));

const policySchema: Schema<PolicySettings> = v.object({
  keepRatio: finite,
  betaMin: finite,
  betaMax: v.union([v.literal("dynamic"), finite]),
  dependencyMeasure: v.custom<DependencyMeasure>(isMeasure),
  tokenSelection: v.picklist(["all", "dependency", "entropy", "either", "random", "soft"]),
  entropyKeepRatio: finite,
  shaping: v.picklist(["off", "advantage", "reward"]),
  entropyPenaltyCoef: finite,
  aggregation: v.picklist(["token", "seq"]),
  lossType: v.picklist(["default", "gspo", "gspo_token", "cispo"]),
  clipLow: finite,
  clipHigh: finite,
  clipDual: finite,
  klCoef: finite,
  klPenalty: v.picklist(["kl", "abs", "mse", "low_var_kl"]),
  papoKlCoef: finite,
  papoEntropyCoef: finite,
  papoMaskedEntropyCoef: finite,
  microBatchSize: v.union([v.literal("whole"), finite]),
});

/** The gate for what a stored step was taken with. */
export const recipeSchema: Schema<StepRecipe> = v.object({
  policy: policySchema,
  promptsPerUpdate: finite,
  ppoEpochs: finite,
  maxGradNorm: finite,
});

const samplingSchema: Schema<SamplingSettings> = v.object({
  temperature: finite,
  topP: finite,
  topK: finite,
  seed: finite,
  maxNewTokens: finite,
});

const maskSchema: Schema<MaskSettings> = v.object({
  strategy: v.picklist(["patch_blackening", "gaussian_noise", "blur", "grey", "whole", "region"]),
  ratio: finite,
  cellSize: finite,
  seed: finite,
  sharing: v.picklist(["trajectory", "shared"]),
  region: v.exactOptional(v.tuple([finite, finite, finite, finite])),
});

const pixelsSchema: Schema<PixelLimits> = v.object({ minPixels: v.exactOptional(finite), maxPixels: v.exactOptional(finite) });

/** The gate for how answers are graded. */
export const rewardSchema: Schema<RewardSettings> = v.object({
  kind: v.picklist(rewardKinds),
  tolerance: finite,
  source: v.exactOptional(v.pipe(v.string(), v.maxLength(longestSource))),
});

const wholeSchema: Schema<TrainSettings> = v.object({
  policy: policySchema,
  sampling: samplingSchema,
  mask: maskSchema,
  maskDraws: finite,
  pixels: v.exactOptional(pixelsSchema),
  task: shortText,
  difficulty: v.exactOptional(finite),
  reward: rewardSchema,
  promptsPerStep: finite,
  rolloutsPerPrompt: finite,
  onlineFiltering: v.boolean(),
  filterLow: finite,
  filterHigh: finite,
  maxTryMakeBatch: finite,
  promptsPerUpdate: finite,
  ppoEpochs: finite,
  rolloutArithmetic: v.picklist(["f32", "f16", "int8"]),
  learningRate: finite,
  lrSchedule: v.picklist(["constant", "cosine", "linear"]),
  lrWarmupSteps: finite,
  minLrRatio: finite,
  maxSteps: finite,
  weightDecay: finite,
  maxGradNorm: finite,
  trainable: v.picklist(["lora", "full"]),
  loraRank: finite,
  loraAlpha: finite,
  loraTargets: v.pipe(v.array(v.picklist(["text", "projector", "vision"])), v.maxLength(3)),
  seed: finite,
  measureMoves: v.boolean(),
  measureVariance: v.boolean(),
});

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;

/** Training settings; missing ones are today's defaults. */
export const trainSettingsSchema: Schema<TrainSettings> = v.pipe(
  v.unknown(),
  v.transform((value) =>
    isRecord(value)
      ? { ...trainDefaults, ...value, policy: { ...trainDefaults.policy, ...(isRecord(value.policy) ? value.policy : {}) } }
      : value,
  ),
  wholeSchema,
);

/**
 * The same settings with their fields in the order in which stored ones come back, so that a run that goes on writes the same bytes as
 * one that was never interrupted. Settings that cannot be stored are returned as they are; the engine refuses them.
 */
export function inStoredOrder(settings: TrainSettings): TrainSettings {
  const result = v.safeParse(trainSettingsSchema, settings);
  return result.success ? result.output : settings;
}
