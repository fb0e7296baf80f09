// How rows of the metrics table are written: one line per number, help from the official meaning where the update reports it.

import { policyMetricMeanings } from "@/rl/policyMetrics";
import { rolloutGapMeanings } from "@/rl/rolloutGap";
import { moveMetricMeanings } from "@/rl/tokenMoves";
import { varianceMetricMeanings } from "@/rl/varianceTheorem";
import type { Metric } from "../metrics";

type Extra = Partial<Pick<Metric, "unit" | "help" | "short" | "better" | "domain" | "format">>;

const meanings: Readonly<Record<string, string>> = {
  ...policyMetricMeanings,
  ...varianceMetricMeanings,
  ...moveMetricMeanings,
  ...rolloutGapMeanings,
};

/** One row; `help` may be left out for a metric whose meaning stands in `rl/`. */
export function metricRow(key: string, chart: string, label: string, extra: Extra = {}): Metric {
  return { key, chart, label, short: label, unit: "", format: "number", help: meanings[key] ?? label, ...extra };
}

/** The rows mean, max and min of one number; `help` says what it is, as the end of a sentence. */
export function spreadRows(name: string, chart: string, label: string, help: string, extra: Extra = {}): readonly Metric[] {
  const words = { mean: "Mean", max: "Highest", min: "Lowest" } as const;
  return (["mean", "max", "min"] as const).map((part) =>
    metricRow(`${name}/${part}`, chart, `${label}, ${part}`, { ...extra, short: part, help: `${words[part]} ${help}` }),
  );
}
