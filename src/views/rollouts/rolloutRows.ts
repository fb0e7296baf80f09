// The rollouts of a step as table rows: sorted by a column, filtered by prompt, reward, kind of question and text, grouped by prompt. Pure.

import type { TrainRollout } from "@/protocol/training";
import type { ExportTable } from "@/state/exportSources";
import type { StepRollouts } from "@/state/runs/runsRollouts";

export type RolloutColumn = "prompt" | "reward" | "advantage" | "alpha" | "meanDependency" | "length";

export interface RolloutOrder {
  readonly column: RolloutColumn;
  readonly descending: boolean;
}

export type RewardFilter = "all" | "right" | "wrong";

export interface RolloutFilter {
  /** Null for all. */
  readonly prompt: number | null;
  readonly reward: RewardFilter;
  /** Null for all. */
  readonly family: string | null;
  /** Part of text, question or answer; case does not matter. */
  readonly search: string;
}

export const noFilter: RolloutFilter = { prompt: null, reward: "all", family: null, search: "" };

export interface RolloutRow {
  /** Index in the step's report. */
  readonly index: number;
  /** Place in its group. */
  readonly place: number;
  readonly rollout: TrainRollout;
}

/** Rows in order; equal values keep the report's order. */
export function rolloutRows(
  rollouts: readonly TrainRollout[],
  order: RolloutOrder,
  { prompt, reward, family, search }: RolloutFilter,
): readonly RolloutRow[] {
  const sign = order.descending ? -1 : 1;
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const places = new Map<number, number>();
  return rollouts
    .map((rollout, index) => {
      const place = places.get(rollout.prompt) ?? 0;
      places.set(rollout.prompt, place + 1);
      return { index, place, rollout };
    })
    .filter(({ rollout }) => prompt === null || rollout.prompt === prompt)
    .filter(({ rollout }) => reward === "all" || rollout.reward > 0 === (reward === "right"))
    .filter(({ rollout }) => family === null || rollout.family === family)
    .filter(({ rollout: { text, question, answer } }) => {
      const all = `${text}\n${question}\n${answer}`.toLowerCase();
      return words.every((word) => all.includes(word));
    })
    .sort((a, b) => sign * (a.rollout[order.column] - b.rollout[order.column]));
}

/** A prompt with the rows of it that are shown, and what its whole group came to. */
export interface RolloutGroup {
  readonly prompt: number;
  readonly question: string;
  readonly answer: string;
  readonly rows: readonly RolloutRow[];
  /** Of all its rollouts, shown or not. */
  readonly total: number;
  readonly right: number;
  readonly meanDependency: number;
}

/** Rows by prompt, groups in the order of their first row. */
export function groupsOf(rows: readonly RolloutRow[], rollouts: readonly TrainRollout[]): readonly RolloutGroup[] {
  const prompts = [...new Set(rows.map(({ rollout }) => rollout.prompt))];
  return prompts.map((prompt) => {
    const all = rollouts.filter((rollout) => rollout.prompt === prompt);
    const { question = "", answer = "" } = all[0] ?? {};
    return {
      prompt,
      question,
      answer,
      rows: rows.filter(({ rollout }) => rollout.prompt === prompt),
      total: all.length,
      right: all.filter(({ reward }) => reward > 0).length,
      meanDependency: all.reduce((sum, { meanDependency }) => sum + meanDependency, 0) / Math.max(1, all.length),
    };
  });
}

/** Distinct prompts of a step, in order. */
export function promptsOf(rollouts: readonly TrainRollout[]): readonly { readonly prompt: number; readonly question: string }[] {
  const seen = new Map(rollouts.map(({ prompt, question }) => [prompt, { prompt, question }]));
  return [...seen.values()].sort((a, b) => a.prompt - b.prompt);
}

/** Kinds of questions in a step. */
export function familiesOf(rollouts: readonly TrainRollout[]): readonly string[] {
  return [...new Set(rollouts.map(({ family }) => family))].sort();
}

/** The shown rows as a file has them. */
export function rolloutTable({ step }: StepRollouts, rows: readonly RolloutRow[]): ExportTable {
  return {
    columns: [
      "step",
      "prompt",
      "rollout",
      "family",
      "question",
      "answer",
      "reward",
      "advantage",
      "alpha",
      "mean_dependency",
      "tokens",
      "text",
    ],
    rows: rows.map(({ place, rollout }) => {
      const { prompt, family, question, answer, reward, advantage, alpha, meanDependency, length, text } = rollout;
      return [step, prompt + 1, place + 1, family, question, answer, reward, advantage, alpha, meanDependency, length, text];
    }),
  };
}
