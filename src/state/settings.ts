// THE table of knobs. Each row yields a control, an undo step, a URL key, a persisted value, a help text and a formula; adding a
// setting is adding a row (and its field in `Settings`). Values of the policy come from `rl/settings.ts`; what a choice means is
// decided there and in the engine, never here.

import type { MaskStrategy } from "@/protocol/image";
import { type DependencyMeasure, dependencyMeasures } from "@/rl/dependency";
import { officialDefaults } from "@/rl/settings";
import { type ColourBy, colourings } from "./colourings";
import { type PresetName, presets } from "./presets";

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
  readonly colourBy: ColourBy;
  readonly scale: "linear" | "log" | "rank";
  readonly marking: "colour" | "underline";
  readonly granularity: "token" | "word" | "step";
  readonly theme: "system" | "light" | "dark";
}

export type SettingKey = keyof Settings;
export type NumberSettingKey = { [K in SettingKey]: Settings[K] extends number ? K : never }[SettingKey];
export type ChoiceSettingKey = Exclude<SettingKey, NumberSettingKey>;
export type SettingGroup = "policy" | "sampling" | "mask" | "training" | "view";

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

const maxSeed = 0xffffffff;
const measureOptions = Object.entries(dependencyMeasures).map(([value, { label, help }]) => ({ value, label, help }));
const presetOptions = Object.entries(presets).map(([value, { label, help }]) => ({ value, label, help }));
const colourOptions = Object.entries(colourings).map(([value, { label, help }]) => ({ value, label, help }));

