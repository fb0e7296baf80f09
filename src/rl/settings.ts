// The settings of one policy update, their official values, named presets and the check of values from outside. Config keys of
// the official trainer stand beside each field. Which knob is shown where is decided in `state/settings.ts`, not here.

import { UserError } from "@/lib/errors";
import type { Aggregation } from "./aggregation";
import type { DependencyMeasure } from "./dependency";
import type { ClipSettings } from "./loss";

/** Everything that decides how scored trajectories become a loss. */
export interface PolicySettings extends ClipSettings {
  /** k: share of tokens kept per trajectory, in (0, 1] (`algorithm.top_p_perception_tokens`). */
  readonly keepRatio: number;
  /** Lower end of the advantage scaling, in [0, 1] (`algorithm.advantage_scaling_min`). */
  readonly betaMin: number;
  /** Upper end of the scaling: such that its mean is 1 (official code), or a fixed number (paper, Table 3). */
  readonly betaMax: "dynamic" | number;
  /** The paper's definition is "kl"; the official code has only "k3". */
  readonly dependencyMeasure: DependencyMeasure;
  /** Which tokens receive the policy gradient (`algorithm.use_vppo_on_perception`, `use_vppo_on_entropy`; paper Tables 4 and 6). */
  readonly tokenSelection: TokenSelectionRule;
  /** Share of tokens kept by entropy, in (0, 1] (`algorithm.top_p_entropy_tokens`). */
  readonly entropyKeepRatio: number;
  /**
   * What the scaling multiplies: the advantage (`algorithm.use_advantage_shaping`; the official code ignores it without the
   * filter), the reward before the group's normalisation (paper, Table 7), or nothing.
   */
  readonly shaping: "off" | "advantage" | "reward";
  /** lambda, weight of the mean negative log-prob of all sampled tokens; 0 = off (`algorithm.entropy_penalty_coef`). */
  readonly entropyPenaltyCoef: number;
  /** `worker.actor.loss_avg_mode`. */
  readonly aggregation: Aggregation;
  /** Weight of the KL penalty to the reference policy, which is the model without its adapter; 0 = off (`algorithm.kl_coef`). */
  readonly klCoef: number;
  /** Its estimator (`algorithm.kl_penalty`). */
  readonly klPenalty: KlPenalty;
  /** PAPO's gamma: weight of the KL to the policy that sees the masked image, which is maximised; 0 = off (`kl_prcp_coef`). */
  readonly papoKlCoef: number;
  /** PAPO's double entropy loss: weights of the mean negative log-prob with the image and with the masked one; 0 = off. */
  readonly papoEntropyCoef: number;
  readonly papoMaskedEntropyCoef: number;
  /** Trajectories per micro-batch: the set over which the mean scaling is 1 (`micro_batch_size_per_device_for_update`). */
  readonly microBatchSize: number | "whole";
}

/** Rules that choose the tokens with a policy gradient (`tokenSelection.ts`). */
export type TokenSelectionRule = "all" | "dependency" | "entropy" | "either" | "random" | "soft";

/** What the scaling of a trajectory multiplies (`shaping.ts`, `rewardShaping.ts`). */
export type ShapingTarget = PolicySettings["shaping"];

/** Estimators of KL(pi || pi_ref) from the sampled token (`klPenalty.ts`; official core_algos.py compute_kl). */
export type KlPenalty = "kl" | "abs" | "mse" | "low_var_kl";

/** The paper's VPPO with the official constants; one device, so one micro-batch is the whole mini-batch. */
export const officialDefaults: PolicySettings = {
  keepRatio: 0.4,
  betaMin: 0.9,
  betaMax: "dynamic",
  dependencyMeasure: "kl",
  tokenSelection: "dependency",
  entropyKeepRatio: 0.2,
  shaping: "advantage",
  clipLow: 0.2,
  clipHigh: 0.28,
  clipDual: 3,
  entropyPenaltyCoef: 0.06,
  aggregation: "token",
  lossType: "default",
  klCoef: 0,
  klPenalty: "low_var_kl",
  papoKlCoef: 0,
  papoEntropyCoef: 0,
  papoMaskedEntropyCoef: 0,
  microBatchSize: "whole",
};

const filteringOnly: PolicySettings = { ...officialDefaults, shaping: "off" };
const shapingOnly: PolicySettings = { ...officialDefaults, tokenSelection: "all" };
/** The paper's baseline keeps the entropy penalty (App. E). */
const dapo: PolicySettings = { ...officialDefaults, tokenSelection: "all", shaping: "off" };
/** The paper's GRPO baseline is not published; these are the choices of its Eq. 2. */
const grpo: PolicySettings = { ...dapo, clipHigh: 0.2, entropyPenaltyCoef: 0, aggregation: "seq" };

