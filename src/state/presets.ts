// Named methods: which of the policy presets of `rl/settings.ts` stand in the picker, and which knobs each one turns. The
// policy itself is assembled here from preset and knobs, so that preview and training use the same settings.

import { type PolicySettings, policyPresets } from "@/rl/settings";
import type { Settings } from "./settings";

export type PresetName = keyof typeof policyPresets;

/** One method of the picker. */
export interface Preset {
  readonly label: string;
  readonly help: string;
  readonly policy: PolicySettings;
  /** Knobs outside the policy that belong to the method. */
  readonly sampling?: { readonly topP: number };
}

/** All methods, in the order of the picker. */
export const presets: Readonly<Record<PresetName, Preset>> = {
  vppo: { label: "VPPO", help: "The paper: filter and shaping, exact KL over the vocabulary.", policy: policyPresets.vppo },
  officialCode: {
    label: "VPPO, official code",
    help: "All choices of the released trainer: k3 of the sampled token, micro-batches of 16, top-p 0.99.",
    policy: policyPresets.officialCode,
    sampling: { topP: 0.99 },
  },
  filteringOnly: {
    label: "Filter only (TGF)",
    help: "Token filter without advantage shaping.",
    policy: policyPresets.filteringOnly,
  },
  shapingOnly: { label: "Shaping only (TAS)", help: "Advantage shaping, every token kept.", policy: policyPresets.shapingOnly },
  dapo: { label: "DAPO", help: "No filter, no shaping; clip-higher and token mean.", policy: policyPresets.dapo },
  grpo: { label: "GRPO", help: "No filter, no shaping, symmetric clip, mean per answer.", policy: policyPresets.grpo },
};

/** The knobs as the method sets them; everything else stays. */
export function applyPreset(settings: Settings, name: PresetName): Settings {
  const { policy, sampling } = presets[name];
  const { keepRatio, betaMin, dependencyMeasure, clipLow, clipHigh, clipDual, entropyPenaltyCoef } = policy;
  const knobs = { keepRatio, betaMin, dependencyMeasure, clipLow, clipHigh, clipDual, entropyPenaltyCoef };
  return { ...settings, ...knobs, preset: name, topP: sampling?.topP ?? 1 };
}

/** The policy that preview and training use: the method with the knobs as they stand. */
export function policyOf(settings: Settings): PolicySettings {
  const { keepRatio, betaMin, dependencyMeasure, clipLow, clipHigh, clipDual, entropyPenaltyCoef } = settings;
  const { policy } = presets[settings.preset];
  return { ...policy, keepRatio, betaMin, dependencyMeasure, clipLow, clipHigh, clipDual, entropyPenaltyCoef };
}
