// What the driver asks of the page and what comes back: plain data, as it goes into the report's JSON.

import type { GpuSnapshot } from "./counters";
import type { FeatureError, PerToken } from "./measure";
import type { PeerSize } from "./sizes";

/** Engines by the names that reports use. */
export const engineNames = ["ours", "transformers.js", "stock TF.js"] as const;
export type EngineName = (typeof engineNames)[number];

/** What one page does. */
export interface PeerPlan {
  readonly size: PeerSize;
  /** URL of the model folder and of node_modules, without a slash at the end. */
  readonly model: string;
  readonly modules: string;
  readonly engines: readonly EngineName[];
  readonly contexts: readonly number[];
  /** Tokens per answer and engine. */
  readonly tokens: Readonly<Record<EngineName, number>>;
  readonly repetitions: number;
  /** Tokens of the scoring pass; 0 for none. */
  readonly scoreTokens: number;
  readonly scoreRepetitions: number;
  /** Whether the first token about a picture is measured. */
  readonly picture: boolean;
  /** "small": hide subgroups where they are too small for onnxruntime-web's prefill to be right. */
  readonly subgroups: "small" | "hide" | "show";
}

/** Medians of the answers at one context length. */
export interface ContextResult {
  readonly context: number;
  readonly tokens: number;
  readonly timeToFirstTokenMs: number;
  readonly tokensPerSecond: number;
  readonly msPerToken: number;
  /** JavaScript and encoding per token (`GpuCounts.hostMs`). */
  readonly hostMsPerToken: number;
  /** Work per token of the last answer, steady state. */
  readonly perToken: PerToken;
  /** Work of the last answer until the first token, reading the prompt included. */
  readonly first: GpuSnapshot;
  /** Tokens equal to those of ONNX Runtime's CPU provider, from the front; absent without a reference. */
  readonly agreeing?: number;
}

/** A scoring pass, medians of `runs` with kernels compiled. */
export interface ScoreResult {
  readonly tokens: number;
  readonly runs: number;
  readonly ms: number;
  readonly readBytes: number;
  readonly work: GpuSnapshot;
}

/** The first token about one picture, medians of `runs` with kernels compiled. */
export interface PictureResult {
  /** Side in pixels. */
  readonly side: number;
  readonly imageTokens: number;
  readonly promptTokens: number;
  readonly runs: number;
  /** From decoded pixels to the token. */
  readonly ms: number;
  /** Pixels, JavaScript and encoding, up to the token's last call of WebGPU (`GpuCounts.hostMs`). */
  readonly hostMs: number;
  readonly token: number;
  /** Work of the last run. */
  readonly work: GpuSnapshot;
  /** Every run against ONNX Runtime's CPU provider; absent without a reference. */
  readonly isReferenceToken?: boolean;
  readonly features?: FeatureError;
}

/** One engine on one page. */
export interface EngineResult {
  readonly name: EngineName;
  readonly version: string;
  readonly notes: string;
  readonly loadMs: number;
  /** Load and first token of the very first answer, nothing compiled before. */
  readonly coldFirstTokenMs: number;
  readonly loaded: { readonly buffers: number; readonly bytes: number; readonly peakBytes: number };
  /** Live and peak while answering. */
  readonly answering: { readonly bytes: number; readonly peakBytes: number };
  readonly contexts: readonly ContextResult[];
  readonly score?: ScoreResult;
  readonly picture?: PictureResult;
}

/** Everything a page found. */
export interface PagePeerReport {
  readonly adapter: {
    readonly name: string;
    readonly features: readonly string[];
    readonly subgroupMinSize?: number | undefined;
  };
  readonly hiddenFeatures: readonly string[];
  readonly engines: readonly EngineResult[];
  /** What an engine could not do, in its own words. */
  readonly problems: readonly string[];
  readonly gpuErrors: readonly string[];
  readonly workers: number;
}
