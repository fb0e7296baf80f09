// The engine as the page sees it: calls through comlink, streams through a MessagePort passed with the call.

import type { AskRequest } from "./generation";
import type { MeasureRequest } from "./measure";
import type {
  CacheReport,
  LoadProgress,
  LoadTimes,
  MemoryPlan,
  MemoryUse,
  ModelPreview,
  ModelSource,
  PrecisionChoice,
} from "./model";
import type { RoofReport, SystemReport } from "./system";
import type { EvaluationReport, EvaluationRequest, TrainRequest, TrainSettings } from "./training";

export type BackendKind = "webgpu" | "wasm";

export interface DeviceReport {
  readonly backend: BackendKind;
  readonly adapter: string;
  readonly features: readonly string[];
  /** Why WebGPU is not used and what to switch on; absent when it is. */
  readonly fallback?: { readonly reason: string; readonly advice: string };
}

export interface ModelReport {
  readonly name: string;
  /** "SmolVLM", "Qwen2.5-VL", ... */
  readonly family: string;
  readonly parameters: number;
  readonly sizeBytes: number;
  readonly precision: PrecisionChoice;
  /** Side in pixels of the square that every picture becomes; absent where the size follows the picture. */
  readonly imageSize?: number;
  /** Tokens of prompt and answer together. */
  readonly contextTokens: number;
  readonly vocabularySize: number;
  /** Name of the adapter in use, if any. */
  readonly adapter?: string;
}

export type LoadEvent =
  | { readonly type: "device"; readonly device: DeviceReport }
  /** When it fits, every file is known to be there and the model that was in use makes room now; until then it is kept. */
  | { readonly type: "plan"; readonly plan: MemoryPlan }
  | { readonly type: "progress"; readonly progress: LoadProgress }
  | { readonly type: "notice"; readonly message: string }
  | { readonly type: "ready"; readonly model: ModelReport; readonly times: LoadTimes };

export interface LoadRequest {
  readonly source: ModelSource;
  readonly precision: PrecisionChoice;
  readonly backend: BackendKind | "auto";
  /** Keep the quantised weights on disk, so that the next load reads no network. */
  readonly useCache: boolean;
  readonly memory: MemoryUse;
  /** Another hub than huggingface.co: a mirror with the same addresses. */
  readonly hubHost?: string;
  /** GPU memory that may be used; an estimate from the adapter without it. */
  readonly budgetBytes?: number;
}

export interface AdapterFiles {
  readonly config: string;
  readonly weights: Uint8Array;
}

export interface MemoryReport {
  readonly tensors: number;
  readonly gpuBytes: number;
  readonly gpuPeakBytes: number;
  readonly dispatches: number;
  readonly submits: number;
}

/** All engine work happens behind this, one job at a time; a failed call rejects with an `ErrorReport`. */
export interface EngineApi {
  /** Reads a model's small files: what it is, what it would fetch, and whether it fits. */
  inspect(request: LoadRequest): Promise<ModelPreview>;
  /** Paths of a repository's files; empty where the server cannot tell. */
  listFiles(request: LoadRequest): Promise<readonly string[]>;
  /** Loads weights; `stop()` cancels, and what was cached stays for the next time. Refuses what the memory plan does not allow. */
  load(request: LoadRequest, events: MessagePort): Promise<ModelReport>;
  /** Stops and goes on fetching; the connection is closed meanwhile. */
  pauseLoad(paused: boolean): void;
  cachedModels(): Promise<CacheReport>;
  /** Deletes one cached model by its id, or every one. */
  deleteCached(id: string | "all"): Promise<CacheReport>;
  ask(request: AskRequest, events: MessagePort): Promise<void>;
  /** Compares answers that are there under other masks; one `MeasureEvent` per mask. */
  measure(request: MeasureRequest, events: MessagePort): Promise<void>;
  /** Takes steps until `stop()` or until all are done. */
  train(request: TrainRequest, events: MessagePort): Promise<void>;
  /** Settings for the steps after the present one of a training that runs. */
  changeTraining(settings: TrainSettings): void;
  /** The sandbox that runs the user's reward function answers on this port (`protocol/sandbox.ts`). */
  connectRewards(port: MessagePort): void;
  /** Cancels loading, stops the running ask at the next token, or training after the current step's safe point. */
  stop(): void;
  /** Discards adapter and optimizer state. */
  resetTraining(): Promise<void>;
  evaluate(request: EvaluationRequest, events: MessagePort): Promise<EvaluationReport>;
  saveAdapter(): Promise<AdapterFiles>;
  loadAdapter(files: AdapterFiles, name: string): Promise<ModelReport>;
  memory(): Promise<MemoryReport>;
  /** Memory by purpose and what the last jobs cost; answers while a job runs, too. */
  system(): Promise<SystemReport>;
  /** Times kernels from the next job on, where the device has timestamps; costs time while it is on. */
  measureKernels(on: boolean): void;
  /** Measures the adapter's ceilings, between jobs; null without a GPU. */
  measureAdapter(): Promise<RoofReport | null>;
  /** Makes a fresh device after a loss and restores weights and the last good adapter. */
  recover(): Promise<DeviceReport>;
}
