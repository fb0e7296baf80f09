// THE table of plotted numbers: each row is a line of a chart, a column of the CSV and a status value. Keys are the names of the
// official logger where it has one (see `rl/policyMetrics.ts`); a step report that lacks a key simply leaves a gap. The rows
// stand in `metricRows/`; here is what they have in common and how they are grouped into charts.

import { answerRows } from "./metricRows/answerRows";
import { costRows } from "./metricRows/costRows";
import { mainRows } from "./metricRows/mainRows";
import { updateRows } from "./metricRows/updateRows";

/** One plotted number of a training step. */
export interface Metric {
  readonly key: string;
  readonly label: string;
  /** Its name beside other lines of the same chart. */
  readonly short: string;
  readonly unit: string;
  readonly help: string;
  readonly better?: "higher" | "lower";
  /** Fixed axis, where the number has one. */
  readonly domain?: readonly [number, number];
  readonly format: "number" | "percent" | "integer" | "bytes";
  /** Metrics with the same chart are drawn as lines of one chart; its title is the first one's label, or stands in `chartTitles`. */
  readonly chart: string;
}

/** Rows by group; the first group is always shown, the others stand under "More charts". */
export const metricGroups: readonly { readonly title: string; readonly rows: readonly Metric[] }[] = [
  { title: "Overview", rows: mainRows },
  { title: "Update", rows: updateRows },
  { title: "Answers", rows: answerRows },
  { title: "Time and memory", rows: costRows },
];

/** All rows in their order. */
export const metricsTable: readonly Metric[] = metricGroups.flatMap(({ rows }) => rows);

/** Titles of charts with several lines, where the first line's label does not fit. */
export const chartTitles: Readonly<Record<string, string>> = {
  reward: "Reward",
  accuracy: "Accuracy",
  kept: "Kept",
  alpha: "α spread",
  entropy: "Entropy",
  clip: "Clip fractions",
  selectedDependency: "Dependency by selection",
  dependencyRange: "Dependency of answers",
  selectedEntropy: "Entropy by selection",
  combinedEntropy: "Entropy, either",
  combinedDependency: "Dependency, either",
  papoEntropy: "PAPO: surprise",
  moves: "Moves of tokens",
  rolloutGap: "Rollouts against exact |Δπ|",
  variance: "Gradient variance",
  varianceFactors: "Theorem's assumptions",
  score: "Score",
  rewards: "Reward minus KL",
  advantages: "Advantage",
  returns: "Return",
  response_length: "Answer length, range",
  prompt_length: "Prompt length",
  val_response_length: "Answer length, validation",
  val_prompt_length: "Prompt length, validation",
  time: "Time",
  timePerToken: "Time per token",
  seqlen: "Tokens per device",
  memory: "GPU memory, as logged",
};
