// Training: settings in, one report per step out. A step draws prompts, rolls them out, and takes one or several optimizer steps
// on them. Names and defaults are those of the official trainer (VPPO-RL, EasyR1) where it has them, scaled to one small GPU.

import type { RgbImage } from "@/image/rgbImage";
import type { ProblemOutcome } from "@/rl/evaluation";
import type { RewardKind } from "@/rl/reward/rewardKind";
import { officialDefaults, type PolicySettings } from "@/rl/settings";
import type { SamplingSettings, TokenChunk, TokenTexts } from "./generation";
import type { MaskSettings, PixelLimits } from "./image";

/** How an answer is graded (`worker.reward.reward_function`). */
export interface RewardSettings {
  readonly kind: RewardKind;
  /** Numeric answers: allowed relative or absolute difference. */
  readonly tolerance: number;
  /** The user's own function, TypeScript or JavaScript; only for kind "custom". */
  readonly source?: string;
}

/** What products of decoding steps are computed in; f32 is exact. */
export type RolloutArithmetic = "f32" | "f16" | "int8";

/** Parts of the model that LoRA may be attached to. */
export type LoraTarget = "text" | "projector" | "vision";

export interface TrainSettings {
  readonly policy: PolicySettings;
  readonly sampling: SamplingSettings;
  readonly mask: MaskSettings;
  /** Masks per trajectory over which its dependency is averaged; the official code has one. */
  readonly maskDraws: number;
  readonly pixels?: PixelLimits;

  readonly task: string;
  /** One of the task's difficulties; its default without it. */
  readonly difficulty?: number;
  readonly reward: RewardSettings;

  /** `data.rollout_batch_size`. */
  readonly promptsPerStep: number;
  /** G (`worker.rollout.n`). */
  readonly rolloutsPerPrompt: number;
  /** Dynamic sampling: groups with a mean accuracy outside (filterLow, filterHigh) are replaced (`algorithm.online_filtering`). */
  readonly onlineFiltering: boolean;
  readonly filterLow: number;
  readonly filterHigh: number;
  /** Batches of prompts drawn at most for one step (`trainer.max_try_make_batch`). */
  readonly maxTryMakeBatch: number;
  /** Prompts per optimizer step (`worker.actor.global_batch_size`); 0 takes all at once. */
  readonly promptsPerUpdate: number;
  /** Passes over the rollouts of a step (`worker.actor.ppo_epochs`). */
  readonly ppoEpochs: number;
  /** Anything but f32 samples from a policy that differs a little; what the update learns from is then scored exactly. */
  readonly rolloutArithmetic: RolloutArithmetic;

  readonly learningRate: number;
  /** `worker.actor.optim.warmup_style`. */
  readonly lrSchedule: "constant" | "cosine" | "linear";
  /** Steps until the learning rate is full (`lr_warmup_steps`). */
  readonly lrWarmupSteps: number;
  /** Share of the learning rate at the end of the schedule (`min_lr_ratio`). */
  readonly minLrRatio: number;
  /** Steps of the whole schedule (`trainer.max_steps`); a constant schedule does not need it. */
  readonly maxSteps: number;
  readonly weightDecay: number;
  readonly maxGradNorm: number;

  /** LoRA over a frozen base, or every weight of a small model. */
  readonly trainable: "lora" | "full";
  readonly loraRank: number;
  readonly loraAlpha: number;
  readonly loraTargets: readonly LoraTarget[];

  readonly seed: number;
  /** Measure how the update moved each reported token's log-prob, and the variance of the gradient. */
  readonly measureMoves: boolean;
  readonly measureVariance: boolean;
}