/** Every row of the page, in the order in which controls appear. */
export const settingsTable: readonly Setting[] = [
  {
    kind: "number",
    key: "keepRatio",
    label: "Keep k",
    group: "policy",
    urlKey: "k",
    default: officialDefaults.keepRatio,
    min: 0.001,
    max: 1,
    sliderMin: 0.05,
    step: 0.01,
    help: "Share of each rollout's tokens that receive a gradient: those that depend most on the image.",
    formula: "m_t = 1 for the ⌈k·T⌉ tokens with the largest S_t, else 0",
  },
  {
    kind: "number",
    key: "betaMin",
    label: "β_min",
    group: "policy",
    urlKey: "bmin",
    default: officialDefaults.betaMin,
    min: 0,
    max: 1,
    step: 0.01,
    help: "Lowest factor on a rollout's advantage. Rollouts that look more get a larger one; the mean stays 1.",
    formula: "α = β_min + z·(β_max − β_min),  β_max = β_min + (1 − β_min) / mean z",
  },
  {
    kind: "choice",
    key: "preset",
    label: "Method",
    group: "policy",
    urlKey: "preset",
    default: "vppo",
    options: presetOptions,
    help: "Where filter, shaping and the constants start from.",
  },
  {
    kind: "choice",
    key: "dependencyMeasure",
    label: "Dependency",
    group: "policy",
    urlKey: "dep",
    default: officialDefaults.dependencyMeasure,
    options: measureOptions,
    help: "How the change of a token's distribution under the masked image is measured.",
    formula: "S_t = KL(π(·|image) ‖ π(·|masked image))",
  },
  {
    kind: "number",
    key: "clipLow",
    label: "Clip low",
    group: "policy",
    urlKey: "clo",
    default: officialDefaults.clipLow,
    min: 0,
    max: 0.99,
    sliderMax: 0.5,
    step: 0.01,
    help: "How far the probability of a token may fall in one update before its gradient stops.",
    formula: "r clipped to [1 − ε_low, 1 + ε_high]",
  },
  {
    kind: "number",
    key: "clipHigh",
    label: "Clip high",
    group: "policy",
    urlKey: "chi",
    default: officialDefaults.clipHigh,
    min: 0,
    max: 10,
    sliderMax: 0.5,
    step: 0.01,
    help: "How far the probability of a token may rise in one update before its gradient stops (DAPO's clip-higher).",
    formula: "r clipped to [1 − ε_low, 1 + ε_high]",
  },
  {
    kind: "number",
    key: "clipDual",
    label: "Dual clip",
    group: "policy",
    urlKey: "cdu",
    default: officialDefaults.clipDual,
    min: 1.01,
    max: 100,
    sliderMax: 10,
    step: 0.1,
    help: "Largest loss of a token of a bad rollout, in multiples of its advantage.",
    formula: "L = min(L, −c·A) where A < 0",
  },
  {
    kind: "number",
    key: "entropyPenaltyCoef",
    label: "Entropy penalty λ",
    group: "policy",
    urlKey: "ent",
    default: officialDefaults.entropyPenaltyCoef,
    min: 0,
    max: 10,
    sliderMax: 0.3,
    step: 0.01,
    help: "Weight of the mean negative log-probability of all sampled tokens; it makes the policy surer.",
    formula: "L = … − λ·mean log π",
  },
  {
    kind: "number",
    key: "rollouts",
    label: "Rollouts G",
    group: "sampling",
    urlKey: "g",
    default: 8,
    min: 1,
    max: 32,
    sliderMax: 16,
    step: 1,
    integer: true,
    help: "Answers sampled for one question. The advantage compares them with each other.",
  },
  {
    kind: "number",
    key: "temperature",
    label: "Temperature",
    group: "sampling",
    urlKey: "t",
    default: 1,
    min: 0,
    max: 5,
    sliderMax: 2,
    step: 0.05,
    help: "0 always takes the most likely token; 1 samples what the model believes.",
  },
  {
    kind: "number",
    key: "topP",
    label: "Top-p",
    group: "sampling",
    urlKey: "p",
    default: 1,
    min: 0.01,
    max: 1,
    step: 0.01,
    help: "Samples from the smallest set of tokens whose probabilities reach this sum.",
  },
  {
    kind: "number",
    key: "topK",
    label: "Top-k",
    group: "sampling",
    urlKey: "topk",
    default: 0,
    min: 0,
    max: 100_000,
    sliderMax: 100,
    step: 1,
    integer: true,
    help: "Samples from the most likely tokens only; 0 is off.",
  },
  {
    kind: "number",
    key: "maxNewTokens",
    label: "Longest answer",
    group: "sampling",
    urlKey: "len",
    default: 96,
    min: 1,
    max: 1024,
    sliderMin: 8,
    sliderMax: 256,
    step: 1,
    integer: true,
    unit: "tokens",
    help: "Rollouts are cut off here.",
  },
  {
    kind: "number",
    key: "seed",
    label: "Seed",
    group: "sampling",
    urlKey: "seed",
    default: 1,
    min: 0,
    max: maxSeed,
    sliderMax: 100,
    step: 1,
    integer: true,
    help: "The same seed gives the same rollouts.",
  },
  {
    kind: "choice",
    key: "maskStrategy",
    label: "Mask",
    group: "mask",
    urlKey: "mask",
    default: "patch_blackening",
    options: [
      {
        value: "patch_blackening",
        label: "Random patches",
        help: "Each cell turns black with the given probability (the paper's choice).",
      },
      { value: "gaussian_noise", label: "Noise", help: "Strong Gaussian noise on every pixel." },
      { value: "blur", label: "Blur", help: "Gaussian blur; shapes fade, colours stay." },
      { value: "grey", label: "Grey", help: "A uniform grey picture." },
      { value: "whole", label: "Whole image", help: "A black picture." },
      { value: "region", label: "Region", help: "The rectangle you draw turns black." },
    ],
    help: "How the picture is damaged for the second opinion.",
  },
  {
    kind: "number",
    key: "maskRatio",
    label: "Mask ratio",
    group: "mask",
    urlKey: "mratio",
    default: 0.5,
    min: 0,
    max: 1,
    step: 0.05,
    help: "Probability that a cell turns black.",
  },
  {
    kind: "number",
    key: "maskCellSize",
    label: "Mask cell",
    group: "mask",
    urlKey: "mcell",
    default: 8,
    min: 1,
    max: 512,
    sliderMin: 2,
    sliderMax: 32,
    step: 1,
    integer: true,
    unit: "px",
    help: "Side of a cell. The official 14 px belong to larger pictures; the embedded model sees 64 px.",
  },
  {
    kind: "number",
    key: "maskSeed",
    label: "Mask seed",
    group: "mask",
    urlKey: "mseed",
    default: 1,
    min: 0,
    max: maxSeed,
    sliderMax: 100,
    step: 1,
    integer: true,
    help: "Draws another mask of the same kind.",
  },
  {
    kind: "choice",
    key: "maskSharing",
    label: "One mask per",
    group: "mask",
    urlKey: "mshare",
    default: "trajectory",
    options: [
      { value: "trajectory", label: "Rollout", help: "Each rollout has its own mask (official code)." },
      { value: "shared", label: "Question", help: "All rollouts share one mask (as in PAPO)." },
    ],
    help: "Whether rollouts of one question share their mask.",
  },
  {
    kind: "number",
    key: "promptsPerStep",
    label: "Prompts per step",
    group: "training",
    urlKey: "pps",
    default: 6,
    min: 1,
    max: 64,
    sliderMax: 24,
    step: 1,
    integer: true,
    help: "Questions drawn for one optimiser step.",
  },
  {
    kind: "number",
    key: "rolloutsPerPrompt",
    label: "Rollouts per prompt",
    group: "training",
    urlKey: "rpp",
    default: 8,
    min: 2,
    max: 32,
    sliderMax: 16,
    step: 1,
    integer: true,
    help: "Answers per question; at least two, or there is nothing to compare.",
  },
  {
    kind: "number",
    key: "learningRate",
    label: "Learning rate",
    group: "training",
    urlKey: "lr",
    default: 1e-3,
    min: 0,
    max: 1,
    sliderMin: 1e-5,
    sliderMax: 1e-2,
    step: 1e-5,
    scale: "log",
    help: "Step size of AdamW.",
  },
  {
    kind: "number",
    key: "weightDecay",
    label: "Weight decay",
    group: "training",
    urlKey: "wd",
    default: 0.01,
    min: 0,
    max: 1,
    sliderMax: 0.2,
    step: 0.005,
    help: "Pulls adapter weights towards zero, apart from the gradient (AdamW).",
  },
  {
    kind: "number",
    key: "maxGradNorm",
    label: "Gradient norm limit",
    group: "training",
    urlKey: "gnorm",
    default: 1,
    min: 0.001,
    max: 1000,
    sliderMin: 0.1,
    sliderMax: 10,
    step: 0.1,
    help: "Longer gradients are scaled down to this length.",
  },
  {
    kind: "number",
    key: "loraRank",
    label: "LoRA rank",
    group: "training",
    urlKey: "rank",
    default: 8,
    min: 1,
    max: 256,
    sliderMax: 64,
    step: 1,
    integer: true,
    help: "Width of the trained adapter. Changing it starts a new adapter.",
    formula: "W + (α/r)·B·A",
  },
  {
    kind: "number",
    key: "loraAlpha",
    label: "LoRA α",
    group: "training",
    urlKey: "lalpha",
    default: 16,
    min: 1,
    max: 1024,
    sliderMax: 128,
    step: 1,
    integer: true,
    help: "Scale of the adapter. Changing it starts a new adapter.",
    formula: "W + (α/r)·B·A",
  },
  {
    kind: "choice",
    key: "colourBy",
    label: "Colour by",
    group: "view",
    urlKey: "col",
    default: "dependency",
    options: colourOptions,
    help: "Which number of a token its colour shows.",
  },
  {
    kind: "choice",
    key: "scale",
    label: "Scale",
    group: "view",
    urlKey: "scale",
    default: "linear",
    options: [
      { value: "linear", label: "Linear" },
      { value: "log", label: "Log", help: "Shows differences among small values." },
      { value: "rank", label: "Rank", help: "Even use of the colours: position among all tokens." },
    ],
    help: "How values become colours.",
  },
  {
    kind: "choice",
    key: "marking",
    label: "Mark tokens by",
    group: "view",
    urlKey: "mark",
    default: "colour",
    options: [
      { value: "colour", label: "Colour" },
      { value: "underline", label: "Underline", help: "Thickness of a line below the token, for reading without colour." },
    ],
    help: "Colour of the ground or thickness of an underline.",
  },
  {
    kind: "choice",
    key: "granularity",
    label: "Granularity",
    group: "view",
    urlKey: "gran",
    default: "token",
    options: [
      { value: "token", label: "Token" },
      { value: "word", label: "Word", help: "Every token shows the mean of its word." },
      { value: "step", label: "Sentence", help: "Every token shows the mean of its sentence." },
    ],
    help: "Over what the coloured value is averaged.",
  },
  {
    kind: "choice",
    key: "theme",
    label: "Theme",
    group: "view",
    urlKey: "theme",
    default: "system",
    options: [
      { value: "system", label: "System" },
      { value: "light", label: "Light" },
      { value: "dark", label: "Dark" },
    ],
    help: "Light, dark, or as the operating system says.",
  },
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
