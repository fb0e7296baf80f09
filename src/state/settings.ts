// THE table of knobs. Each row yields a control, an undo step, a URL key, a persisted value, a help text and a formula; adding a
// setting is adding a row in `settingRows/` and its field in `Settings`. Defaults come from `rl/settings.ts` and `protocol/training.ts`; what a choice means is
// decided there and in the engine, never here.

import type { DeviceReport } from "@/protocol/engine";
import type { MaskStrategy } from "@/protocol/image";
import type { WeightFormat } from "@/protocol/model";
import type { RolloutArithmetic, TrainSettings } from "@/protocol/training";
import type { Aggregation } from "@/rl/aggregation";
import type { DependencyMeasure } from "@/rl/dependency";
import type { LossType } from "@/rl/loss";
import type { RewardKind } from "@/rl/reward/rewardKind";
import type { KlPenalty, PolicySettings, TokenSelectionRule } from "@/rl/settings";
import type { SequentialMapName } from "@/ui/color/maps";
import type { PresetName } from "./presets";
import { batchRows } from "./settingRows/batchRows";
import { evaluationRows } from "./settingRows/evaluationRows";
import { insightRows } from "./settingRows/insightRows";
import { lossRows } from "./settingRows/lossRows";
import { maskRows } from "./settingRows/maskRows";
import { methodRows } from "./settingRows/methodRows";
import { modelRows } from "./settingRows/modelRows";
import { optimizerRows } from "./settingRows/optimizerRows";
import { samplingRows } from "./settingRows/samplingRows";
import { taskRows } from "./settingRows/taskRows";
import { viewRows } from "./settingRows/viewRows";
import type { ColourBy } from "./tokens/colourings";
import type { Granularity, GroupValue } from "./tokens/granularity";

/** The value of every knob of the page. */
export interface Settings {
  readonly keepRatio: number;
  readonly betaMin: number;
  readonly dependencyMeasure: DependencyMeasure;
  readonly preset: PresetName;
  readonly tokenSelection: TokenSelectionRule;
  readonly entropyKeepRatio: number;
  readonly shaping: PolicySettings["shaping"];
  readonly betaMaxRule: "dynamic" | "fixed";
  /** Only where the rule is "fixed". */
  readonly betaMax: number;
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly clipDual: number;
  readonly entropyPenaltyCoef: number;
  readonly aggregation: Aggregation;
  readonly lossType: LossType;
  readonly klCoef: number;
  readonly klPenalty: KlPenalty;
  readonly papoKlCoef: number;
  readonly papoEntropyCoef: number;
  readonly papoMaskedEntropyCoef: number;
  /** Trajectories; 0 takes the whole mini-batch. */
  readonly microBatchSize: number;
  readonly rollouts: number;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly maxNewTokens: number;
  readonly seed: number;
  readonly maskStrategy: MaskStrategy;
  readonly maskRatio: number;
  readonly maskCellSize: number;
  readonly maskSeed: number;
  readonly maskSharing: "trajectory" | "shared";
  readonly maskDraws: number;
  readonly task: string;
  /** A difficulty of the task, or "0" for the task's own. */
  readonly difficulty: string;
  readonly rewardKind: RewardKind;
  readonly rewardTolerance: number;
  /** The user's own reward function; kept on this machine, never in a link. */
  readonly rewardSource: string;
  readonly promptsPerStep: number;
  readonly rolloutsPerPrompt: number;
  readonly promptsPerUpdate: number;
  readonly ppoEpochs: number;
  readonly rolloutArithmetic: RolloutArithmetic;
  readonly onlineFiltering: boolean;
  readonly filterLow: number;
  readonly filterHigh: number;
  readonly maxTryMakeBatch: number;
  readonly learningRate: number;
  readonly lrSchedule: TrainSettings["lrSchedule"];
  readonly lrWarmupSteps: number;
  readonly minLrRatio: number;
  readonly maxSteps: number;
  readonly weightDecay: number;
  readonly maxGradNorm: number;
  readonly trainable: TrainSettings["trainable"];
  readonly loraRank: number;
  readonly loraAlpha: number;
  readonly loraTargets: "text" | "text_projector" | "text_projector_vision";
  readonly measureMoves: boolean;
  readonly measureVariance: boolean;
  /** A task, or "training" for the one that is trained on. */
  readonly evalTask: string;
  /** A level of it, or "training". */
  readonly evalDifficulty: string;
  readonly evalProblems: number;
  readonly evalRollouts: number;
  readonly evalTemperature: number;
  readonly evalTopP: number;
  readonly evalTopK: number;
  readonly evalPixels: "input" | "papoEval";
  readonly evalSeed: number;
  readonly evalMasked: boolean;
  readonly textFormat: WeightFormat;
  readonly visionFormat: WeightFormat;
  readonly headFormat: WeightFormat;
  readonly groupSize: "32" | "64" | "128";
  readonly contextTokens: number;
  /** GPU memory that may be used; 0 leaves it to the engine's estimate. */
  readonly memoryGiB: number;
  /** Limits of a picture's area; 0 leaves them to the model. */
  readonly minPixels: number;
  readonly maxPixels: number;
  readonly colourBy: ColourBy;
  readonly scale: "linear" | "log" | "rank";
  readonly marking: "colour" | "underline";
  readonly colourMap: SequentialMapName;
  /** Where the colours end; 0 leaves it to the values. */
  readonly colourMax: number;
  readonly granularity: "token" | Granularity;
  readonly groupValue: GroupValue;
  readonly density: "compact" | "normal" | "relaxed";
  readonly whitespace: boolean;
  readonly answerAs: "text" | "table";
  readonly theme: "system" | "light" | "dark" | "contrast";
}