/** What the page starts with: the official recipe, with a batch, an adapter and a learning rate for the embedded model. */
export const trainDefaults: TrainSettings = {
  policy: officialDefaults,
  sampling: { temperature: 1, topP: 1, topK: 0, seed: 1, maxNewTokens: 96 },
  mask: { strategy: "patch_blackening", ratio: 0.5, cellSize: 8, seed: 1, sharing: "trajectory" },
  maskDraws: 1,
  task: "shapes",
  reward: { kind: "official", tolerance: 1e-6 },
  promptsPerStep: 12,
  rolloutsPerPrompt: 8,
  onlineFiltering: false,
  filterLow: 0.01,
  filterHigh: 0.99,
  maxTryMakeBatch: 8,
  promptsPerUpdate: 0,
  ppoEpochs: 1,
  rolloutArithmetic: "f32",
  learningRate: 1e-3,
  lrSchedule: "constant",
  lrWarmupSteps: 0,
  minLrRatio: 0,
  maxSteps: 200,
  weightDecay: 0.01,
  maxGradNorm: 1,
  trainable: "lora",
  loraRank: 8,
  loraAlpha: 16,
  loraTargets: ["text"],
  seed: 1,
  measureMoves: true,
  measureVariance: false,
};

/** One trajectory of a step, for the Rollouts panel. */
export interface TrainRollout {
  readonly prompt: number;
  readonly question: string;
  readonly answer: string;
  readonly family: string;
  readonly text: string;
  /** The overall reward that the advantage is made of. */
  readonly reward: number;
  readonly advantage: number;
  readonly alpha: number;
  readonly meanDependency: number;
  readonly length: number;
  /** S_t per token, by the step's measure. */
  readonly dependency: Float32Array;
  /** m_t per token in the first pass over this trajectory, in [0, 1]. */
  readonly mask: Float32Array;
  /** log π of each token under the weights that sampled it, in nats. */
  readonly logp?: Float32Array;
  /** The same under the weights of the update that took it first; only where those were no longer the ones that sampled. */
  readonly logpAtUpdate?: Float32Array;
  /** Change of each token's log-prob by the step's updates; only where it was measured. */
  readonly moves?: Float32Array;
  /** Tokens with dependency; only for the first prompts of a step. */
  readonly tokens?: TokenChunk;
}

/** Metric names are those of the official logger where it has one; see `state/metrics.ts` for label, unit and meaning. */
export type StepMetrics = Readonly<Record<string, number>>;

/** The settings of a step that its numbers follow from. */
export type StepRecipe = Pick<TrainSettings, "policy" | "promptsPerUpdate" | "ppoEpochs" | "maxGradNorm">;

export interface StepReport {
  readonly step: number;
  /** Absent in reports that were stored without it. */
  readonly recipe?: StepRecipe;
  readonly metrics: StepMetrics;
  readonly rollouts: readonly TrainRollout[];
  readonly images: readonly RgbImage[];
  readonly texts: TokenTexts;
}

export type TrainPhase = "rollouts" | "scoring" | "update" | "evaluating" | "saving";

export type TrainEvent =
  | { readonly type: "phase"; readonly phase: TrainPhase; readonly done: number; readonly total: number }
  | { readonly type: "step"; readonly report: StepReport }
  | { readonly type: "notice"; readonly message: string }
  | {
      readonly type: "stopped";
      readonly step: number;
      readonly reason: "paused" | "failed" | "finished";
      readonly message?: string;
    };

/** Takes `steps` steps of a run; a run that is not the one in memory goes on from its last stored state, or starts. */
export interface TrainRequest {
  readonly settings: TrainSettings;
  readonly steps: number;
  /** Id of the run that is stored as it goes; nothing is stored without it. */
  readonly run?: string;
}

export interface EvaluationRequest {
  readonly task: string;
  readonly difficulty?: number;
  readonly reward: RewardSettings;
  readonly problems: number;
  /** Held-out problem to begin with: an evaluation that was stopped goes on from here. */
  readonly first?: number;
  readonly rollouts: number;
  readonly sampling: Omit<SamplingSettings, "seed">;
  /** With the image blacked out: what is guessed. */
  readonly masked: boolean;
  readonly pixels?: PixelLimits;
  readonly seed: number;
}

export interface EvaluationReport {
  /** One per problem, from `first` on (`rl/evaluation.ts` makes accuracies of them); fewer than asked for when it was stopped. */
  readonly outcomes: readonly ProblemOutcome[];
  readonly stopped: boolean;
}
