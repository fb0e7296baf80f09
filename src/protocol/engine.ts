// The engine as the page sees it: calls through comlink, streams through a MessagePort passed with the call.

import type { AskEvent, AskRequest } from "./generation";
import type { EvaluationReport, EvaluationRequest, TrainEvent, TrainSettings } from "./training";

export type BackendKind = "webgpu" | "wasm";
export type WeightFormat = "int8" | "f32" | "int4";

export interface DeviceReport {
  readonly backend: BackendKind;
  readonly adapter: string;
  readonly features: readonly string[];
  /** Why WebGPU is not used and what to switch on; absent when it is. */
  readonly fallback?: { readonly reason: string; readonly advice: string };
}

export interface ModelReport {
  readonly name: string;
  readonly family: string;
  readonly parameters: number;
  readonly sizeBytes: number;
  readonly format: WeightFormat;
  readonly imageSize: number;
  readonly imageTokens: number;
  readonly vocabularySize: number;
  /** Name of the adapter in use, if any. */
  readonly adapter?: string;
}

export type LoadEvent =
  | { readonly type: "device"; readonly device: DeviceReport }
  | { readonly type: "file"; readonly file: string; readonly loadedBytes: number; readonly totalBytes: number }
  | { readonly type: "ready"; readonly model: ModelReport };

export interface LoadRequest {
  /** Folder of the checkpoint, absolute URL ending in "/". */
  readonly url: string;
  readonly format: WeightFormat;
  readonly backend: BackendKind | "auto";
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
  load(request: LoadRequest, events: MessagePort): Promise<ModelReport>;
  ask(request: AskRequest, events: MessagePort): Promise<void>;
  /** Takes optimizer steps until `pause()` or `steps` are done. */
  train(settings: TrainSettings, steps: number, events: MessagePort): Promise<void>;
  /** Stops the running ask at the next token, or training after the current step's safe point. */
  stop(): void;
  /** Discards adapter and optimizer state. */
  resetTraining(): Promise<void>;
  evaluate(request: EvaluationRequest, events: MessagePort): Promise<EvaluationReport>;
  saveAdapter(): Promise<AdapterFiles>;
  loadAdapter(files: AdapterFiles, name: string): Promise<ModelReport>;
  memory(): Promise<MemoryReport>;
  /** Makes a fresh device after a loss and restores weights and the last good adapter. */
  recover(): Promise<DeviceReport>;
}

export type EngineEvent = LoadEvent | AskEvent | TrainEvent;
