// Settings that fit the device: a model that is chosen and does not fit gets the engine's proposal at once, as long as nobody has moved
// a knob of loading since it was chosen. What fits is decided by the engine's plan (engine/memoryPlan.ts), not here.

import type { MemoryPlan } from "@/protocol/model";
import type { Settings } from "../settings";

type Proposal = NonNullable<MemoryPlan["proposal"]>;

const knobs = [
  "textFormat",
  "visionFormat",
  "headFormat",
  "groupSize",
  "contextTokens",
  "rollouts",
  "rolloutsPerPrompt",
  "loraRank",
] as const;

/** What was changed for the chosen model. */
export interface Fitted {
  readonly before: Settings;
  readonly after: Settings;
  /** The plan of `before`. */
  readonly plan: MemoryPlan;
}

/** The settings that make a proposal the request. */
export function proposalSettings(settings: Settings, { precision, use }: Pick<Proposal, "precision" | "use">): Partial<Settings> {
  return {
    textFormat: precision.text,
    visionFormat: precision.vision,
    headFormat: precision.head,
    groupSize: `${precision.groupSize}`,
    contextTokens: use.contextTokens,
    rollouts: Math.min(settings.rollouts, use.rollouts),
    // A group of one has nothing to compare, so training keeps two.
    rolloutsPerPrompt: Math.max(2, Math.min(settings.rolloutsPerPrompt, use.rollouts)),
    loraRank: use.loraRank,
  };
}

/** True while no knob of loading differs. */
export function sameKnobs(a: Settings, b: Settings): boolean {
  return knobs.every((key) => a[key] === b[key]);
}

/** The settings with the knobs of loading of another time. */
export function withKnobsOf(settings: Settings, { before }: Fitted): Settings {
  return { ...settings, ...Object.fromEntries(knobs.map((key) => [key, before[key]])) };
}
