// Named methods: which of the policy presets of `rl/settings.ts` stand in the picker, and which knobs each one turns. The
// policy itself is assembled here from the knobs, so that preview and training use the same settings.

import { trainDefaults } from "@/protocol/training";
import { type PolicySettings, policyPresets } from "@/rl/settings";
import type { Settings } from "./settings";

export type PresetName = keyof typeof policyPresets;

/** Knobs outside the policy that belong to some method; the others leave them as they stand. */
type OtherKnobs = Partial<Pick<Settings, "topP" | "onlineFiltering" | "maskRatio" | "maskSharing">>;

/** One method of the picker. */
export interface Preset {
  readonly label: string;
  readonly help: string;
  readonly policy: PolicySettings;
  readonly knobs?: OtherKnobs;
}

/** All methods, in the order of the picker. */
export const presets: Readonly<Record<PresetName, Preset>> = {
  vppo: { label: "VPPO", help: "The paper: filter and shaping, exact KL over the vocabulary.", policy: policyPresets.vppo },
  officialCode: {
    label: "VPPO, official code",
    help: "All choices of the released trainer: k3 of the sampled token, micro-batches of 16, top-p 0.99, dynamic sampling.",
    policy: policyPresets.officialCode,
    knobs: { topP: 0.99, onlineFiltering: true },
  },
  filteringOnly: {
    label: "Filter only (TGF)",
    help: "Token filter without advantage shaping (paper, Table 2).",
    policy: policyPresets.filteringOnly,
  },
  shapingOnly: {
    label: "Shaping only (TAS)",
    help: "Advantage shaping, every token kept (paper, Table 2).",
    policy: policyPresets.shapingOnly,
  },
  fixedBeta: {
    label: "Shaping, fixed β_max",
    help: "Advantage shaping with β_max 1.1 instead of mean α = 1, every token kept (paper, Table 3).",
    policy: policyPresets.fixedBeta,
  },
  rewardShaping: {
    label: "Reward shaping",
    help: "VPPO, but the factor multiplies the reward before the group is compared (paper, Table 7).",
    policy: policyPresets.rewardShaping,
  },
  soft: {
    label: "Soft mask",
    help: "VPPO, but every token is weighted smoothly instead of kept or dropped (paper, Table 6).",
    policy: policyPresets.soft,
  },
  entropyTokens: {
    label: "Entropy tokens",
    help: "The fifth of the tokens with the highest entropy, no shaping (paper, Table 4).",
    policy: policyPresets.entropyTokens,
  },
  random: {
    label: "Random tokens",
    help: "As many tokens as VPPO keeps, drawn at random, no shaping (paper, Table 4).",
    policy: policyPresets.random,
  },
  dapo: {
    label: "DAPO",
    help: "No filter, no shaping; clip-higher and token mean. Dynamic sampling, which belongs to DAPO, is a switch of its own.",
    policy: policyPresets.dapo,
  },
  grpo: { label: "GRPO", help: "No filter, no shaping, symmetric clip, mean per answer.", policy: policyPresets.grpo },
  grpoKl: {
    label: "GRPO with KL",
    help: "GRPO with a KL penalty of 0.01 to the model without its adapter (EasyR1's GRPO).",
    policy: policyPresets.grpoKl,
  },
  papo: {
    label: "PAPO",
    help: "DAPO with PAPO's terms: KL to the masked image is raised, double entropy loss; masks of 0.6, one per question.",
    policy: policyPresets.papo,
    knobs: { maskRatio: 0.6, maskSharing: "shared" },
  },
};

const otherDefaults: Required<OtherKnobs> = {
  topP: trainDefaults.sampling.topP,
  onlineFiltering: trainDefaults.onlineFiltering,
  maskRatio: trainDefaults.mask.ratio,
  maskSharing: trainDefaults.mask.sharing,
};

/** A fixed β_max to begin with: the smaller one of the paper's Table 3. */
const firstFixedBetaMax = 1.1;

/** The knobs that stand for a policy. */
export function knobsOfPolicy({ betaMax, microBatchSize, ...policy }: PolicySettings) {
  return {
    ...policy,
    betaMaxRule: betaMax === "dynamic" ? ("dynamic" as const) : ("fixed" as const),
    betaMax: betaMax === "dynamic" ? firstFixedBetaMax : betaMax,
    microBatchSize: microBatchSize === "whole" ? 0 : microBatchSize,
  } satisfies Partial<Settings>;
}

/** The knobs as the method sets them; what only the method before had set goes back, and everything else stays. */
export function applyPreset(settings: Settings, name: PresetName): Settings {
  const left = Object.keys(presets[settings.preset].knobs ?? {}) as (keyof OtherKnobs)[];
  const back = Object.fromEntries(left.map((key) => [key, otherDefaults[key]])) as OtherKnobs;
  const { policy, knobs } = presets[name];
  return { ...settings, ...knobsOfPolicy(policy), ...back, ...knobs, preset: name };
}

/** The policy that preview and training use: what the knobs say. */
export function policyOf(settings: Settings): PolicySettings {
  const { keepRatio, betaMin, dependencyMeasure, tokenSelection, entropyKeepRatio, shaping } = settings;
  const { clipLow, clipHigh, clipDual, entropyPenaltyCoef, aggregation, lossType } = settings;
  const { klCoef, klPenalty, papoKlCoef, papoEntropyCoef, papoMaskedEntropyCoef } = settings;
  return {
    keepRatio,
    betaMin,
    betaMax: settings.betaMaxRule === "dynamic" ? "dynamic" : settings.betaMax,
    dependencyMeasure,
    tokenSelection,
    entropyKeepRatio,
    shaping,
    clipLow,
    clipHigh,
    clipDual,
    entropyPenaltyCoef,
    aggregation,
    lossType,
    klCoef,
    klPenalty,
    papoKlCoef,
    papoEntropyCoef,
    papoMaskedEntropyCoef,
    microBatchSize: settings.microBatchSize === 0 ? "whole" : settings.microBatchSize,
  };
}
