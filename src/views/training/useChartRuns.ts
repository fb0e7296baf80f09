// Which runs the charts lay over each other: the run in the page first, then those pinned in Runs, and the recorded run; five with names
// of their own at most. The run that was made the baseline is dashed, and so is the recorded one beside others. Re-renders as they grow.
import { useMemo } from "react";
import { baselineSeries, trainingSeries } from "@/client/live";
import { useBaseline } from "@/state/runs/logRuns";
import { mostSelected, useRuns } from "@/state/runs/runs";
import { useRunSeries } from "@/state/runs/runsSeries";
import { recordedRunId } from "@/state/runs/runsView";
import type { ChartRun } from "./charts";
import { useSeriesVersion } from "./useSeries";

/** Place 2 is grey and the recorded run's. */
const recordedColour = 2;
const colours = [0, 1, 3, 4, 5];

export interface ChartRuns {
  readonly runs: readonly ChartRun[];
  /** Grows with the contents of the runs in the page. */
  readonly version: number;
}

/** The runs to draw; empty while there is none. */
export function useChartRuns(): ChartRuns {
  const ownVersion = useSeriesVersion(trainingSeries);
  const recordedVersion = useSeriesVersion(baselineSeries);
  const recordedName = useBaseline((state) => state.name);
  const selected = useRuns((state) => state.selectedRuns);
  const open = useRuns((state) => state.open?.id);
  const openRun = useRuns((state) => state.runs?.find(({ id }) => id === state.open?.id));
  const baseline = useRuns((state) => state.baseline);
  const others = useRunSeries(selected);
  const version = ownVersion + recordedVersion;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the contents of the buffers
  const runs = useMemo(() => {
    const entry = openRun ? { name: openRun.name, settings: openRun.settings } : { name: "This run" };
    const own = trainingSeries.length > 0 ? [{ id: open ?? "own", ...entry, series: trainingSeries }] : [];
    const pinned = others
      .filter(({ run }) => run.id !== open)
      .map(({ run: { id, name, settings }, series }) => ({ id, name, settings, series }));
    const named = [...own, ...pinned].slice(0, mostSelected);
    const lines = named.map((run, i): ChartRun => {
      const isBaseline = run.id === baseline && named.length > 1;
      const name = unlike(run.name, named, i);
      return { ...run, name: isBaseline ? `${name} (baseline)` : name, colour: colours[i] ?? i, dashed: isBaseline };
    });
    if (baselineSeries.length === 0) return lines;
    const isAlone = lines.length === 0;
    const recorded = { id: recordedRunId, name: recordedName, series: baselineSeries, colour: isAlone ? 0 : recordedColour };
    return [...lines, { ...recorded, dashed: !isAlone }];
  }, [others, open, openRun, baseline, recordedName, version]);
  return { runs, version };
}

/** Runs of one name are told apart by a number. */
function unlike(name: string, runs: readonly { readonly name: string }[], i: number): string {
  const before = runs.slice(0, i).filter((run) => run.name === name).length;
  return before === 0 ? name : `${name} (${before + 1})`;
}
