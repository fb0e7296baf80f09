// Training: settings in, one report per optimizer step out.

import type { RgbImage } from "@/image/rgbImage";
import type { PolicySettings } from "@/rl/settings";
import type { SamplingSettings, TokenChunk, TokenTexts } from "./generation";
import type { MaskSettings, PixelLimits } from "./image";

export interface TrainSettings {
  readonly policy: PolicySettings;
  readonly sampling: SamplingSettings;
  readonly mask: MaskSettings;
  readonly pixels?: PixelLimits;
  readonly task: string;
  readonly promptsPerStep: number;
  readonly rolloutsPerPrompt: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly maxGradNorm: number;
  readonly loraRank: number;
  readonly loraAlpha: number;
  readonly seed: number;
}

/** One trajectory of a step, for the Rollouts panel. */
export interface TrainRollout {
  readonly prompt: number;
  readonly question: string;
  readonly answer: string;
  readonly family: string;
  readonly text: string;
  readonly reward: number;
  readonly advantage: number;
  readonly alpha: number;
  readonly meanDependency: number;
  readonly length: number;
  /** Tokens with dependency; only for the first `keptTokens` prompts of a step. */
  readonly tokens?: TokenChunk;
}

/** Metric names are those of the official logger where it has one; see `state/metrics.ts` for label, unit and meaning. */
export type StepMetrics = Readonly<Record<string, number>>;

export interface StepReport {
  readonly step: number;
  readonly metrics: StepMetrics;
  readonly rollouts: readonly TrainRollout[];
  readonly images: readonly RgbImage[];
  readonly texts: TokenTexts;
}

export type TrainPhase = "rollouts" | "scoring" | "update" | "evaluating";

export type TrainEvent =
  | { readonly type: "phase"; readonly phase: TrainPhase; readonly done: number; readonly total: number }
  | { readonly type: "step"; readonly report: StepReport }
  | { readonly type: "notice"; readonly message: string }
  | { readonly type: "stopped"; readonly step: number; readonly reason: "paused" | "failed"; readonly message?: string };

export interface EvaluationRequest {
  readonly task: string;
  readonly problems: number;
  readonly rollouts: number;
  readonly temperature: number;
  readonly masked: boolean;
  readonly pixels?: PixelLimits;
  readonly seed: number;
}

export interface EvaluationReport {
  readonly accuracy: number;
  readonly parseable: number;
  readonly problems: number;
  readonly rollouts: number;
  readonly perFamily: Readonly<Record<string, { readonly accuracy: number; readonly count: number }>>;
  readonly meanLength: number;
}