export type SettingKey = keyof Settings;
export type NumberSettingKey = { [K in SettingKey]: Settings[K] extends number ? K : never }[SettingKey];
export type SwitchSettingKey = { [K in SettingKey]: Settings[K] extends boolean ? K : never }[SettingKey];
export type TextSettingKey = "rewardSource";
export type ChoiceSettingKey = Exclude<SettingKey, NumberSettingKey | SwitchSettingKey | TextSettingKey>;
export type SettingGroup =
  | "method"
  | "loss"
  | "task"
  | "batch"
  | "filtering"
  | "optimizer"
  | "adapter"
  | "insight"
  | "evaluation"
  | "sampling"
  | "mask"
  | "model"
  | "view";

interface SettingRow {
  readonly label: string;
  readonly group: SettingGroup;
  /** Short name in the URL hash; never reuse one. */
  readonly urlKey: string;
  /** What it does; where paper and official code differ, both, and which one is the default. */
  readonly help: string;
  /** The formula the value stands in, as plain text. */
  readonly formula?: string;
  /** Key of the official trainer's configuration (VPPO-RL, EasyR1), or where else it comes from. */
  readonly official?: string;
  /** When the row has an effect, and why not where it has none; without it, always. */
  readonly appliesTo?: { readonly when: (settings: Settings) => boolean; readonly why: string };
}

/** A knob with a number. */
export interface NumberSetting extends SettingRow {
  readonly kind: "number";
  readonly key: NumberSettingKey;
  readonly default: number;
  /** What is accepted at all. */
  readonly min: number;
  readonly max: number;
  /** Where the slider ends; a number field accepts everything from min to max. */
  readonly sliderMin?: number;
  readonly sliderMax?: number;
  readonly step: number;
  readonly integer?: boolean;
  readonly scale?: "log";
  readonly unit?: string;
  /** What 0 means, where it is not a number like the others: "whole", "all". */
  readonly zeroText?: string;
  /** Why no number outside the limits can be used. */
  readonly limitReason?: string;
}

/** One option of a knob with named values. */
export interface SettingOption {
  readonly value: string;
  readonly label: string;
  readonly help?: string;
}

/** A knob with named values. */
export interface ChoiceSetting extends SettingRow {
  readonly kind: "choice";
  readonly key: ChoiceSettingKey;
  readonly default: string;
  readonly options: readonly SettingOption[];
  /** The options that can be chosen now, some of `options` under the names they have there; all of them without it. */
  readonly optionsFor?: (settings: Settings) => readonly SettingOption[];
  /** Why a device cannot do what an option asks for, as the end of a sentence; undefined when it can. */
  readonly missing?: (value: string, device: DeviceReport) => string | undefined;
}

/** A knob that is on or off. */
export interface SwitchSetting extends SettingRow {
  readonly kind: "switch";
  readonly key: SwitchSettingKey;
  readonly default: boolean;
}

/** A text of the user's own. It stays on this machine: a link never holds it. */
export interface TextSetting extends SettingRow {
  readonly kind: "text";
  readonly key: TextSettingKey;
  readonly default: string;
  readonly maxLength: number;
}

export type Setting = NumberSetting | ChoiceSetting | SwitchSetting | TextSetting;

/** Every row of the page, in the order in which controls appear. */
export const settingsTable: readonly Setting[] = [
  ...methodRows,
  ...lossRows,
  ...samplingRows,
  ...maskRows,
  ...taskRows,
  ...batchRows,
  ...optimizerRows,
  ...insightRows,
  ...evaluationRows,
  ...modelRows,
  ...viewRows,
];

/** The row of a number knob; every number key has one (a test checks it). */
export function numberSetting(key: NumberSettingKey): NumberSetting {
  for (const row of settingsTable) if (row.kind === "number" && row.key === key) return row;
  throw new RangeError(`no number setting ${key}`);
}

/** The row of a knob with named values; every such key has one (a test checks it). */
export function choiceSetting(key: ChoiceSettingKey): ChoiceSetting {
  for (const row of settingsTable) if (row.kind === "choice" && row.key === key) return row;
  throw new RangeError(`no choice setting ${key}`);
}

/** The row of a knob that is on or off; every such key has one (a test checks it). */
export function switchSetting(key: SwitchSettingKey): SwitchSetting {
  for (const row of settingsTable) if (row.kind === "switch" && row.key === key) return row;
  throw new RangeError(`no switch setting ${key}`);
}

/** Why a knob has no effect under the present settings; null where it has one. */
export function withoutEffect({ appliesTo }: Setting, settings: Settings): string | null {
  return appliesTo && !appliesTo.when(settings) ? appliesTo.why : null;
}

/** The text of a knob's tooltip, one statement a line. */
export function settingHelp(row: Setting, settings: Settings): string {
  const why = withoutEffect(row, settings);
  const parts = [row.help, row.formula, row.official && `Official key: ${row.official}`, why && `No effect now: ${why}`];
  return parts.filter((part) => part).join("\n");
}

/** The value of every row before anyone has touched it. */
export const defaultSettings: Settings = Object.fromEntries(
  settingsTable.map((row) => [row.key, row.default]),
  // The table has a row of the right kind for every key of `Settings`; settings.test.ts fails if not.
) as unknown as Settings;
