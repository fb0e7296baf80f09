// Turns the knobs into the messages the engine takes. Pure; the only place where setting names meet protocol names.

import { UserError } from "@/lib/errors";
import type { BackendKind, LoadRequest } from "@/protocol/engine";
import type { AskRequest, SamplingSettings } from "@/protocol/generation";
import type { MaskSettings, PixelLimits } from "@/protocol/image";
import type { MemoryUse, ModelSource, PrecisionChoice } from "@/protocol/model";
import type { LoraTarget, RewardSettings, TrainSettings } from "@/protocol/training";
import { isEmbedded } from "./models/modelCatalogue";
import { policyOf } from "./presets";
import type { Region } from "./selection";
import type { AskInput } from "./session";
import type { Settings } from "./settings";

/** Alternatives kept per token and condition: enough for the inspector, small enough to stream. */
export const shownAlternatives = 8;
const longestQuestion = 4000;
/** Pictures of one question, the first included; the engine takes no more. */
export const mostPictures = 8;

/** The input cannot be asked. */
export class AskInputError extends UserError {
  override readonly name = "AskInputError";
}

/** Sampling part of a request. */
export function samplingOf({ temperature, topP, topK, seed, maxNewTokens }: Settings): SamplingSettings {
  return { temperature, topP, topK, seed, maxNewTokens };
}

/** Mask part of a request. */
export function maskOf(settings: Settings, region: Region | null): MaskSettings {
  const { maskStrategy, maskRatio, maskCellSize, maskSeed, maskSharing } = settings;
  return {
    strategy: maskStrategy,
    ratio: maskRatio,
    cellSize: maskCellSize,
    seed: maskSeed,
    sharing: maskSharing,
    ...(region ? { region } : {}),
  };
}

/** Pixel limits of a request; empty where the model's own hold. A lower limit above the upper one gives way. */
export function pixelsOf({ minPixels, maxPixels }: Pick<Settings, "minPixels" | "maxPixels">): { readonly pixels?: PixelLimits } {
  const pixels: PixelLimits = {
    ...(minPixels > 0 ? { minPixels: maxPixels > 0 ? Math.min(minPixels, maxPixels) : minPixels } : {}),
    ...(maxPixels > 0 ? { maxPixels } : {}),
  };
  return minPixels > 0 || maxPixels > 0 ? { pixels } : {};
}

/** Number formats of a load. */
export function precisionOf({ textFormat, visionFormat, headFormat, groupSize }: Settings): PrecisionChoice {
  const sizes = { "32": 32, "64": 64, "128": 128 } as const;
  return { text: textFormat, vision: visionFormat, head: headFormat, groupSize: sizes[groupSize] };
}

const loraTargets: Readonly<Record<Settings["loraTargets"], readonly LoraTarget[]>> = {
  text: ["text"],
  text_projector: ["text", "projector"],
  text_projector_vision: ["text", "projector", "vision"],
};

/** What the memory plan depends on besides the weights. */
export function memoryUseOf({
  contextTokens,
  maxNewTokens,
  rollouts,
  rolloutsPerPrompt,
  loraRank,
  trainable,
  maxPixels,
  ...settings
}: Settings): MemoryUse {
  // Room for a picture and a question stays.
  const answerTokens = Math.min(maxNewTokens, Math.max(Math.floor(contextTokens / 2), contextTokens - 512));
  // Qwen2.5-VL has the smallest image tokens: 28 × 28 pixels.
  const pictureTokens = maxPixels > 0 ? { pictureTokens: Math.ceil(maxPixels / 28 ** 2) } : {};
  const trained = { loraRank, loraTargets: loraTargets[settings.loraTargets], trainable };
  return { contextTokens, answerTokens, ...pictureTokens, rollouts: Math.max(rollouts, rolloutsPerPrompt), ...trained };
}

const gibibyte = 2 ** 30;

/** The request that looks at a model or loads it. */
export function loadRequestOf(source: ModelSource, settings: Settings, backend: BackendKind | "auto"): LoadRequest {
  return {
    source,
    precision: precisionOf(settings),
    backend,
    useCache: !isEmbedded(source),
    memory: memoryUseOf(settings),
    ...(settings.memoryGiB > 0 ? { budgetBytes: settings.memoryGiB * gibibyte } : {}),
  };
}

/** The request Ask sends; throws AskInputError when there is nothing to ask. */
export function askRequestOf(input: AskInput, settings: Settings, region: Region | null): AskRequest {
  const question = input.question.trim();
  if (!input.image) throw new AskInputError("Nothing was asked", "there is no image", "Pick a sample or drop a picture");
  if (question === "") throw new AskInputError("Nothing was asked", "the question is empty", "Type a question about the image");
  if (question.length > longestQuestion) {
    const why = `the question has ${question.length} characters and ${longestQuestion} are allowed`;
    throw new AskInputError("Nothing was asked", why, "Shorten the question");
  }
  if (settings.maskStrategy === "region" && !region) {
    throw new AskInputError(
      "Nothing was asked",
      "the mask is a region and none is drawn",
      "Draw a rectangle on the image or choose another mask",
    );
  }
  return {
    image: input.image,
    ...(input.moreImages.length > 0 ? { moreImages: input.moreImages } : {}),
    question,
    rollouts: settings.rollouts,
    sampling: samplingOf(settings),
    mask: maskOf(settings, region),
    ...pixelsOf(settings),
    topK: shownAlternatives,
  };
}

/** How answers are graded; the user's own function only where it is chosen. */
export function rewardOf({ rewardKind, rewardTolerance, rewardSource }: Settings): RewardSettings {
  return { kind: rewardKind, tolerance: rewardTolerance, ...(rewardKind === "custom" ? { source: rewardSource } : {}) };
}

/** The task that is trained and evaluated on; without a difficulty it takes its own. */
export function taskOf({ task, difficulty }: Settings): Pick<TrainSettings, "task" | "difficulty"> {
  return { task, ...(difficulty === "0" ? {} : { difficulty: Number(difficulty) }) };
}

/** The settings of a training run. What cannot be used in them is told by `settingProblems`. */
export function trainSettingsOf(settings: Settings): TrainSettings {
  const { promptsPerStep, rolloutsPerPrompt, promptsPerUpdate, ppoEpochs, maskDraws, seed } = settings;
  const { onlineFiltering, filterLow, filterHigh, maxTryMakeBatch, measureMoves, measureVariance } = settings;
  const { learningRate, lrSchedule, lrWarmupSteps, minLrRatio, maxSteps, weightDecay, maxGradNorm } = settings;
  const { trainable, loraRank, loraAlpha, rolloutArithmetic } = settings;
  return {
    policy: policyOf(settings),
    sampling: samplingOf(settings),
    mask: maskOf(settings, null),
    maskDraws,
    ...pixelsOf(settings),
    ...taskOf(settings),
    reward: rewardOf(settings),
    promptsPerStep,
    rolloutsPerPrompt,
    onlineFiltering,
    filterLow,
    filterHigh,
    maxTryMakeBatch,
    promptsPerUpdate,
    ppoEpochs,
    rolloutArithmetic,
    learningRate,
    lrSchedule,
    lrWarmupSteps,
    minLrRatio,
    maxSteps,
    weightDecay,
    maxGradNorm,
    trainable,
    loraRank,
    loraAlpha,
    loraTargets: loraTargets[settings.loraTargets],
    seed,
    measureMoves,
    measureVariance,
  };
}
