// Rows of what a step measures besides training: both cost time and change no number of the update.

import { trainDefaults } from "@/protocol/training";
import type { Setting } from "../settings";

/** The knobs of insight, in the order of their controls. */
export const insightRows: readonly Setting[] = [
  {
    kind: "switch",
    key: "measureMoves",
    label: "Moved tokens",
    group: "insight",
    urlKey: "moves",
    default: trainDefaults.measureMoves,
    help: "Scores the shown rollouts again after the update: how much each token's log-probability moved. Costs a pass over them.",
    formula: "log π after − log π before",
  },
  {
    kind: "switch",
    key: "measureVariance",
    label: "Gradient variance",
    group: "insight",
    urlKey: "gvar",
    default: trainDefaults.measureVariance,
    help: "Measures the variance of the gradient with and without filter and shaping, beside the paper's estimate. Costs one forward and four backward passes for each of up to 24 answers.",
    formula: "Var(g_VPPO) / Var(g_GRPO) ≈ k·E[α²]",
  },
];
