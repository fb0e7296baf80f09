// What an update would do to the shown answer, recomputed whenever tokens arrive, a knob moves or a reward is edited: the single
// place where buffer, settings and `rl` meet on the page. Views read it; nothing here is computed twice for the same input, and
// nothing is re-implemented: the numbers come from the functions the trainer uses.

import { useSyncExternalStore } from "react";
import { answerHeader, answerTokens, subscribeAnswerHeader } from "@/client/live";
import { describeError } from "@/lib/errors";
import { type DependencyMeasure, dependencyOf } from "@/rl/dependency";
import { exactMatch } from "@/rl/reward/extractBoxed";
import type { PolicySettings } from "@/rl/settings";
import type { ScoredTrajectory } from "@/rl/trajectory";
import { type PolicyUpdate, policyUpdate, previewUpdate, type UpdatePreview } from "@/rl/vppo";
import { policyOf } from "../presets";
import { useStore } from "../store";

/** Where the reward of a rollout comes from. */
export type RewardSource = "measured" | "edited" | "unknown";

/** The shown answer as the next update would see it. */
export interface AnswerUpdate {
  readonly version: number;
  readonly epoch: number;
  readonly policy: PolicySettings;
  readonly rewards: readonly number[];
  /** The same before any was edited; null where nobody knows it. */
  readonly measuredRewards: readonly (number | null)[];
  readonly rewardSources: readonly RewardSource[];
  /** S_t per rollout, by the chosen measure. */
  readonly dependencies: readonly Float32Array[];
  /** Null while there are no tokens, or where `problem` says why. */
  readonly preview: UpdatePreview | null;
  readonly problem: string | null;
}

let dependencyCache: { version: number; measure: DependencyMeasure; value: readonly Float32Array[] } | null = null;
let rewardCache: { version: number; value: readonly (number | null)[]; header: unknown } | null = null;
let cache: { update: AnswerUpdate; settings: unknown; edits: unknown; header: unknown } | null = null;
let gradientCache: { update: AnswerUpdate; value: PolicyUpdate | null } | null = null;

/** The update for the present tokens, knobs and rewards; the same object until one of them changes. */
export function currentUpdate(): AnswerUpdate {
  const { settings, rewardEdits } = useStore.getState();
  const header = answerHeader();
  const { version } = answerTokens;
  if (cache && cache.update.version === version && cache.edits === rewardEdits && cache.header === header) {
    if (cache.settings === settings) return cache.update;
    if (samePolicy(cache.update.policy, policyOf(settings))) {
      cache.settings = settings;
      return cache.update;
    }
  }
  const update = computeUpdate(policyOf(settings), rewardEdits);
  cache = { update, settings, edits: rewardEdits, header };
  return update;
}

/** The loss gradient of a first update (importance ratio 1) on the shown answer; null where there is no update. */
export function currentGradient(): PolicyUpdate | null {
  const update = currentUpdate();
  if (gradientCache?.update === update) return gradientCache.value;
  let value: PolicyUpdate | null = null;
  // The KL penalty needs the model without its adapter, which has not scored the shown answer.
  if (update.preview && update.preview.tokenCount > 0 && update.policy.klCoef === 0) {
    const trajectories = scored(update.rewards, update.dependencies).map((trajectory, i) => {
      const { logp, logpMasked } = answerTokens.stats(i);
      return { ...trajectory, logp, logpOld: logp, logpMasked };
    });
    value = policyUpdate(trajectories, update.policy);
  }
  gradientCache = { update, value };
  return value;
}

/** Calls back whenever `currentUpdate` may have changed. */
export function subscribeUpdate(listener: () => void): () => void {
  const stops = [
    answerTokens.subscribe(listener),
    subscribeAnswerHeader(listener),
    useStore.subscribe((state, before) => {
      if (state.settings !== before.settings || state.rewardEdits !== before.rewardEdits) listener();
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** The current update; the component renders again when it changes. */
export function useUpdate(): AnswerUpdate {
  return useSyncExternalStore(subscribeUpdate, currentUpdate);
}

function computeUpdate(policy: PolicySettings, edits: Readonly<Record<number, number>>): AnswerUpdate {
  const { version, epoch } = answerTokens;
  const dependencies = currentDependencies(policy.dependencyMeasure);
  const measured = measuredRewards();
  const rewardSources = measured.map((reward, i): RewardSource => {
    if (edits[i] !== undefined) return "edited";
    return reward === null ? "unknown" : "measured";
  });
  const rewards = measured.map((reward, i) => edits[i] ?? reward ?? 0);
  const base = { version, epoch, policy, rewards, measuredRewards: measured, rewardSources, dependencies };
  if (dependencies.every((dependency) => dependency.length === 0)) return { ...base, preview: null, problem: null };
  try {
    return { ...base, preview: previewUpdate(scored(rewards, dependencies), policy), problem: null };
  } catch (error) {
    return { ...base, preview: null, problem: describeError(error).message };
  }
}

function scored(rewards: readonly number[], dependencies: readonly Float32Array[]): readonly ScoredTrajectory[] {
  return dependencies.map((dependency, i) => {
    const { entropy } = answerTokens.stats(i);
    return { group: 0, reward: rewards[i] as number, dependency, entropy, stream: i };
  });
}

function currentDependencies(measure: DependencyMeasure): readonly Float32Array[] {
  const { version } = answerTokens;
  if (dependencyCache?.version !== version || dependencyCache.measure !== measure) {
    const rollouts = Array.from({ length: answerTokens.rolloutCount }, (_, i) => i);
    dependencyCache = { version, measure, value: rollouts.map((i) => dependencyOf(answerTokens.stats(i), measure)) };
  }
  return dependencyCache.value;
}

function measuredRewards(): readonly (number | null)[] {
  const { version } = answerTokens;
  const header = answerHeader();
  if (rewardCache?.version !== version || rewardCache.header !== header) {
    const value = Array.from({ length: answerTokens.rolloutCount }, (_, i) => {
      if (header?.rewards) return header.rewards[i] ?? null;
      return header?.answer == null ? null : exactMatch(answerTokens.rolloutText(i), header.answer);
    });
    rewardCache = { version, value, header };
  }
  return rewardCache.value;
}

function samePolicy(a: PolicySettings, b: PolicySettings): boolean {
  return (Object.keys(a) as (keyof PolicySettings)[]).every((key) => a[key] === b[key]);
}
