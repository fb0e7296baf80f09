// Rows of what the step answered: scores and advantages after filtering, lengths, validation. Names and meaning: trainer/metrics.py.

import type { Metric } from "../metrics";
import { metricRow, spreadRows } from "./metricRow";

const share = { domain: [0, 1], format: "percent" } as const;
const tokens = { unit: "tokens" } as const;

/** Numbers of rewards, advantages and lengths. */
export const answerRows: readonly Metric[] = [
  ...spreadRows("critic/score", "score", "Score", "reward of the answers that were learnt from, after filtering."),
  ...spreadRows(
    "critic/rewards",
    "rewards",
    "Reward minus KL",
    "reward after a KL penalty was taken off; the score without one.",
  ),
  ...spreadRows("critic/advantages", "advantages", "Advantage", "advantage before shaping, each answer counted by its tokens."),
  ...spreadRows("critic/returns", "returns", "Return", "return, which is the advantage in GRPO."),
  metricRow("reward/format", "format", "Format", { ...share, help: "Share of answers in the wanted form.", better: "higher" }),
  metricRow("vppo/batches", "batches", "Batches sampled", {
    format: "integer",
    help: "Batches of prompts that were sampled until enough groups had right and wrong answers.",
  }),
  metricRow("val/reward_score", "valReward", "Validation score", { help: "Mean score on the validation set.", better: "higher" }),
  metricRow("val/format_reward", "valFormat", "Validation format", { ...share, help: "Share of validation answers in form." }),
  ...lengthRows("response_length", "Answer length", "number of tokens of an answer that was learnt from."),
  ...lengthRows("prompt_length", "Prompt length", "number of tokens of a prompt, image tokens included."),
  ...lengthRows("val_response_length", "Answer length, validation", "number of tokens of a validation answer."),
  ...lengthRows("val_prompt_length", "Prompt length, validation", "number of tokens of a validation prompt."),
];

function lengthRows(name: string, label: string, help: string): readonly Metric[] {
  const spread = spreadRows(name, name, label, help, tokens).filter(({ key }) => key !== "response_length/mean");
  const clip = metricRow(`${name}/clip_ratio`, `${name}_clip`, `${label}: cut`, {
    ...share,
    help: "Share that reached the limit: cut, or just fitted.",
  });
  return [...spread, clip];
}
