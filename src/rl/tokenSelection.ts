// Which tokens of a trajectory receive the policy gradient, as weights m_t in [0, 1]: one function per rule. Official code:
// dp_actor.py, `use_vppo_on_perception` ("dependency"), `use_vppo_on_entropy` ("entropy"), both flags ("either": the masks are
// OR-ed). "random" (Table 4) and "soft" (App. I, Table 6) are in the paper only. "all" is training without the filter.

import { uniformAt } from "@/lib/rng";
import type { PolicySettings, TokenSelectionRule } from "./settings";
import { softMask } from "./softMask";
import { type FilteredTokens, filterTokens, keepAllTokens } from "./tokenFilter";
import { missingInput, type ScoredTrajectory } from "./trajectory";

/** The weights of one trajectory's tokens and what they come from. */
export interface TokenSelection {
  /** m_t in [0, 1]; only the soft rule gives values between. */
  readonly mask: Float32Array;
  /** Sum of the weights: the number of kept tokens, unless the rule is soft. */
  readonly keptCount: number;
  /** The dependency from which a token is kept; NaN where dependency alone does not decide, or without tokens. */
  readonly threshold: number;
  /** The part of the selection that is by dependency. */
  readonly byDependency?: FilteredTokens;
  /** The part of the selection that is by entropy; its threshold is an entropy. */
  readonly byEntropy?: FilteredTokens;
}

/** The settings that decide which tokens count. */
export type SelectionSettings = Pick<PolicySettings, "tokenSelection" | "keepRatio" | "entropyKeepRatio">;

/** Random numbers of the selection, apart from those of sampling and masks, which use the same streams. */
const randomSelectionSeed = 0x746f6b73;

/** The weights of one trajectory's tokens; throws TrajectoryError where the rule needs a number the trajectory lacks. */
export function selectTokens(trajectory: ScoredTrajectory, settings: SelectionSettings): TokenSelection {
  return rules[settings.tokenSelection](trajectory, settings);
}

/** True where a token counts at least half: what is drawn as kept. Undefined counts as 0. */
export function isKept(weight: number | undefined): boolean {
  return weight !== undefined && weight >= 0.5;
}

/** 1 for each token that counts at least half, else 0. */
export function keptTokens(mask: Float32Array): Uint8Array {
  const kept = new Uint8Array(mask.length);
  for (let t = 0; t < mask.length; t++) kept[t] = isKept(mask[t]) ? 1 : 0;
  return kept;
}

const rules: Readonly<Record<TokenSelectionRule, (trajectory: ScoredTrajectory, settings: SelectionSettings) => TokenSelection>> =
  {
    all: ({ dependency }) => keepAllTokens(dependency),
    dependency({ dependency }, { keepRatio }) {
      const byDependency = filterTokens(dependency, keepRatio);
      return { ...byDependency, byDependency };
    },
    entropy(trajectory, { entropyKeepRatio }) {
      const byEntropy = filterTokens(entropyOf(trajectory), entropyKeepRatio);
      return { ...byEntropy, threshold: Number.NaN, byEntropy };
    },
    either(trajectory, { keepRatio, entropyKeepRatio }) {
      const byDependency = filterTokens(trajectory.dependency, keepRatio);
      const byEntropy = filterTokens(entropyOf(trajectory), entropyKeepRatio);
      const mask = byDependency.mask.map((kept, t) => Math.max(kept, byEntropy.mask[t] as number));
      return { mask, keptCount: sum(mask), threshold: Number.NaN, byDependency, byEntropy };
    },
    random({ dependency, stream }, { keepRatio }) {
      if (stream === undefined) throw missingInput("number in the run", "random selection draws from it");
      // By counter, so that every pass over the same answer keeps the same tokens.
      const scores = Float32Array.from(dependency, (_, t) => uniformAt(randomSelectionSeed, stream, t));
      return { ...filterTokens(scores, keepRatio), threshold: Number.NaN };
    },
    soft({ dependency }, { keepRatio }) {
      const mask = softMask(dependency, keepRatio);
      return { mask, keptCount: sum(mask), threshold: Number.NaN };
    },
  };

function entropyOf({ entropy }: ScoredTrajectory): Float32Array {
  if (entropy === undefined) throw missingInput("entropy", "tokens are selected by it");
  return entropy;
}

function sum(values: Float32Array): number {
  let total = 0;
  for (let t = 0; t < values.length; t++) total += values[t] as number;
  return total;
}
