// Rows of what a step costs: time by phase, tokens per device, memory. The page reports some; logs of a cluster the others.

import type { Metric } from "../metrics";
import { metricRow } from "./metricRow";

const seconds = { unit: "s" } as const;
const gigabytes = { unit: "GB" } as const;

/** The official timers, in the order of a step, with what they cover. */
const timers: Readonly<Record<string, string>> = {
  gen: "Sampling the answers",
  reward: "Grading",
  old: "Log-probs of the sampling policy",
  ref: "Log-probs of the reference",
  aug: "Second pass with the masked image",
  adv: "Advantages",
  values: "Values of the critic",
  update_critic: "Update of the critic",
  update_actor: "Forward and backward passes and the optimizer",
  validation: "Validation",
  testing: "Validation",
  save_checkpoint: "Saving",
  step: "The whole step",
};
const shown = ["gen", "aug", "update_actor", "step"];

/** Numbers of time and memory. */
export const costRows: readonly Metric[] = [
  ...Object.entries(timers).map(([timer, help]) =>
    metricRow(`timing_s/${timer}`, shown.includes(timer) ? "time" : `time_${timer}`, `Time: ${timer.replaceAll("_", " ")}`, {
      ...seconds,
      short: timer === "update_actor" ? "update" : timer.replaceAll("_", " "),
      help: `${help}, in seconds.`,
    }),
  ),
  ...["gen", "ref", "adv", "update_actor", "update_critic", "values"].map((timer) =>
    metricRow(`timing_per_token_ms/${timer}`, "timePerToken", `Time per token: ${timer.replaceAll("_", " ")}`, {
      unit: "ms",
      short: timer === "update_actor" ? "update" : timer.replaceAll("_", " "),
      help: `${timers[timer] ?? timer}, in milliseconds per token.`,
    }),
  ),
  metricRow("perf/total_num_tokens", "tokens", "Tokens of a step", {
    unit: "tokens",
    help: "Tokens of all prompts and answers.",
  }),
  metricRow("perf/time_per_step", "timePerStep", "Time per step", { ...seconds, help: "Seconds that the step took." }),
  ...(["min", "max", "mean", "minmax_diff", "balanced_min", "balanced_max"] as const).map((part) =>
    metricRow(
      `global_seqlen/${part}`,
      part === "minmax_diff" ? "seqlenDiff" : "seqlen",
      `Tokens per device, ${part.replaceAll("_", " ")}`,
      {
        unit: "tokens",
        short: part.replaceAll("_", " "),
        help: "Tokens per device before and after balancing; with one device all are the same.",
      },
    ),
  ),
  metricRow("perf/mfu_actor", "mfu", "Model FLOPs utilisation", {
    format: "percent",
    help: "Share of the device's arithmetic that the update used.",
  }),
  metricRow("perf/max_memory_allocated_gb", "memory", "GPU memory", {
    ...gigabytes,
    short: "allocated",
    help: "Highest memory of tensors on a GPU.",
  }),
  metricRow("perf/max_memory_reserved_gb", "memory", "GPU memory, reserved", {
    ...gigabytes,
    short: "reserved",
    help: "Highest memory that was kept for tensors on a GPU.",
  }),
  metricRow("perf/cpu_memory_used_gb", "cpuMemory", "CPU memory", { ...gigabytes, help: "Memory in use on the host." }),
];
