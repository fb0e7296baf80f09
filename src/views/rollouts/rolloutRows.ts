// The rollouts of a step as table rows: sorted by a column, filtered by prompt and reward. Pure.

import type { TrainRollout } from "@/protocol/training";

export type RolloutColumn = "prompt" | "reward" | "advantage" | "alpha" | "meanDependency" | "length";

export interface RolloutOrder {
  readonly column: RolloutColumn;
  readonly descending: boolean;
}

export type RewardFilter = "all" | "right" | "wrong";

export interface RolloutRow {
  /** Index in the step's report. */
  readonly index: number;
  readonly rollout: TrainRollout;
}

/** Rows in order; equal values keep the report's order. */
export function rolloutRows(
  rollouts: readonly TrainRollout[],
  order: RolloutOrder,
  filter: { readonly prompt: number | null; readonly reward: RewardFilter },
): readonly RolloutRow[] {
  const sign = order.descending ? -1 : 1;
  return rollouts
    .map((rollout, index) => ({ index, rollout }))
    .filter(({ rollout }) => filter.prompt === null || rollout.prompt === filter.prompt)
    .filter(({ rollout }) => filter.reward === "all" || rollout.reward > 0 === (filter.reward === "right"))
    .sort((a, b) => sign * (a.rollout[order.column] - b.rollout[order.column]));
}

/** Distinct prompts of a step, in order. */
export function promptsOf(rollouts: readonly TrainRollout[]): readonly { readonly prompt: number; readonly question: string }[] {
  const seen = new Map(rollouts.map(({ prompt, question }) => [prompt, { prompt, question }]));
  return [...seen.values()].sort((a, b) => a.prompt - b.prompt);
}