/** Named starting points: the paper's method, its ablations and its baselines. */
export const policyPresets = {
  vppo: officialDefaults,
  officialCode: { ...officialDefaults, dependencyMeasure: "k3", microBatchSize: 16 },
  shapingOnly,
  filteringOnly,
  dapo,
  grpo,
  /** EasyR1's GRPO. */
  grpoKl: { ...grpo, klCoef: 0.01, klPenalty: "low_var_kl" },
  /** PAPO's double entropy takes the place of the entropy penalty. */
  papo: { ...dapo, entropyPenaltyCoef: 0, papoKlCoef: 0.01, papoEntropyCoef: 0.03, papoMaskedEntropyCoef: 0.03 },
  /** Table 4. */
  entropyTokens: { ...filteringOnly, tokenSelection: "entropy" },
  /** Table 4. */
  random: { ...filteringOnly, tokenSelection: "random" },
  /** Table 6. */
  soft: { ...officialDefaults, tokenSelection: "soft" },
  /** Table 7. */
  rewardShaping: { ...officialDefaults, shaping: "reward" },
  /** Table 3, whose rows have no filter. */
  fixedBeta: { ...shapingOnly, betaMax: 1.1 },
} as const satisfies Record<string, PolicySettings>;

/** A setting is outside what the mathematics allows. */
export class PolicySettingsError extends UserError {
  override readonly name = "PolicySettingsError";

  /** @param key The setting whose field shows the error. */
  constructor(
    readonly key: keyof PolicySettings,
    what: string,
    why: string,
    todo: string,
  ) {
    super(what, why, todo);
  }
}

/** The first setting that cannot be used, as a sentence for the user; undefined when all are fine. */
export function policySettingsError(settings: PolicySettings): PolicySettingsError | undefined {
  for (const { key, isValid, range } of numberRules) {
    const value = settings[key];
    if (typeof value !== "number" || !Number.isFinite(value) || !isValid(value)) return outOfRange(key, value, range);
  }
  for (const { key, choices } of choiceRules) {
    const value: string = settings[key];
    if (!choices.includes(value)) return outOfRange(key, value, choices.join(", "));
  }
  const { microBatchSize, betaMin, betaMax } = settings;
  if (microBatchSize !== "whole" && !(Number.isInteger(microBatchSize) && microBatchSize >= 1)) {
    return outOfRange("microBatchSize", microBatchSize, 'a whole number from 1, or "whole"');
  }
  if (betaMax !== "dynamic" && !(Number.isFinite(betaMax) && betaMax >= betaMin)) {
    return outOfRange("betaMax", betaMax, `"dynamic", or a number from betaMin (${betaMin})`);
  }
  return undefined;
}

/** Settings that are plain numbers. */
type NumberKey = {
  [K in keyof PolicySettings]: PolicySettings[K] extends number ? K : never;
}[keyof PolicySettings];
/** Settings that are one of some words. */
type ChoiceKey = { [K in keyof PolicySettings]: PolicySettings[K] extends string ? K : never }[keyof PolicySettings];

const share = { range: "above 0, at most 1", isValid: (value: number) => value > 0 && value <= 1 };
const weight = { range: "0 or more", isValid: (value: number) => value >= 0 };
const numberRules: readonly { key: NumberKey; range: string; isValid: (value: number) => boolean }[] = [
  { key: "keepRatio", ...share },
  { key: "entropyKeepRatio", ...share },
  { key: "betaMin", range: "from 0 to 1", isValid: (value) => value >= 0 && value <= 1 },
  { key: "clipLow", range: "from 0 to below 1", isValid: (value) => value >= 0 && value < 1 },
  { key: "clipHigh", ...weight },
  { key: "clipDual", range: "above 1", isValid: (value) => value > 1 },
  { key: "entropyPenaltyCoef", ...weight },
  { key: "klCoef", ...weight },
  { key: "papoKlCoef", ...weight },
  { key: "papoEntropyCoef", ...weight },
  { key: "papoMaskedEntropyCoef", ...weight },
];

/** Every value of a choice, so that none can be forgotten: the compiler asks for each. */
const choices: { readonly [K in ChoiceKey]: Readonly<Record<PolicySettings[K], true>> } = {
  dependencyMeasure: { kl: true, k3: true, jsd: true, top1_drop: true },
  tokenSelection: { all: true, dependency: true, entropy: true, either: true, random: true, soft: true },
  shaping: { off: true, advantage: true, reward: true },
  lossType: { default: true, gspo: true, gspo_token: true, cispo: true },
  aggregation: { token: true, seq: true },
  klPenalty: { kl: true, abs: true, mse: true, low_var_kl: true },
};
const choiceKeys = ["dependencyMeasure", "tokenSelection", "shaping", "lossType", "aggregation", "klPenalty"] as const;
const choiceRules = choiceKeys.map((key) => ({ key, choices: Object.keys(choices[key]) }));

function outOfRange(key: keyof PolicySettings, value: unknown, range: string): PolicySettingsError {
  return new PolicySettingsError(key, `The setting ${key} cannot be used`, `its value is ${String(value)}`, `Allowed: ${range}`);
}
