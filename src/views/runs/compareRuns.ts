// Pinned runs as tables: what they came to, each against the baseline, and the settings in which they differ. Pure.

import type { TrainSettings } from "@/protocol/training";
import type { ExportTable } from "@/state/exportSources";
import { mainRows } from "@/state/metricRows/mainRows";
import type { Metric } from "@/state/metrics";
import { type KnobDifference, knobDifferences } from "@/state/runs/runsKnobs";

/** What is compared of a run. */
export interface ComparedRun {
  readonly id: string;
  readonly name: string;
  readonly series: { values(key: string): ArrayLike<number> };
  readonly settings: TrainSettings | undefined;
}

/** Steps whose mean stands for where a run ended: single steps are a few answers only. */
export const finalSteps = 5;

export interface FinalRow {
  readonly metric: Metric;
  /** Mean of the last values of each run; NaN where it has none. */
  readonly values: readonly number[];
  /** Minus the baseline's; NaN for the baseline itself and without one. */
  readonly differences: readonly number[];
}

/** What the runs came to: the metrics of the overview that any of them has. */
export function finalRows(runs: readonly ComparedRun[], baseline: string | null): readonly FinalRow[] {
  const place = runs.findIndex(({ id }) => id === baseline);
  return mainRows.flatMap((metric) => {
    const values = runs.map(({ series }) => finalMean(series.values(metric.key)));
    if (values.every(Number.isNaN)) return [];
    const own = values[place] ?? Number.NaN;
    return [{ metric, values, differences: values.map((value, i) => (i === place ? Number.NaN : value - own)) }];
  });
}

/** Mean of the last finite values; NaN for none. */
export function finalMean(values: ArrayLike<number>): number {
  let [sum, count] = [0, 0];
  for (let i = values.length - 1; i >= 0 && count < finalSteps; i--) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) continue;
    sum += value;
    count++;
  }
  return sum / (count || Number.NaN);
}

/** Settings in which the runs differ, as they were at their last step. */
export function settingRows(runs: readonly ComparedRun[]): readonly KnobDifference[] {
  return knobDifferences(runs.map(({ settings }) => settings));
}

/** Both tables as one file. */
export function comparisonTable(runs: readonly ComparedRun[], baseline: string | null): ExportTable {
  const cell = (value: number) => (Number.isNaN(value) ? "" : value);
  return {
    columns: ["row", ...runs.flatMap(({ name }) => [name, `${name} minus baseline`])],
    rows: [
      ...finalRows(runs, baseline).map(({ metric, values, differences }) => [
        metric.key,
        ...values.flatMap((value, i) => [cell(value), cell(differences[i] ?? Number.NaN)]),
      ]),
      ...settingRows(runs).map(({ label, values }) => [label, ...values.flatMap((value) => [value, ""])]),
    ],
  };
}
