// Choosing, planning and loading a model, as the page and the engine talk about it.

import type { LoraTarget } from "./training";

/** Number format of a part's matrices. */
export type WeightFormat = "f32" | "f16" | "int8" | "int4";

/** Number format per part (models/weights.ts has the rules); `groupSize` columns share a scale. */
export interface PrecisionChoice {
  readonly text: WeightFormat;
  readonly vision: WeightFormat;
  readonly head: WeightFormat;
  readonly groupSize: 32 | 64 | 128;
}

/** GGUF files inside a source; without it the source is a Hugging Face folder of safetensors. */
export interface GgufFiles {
  readonly model: string;
  /** The vision tower's file. */
  readonly projector: string;
}

/** A file the user dropped or picked; it never leaves the machine. */
export interface LocalFile {
  /** Path inside the chosen folder. */
  readonly path: string;
  readonly file: File;
}

/** Where a model's files are. */
export type ModelSource =
  | { readonly kind: "url"; readonly url: string; readonly gguf?: GgufFiles }
  | { readonly kind: "hub"; readonly repo: string; readonly revision: string; readonly token?: string; readonly gguf?: GgufFiles }
  | { readonly kind: "files"; readonly name: string; readonly files: readonly LocalFile[]; readonly gguf?: GgufFiles };

/** What the memory figure depends on besides the weights. */
export interface MemoryUse {
  /** Tokens of prompt and answer. */
  readonly contextTokens: number;
  /** Of these, tokens of the answer; half without it. */
  readonly answerTokens?: number;
  /** Of the prompt's tokens, those of its picture; all without it. */
  readonly pictureTokens?: number;
  /** Answers that decode together, before masked twins. */
  readonly rollouts: number;
  readonly loraRank: number;
  /** Parts the adapter is attached to; the decoder without it. */
  readonly loraTargets?: readonly LoraTarget[];
  /** "full" trains every weight instead of an adapter. */
  readonly trainable?: "lora" | "full";
}

/** One line of a memory plan. */
export interface MemoryLine {
  readonly what:
    | "vision weights"
    | "text weights"
    | "embedding and head"
    | "KV cache"
    | "decoding"
    | "training step"
    | "trained weights";
  readonly bytes: number;
}

/** GPU memory a model will take, computed from its configuration before any weight is fetched. */
export interface MemoryPlan {
  readonly lines: readonly MemoryLine[];
  /** Weights alone: what loading allocates. */
  readonly weightBytes: number;
  /** The most that exists at one time. */
  readonly peakBytes: number;
  /** What may be used: the user's figure, or an estimate from the adapter. */
  readonly budgetBytes: number;
  readonly fits: boolean;
  /** The nearest choice that fits; absent when the plan fits or nothing does. */
  readonly proposal?: { readonly precision: PrecisionChoice; readonly use: MemoryUse; readonly peakBytes: number };
}

/** What is known of a model after reading its small files. */
export interface ModelPreview {
  readonly name: string;
  /** "Qwen2.5-VL" */
  readonly family: string;
  readonly parameters: number;
  /** Bytes of weight files to fetch for this choice; 0 when all of it is cached. */
  readonly downloadBytes: number;
  readonly cachedBytes: number;
  /** The exact revision that was looked at, where the server names one. */
  readonly revision?: string;
  readonly plan: MemoryPlan;
}

/** One file while loading. */
export interface FileProgress {
  readonly name: string;
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

/** Where loading stands; sent a few times a second. */
export interface LoadProgress {
  readonly files: readonly FileProgress[];
  /** Weights that are on the device, of all. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Of `doneBytes`, those that came from the cache. */
  readonly cachedBytes: number;
  /** Network bytes per second over the last seconds; 0 while paused. */
  readonly bytesPerSecond: number;
  /** Unknown until there is a speed. */
  readonly secondsLeft?: number;
  readonly paused: boolean;
  /** What loading waits for, when it does: "the server asked to wait 20 s". */
  readonly waiting?: string;
}

/** Where the time of a load went. */
export interface LoadTimes {
  readonly networkMs: number;
  readonly quantizeMs: number;
  readonly uploadMs: number;
  readonly cacheMs: number;
  readonly totalMs: number;
}

/** A model in the cache. */
export interface CachedModel {
  readonly id: string;
  readonly name: string;
  readonly precision: PrecisionChoice;
  readonly bytes: number;
  /** False while part of it is still to be fetched. */
  readonly complete: boolean;
  /** Milliseconds since 1970. */
  readonly lastUsed: number;
}

/** The cache and what the browser grants it. */
export interface CacheReport {
  readonly models: readonly CachedModel[];
  readonly usedBytes: number;
  /** Undefined where the browser does not say. */
  readonly quotaBytes?: number;
  /** Why nothing can be cached here; absent when it can. */
  readonly unavailable?: string;
}
