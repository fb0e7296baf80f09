// THE table of knobs. Each row yields a control, an undo step, a URL key, a persisted value, a help text and a formula; adding a
// setting is adding a row in `settingRows/` and its field in `Settings`. Values of the policy come from `rl/settings.ts`; what a choice means is
// decided there and in the engine, never here.

import type { MaskStrategy } from "@/protocol/image";
import type { WeightFormat } from "@/protocol/model";
import type { DependencyMeasure } from "@/rl/dependency";
import type { ColourBy } from "./colourings";
import type { PresetName } from "./presets";
import { maskRows } from "./settingRows/maskRows";
import { modelRows } from "./settingRows/modelRows";
import { policyRows } from "./settingRows/policyRows";
import { samplingRows } from "./settingRows/samplingRows";
import { trainingRows } from "./settingRows/trainingRows";
import { viewRows } from "./settingRows/viewRows";

/** The value of every knob of the page. */
export interface Settings {
  readonly keepRatio: number;
  readonly betaMin: number;
  readonly dependencyMeasure: DependencyMeasure;
  readonly preset: PresetName;
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly clipDual: number;
  readonly entropyPenaltyCoef: number;
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
  readonly promptsPerStep: number;
  readonly rolloutsPerPrompt: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly maxGradNorm: number;
  readonly loraRank: number;
  readonly loraAlpha: number;
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
  readonly granularity: "token" | "word" | "step";
  readonly theme: "system" | "light" | "dark";
}

export type SettingKey = keyof Settings;
export type NumberSettingKey = { [K in SettingKey]: Settings[K] extends number ? K : never }[SettingKey];
export type ChoiceSettingKey = Exclude<SettingKey, NumberSettingKey>;
export type SettingGroup = "policy" | "sampling" | "mask" | "training" | "model" | "view";

interface SettingRow {
  readonly label: string;
  readonly group: SettingGroup;
  /** Short name in the URL hash; never reuse one. */
  readonly urlKey: string;
  readonly help: string;
  /** The formula the value stands in, as plain text. */
  readonly formula?: string;
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
}

export type Setting = NumberSetting | ChoiceSetting;

/** Every row of the page, in the order in which controls appear. */
export const settingsTable: readonly Setting[] = [
  ...policyRows,
  ...samplingRows,
  ...maskRows,
  ...trainingRows,
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

/** The value of every row before anyone has touched it. */
export const defaultSettings: Settings = Object.fromEntries(
  settingsTable.map((row) => [row.key, row.default]),
  // The table has a row of the right kind for every key of `Settings`; settings.test.ts fails if not.
) as unknown as Settings;
