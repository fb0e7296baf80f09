// Which runs the charts lay over each other: the run in the page first, then those pinned in Runs, and the recorded run as the dashed
// baseline, five with names of their own at most. Re-renders as they grow.
import { useMemo } from "react";
import { baselineSeries, trainingSeries } from "@/client/live";
import { useBaseline } from "@/state/logRuns";
import { mostSelected, useRuns } from "@/state/runs";
import { useRunSeries } from "@/state/runsSeries";
import type { ChartRun } from "./charts";
import { useSeriesVersion } from "./useSeries";

export const baselineId = "baseline";
/** Place 2 is grey and the baseline's. */
const baselineColour = 2;
const colours = [0, 1, 3, 4, 5];

export interface ChartRuns {
  readonly runs: readonly ChartRun[];
  /** Grows with the contents of the runs in the page. */
  readonly version: number;
}

/** The runs to draw; empty while there is none. */
export function useChartRuns(): ChartRuns {
  const ownVersion = useSeriesVersion(trainingSeries);
  const baselineVersion = useSeriesVersion(baselineSeries);
  const baselineName = useBaseline((state) => state.name);
  const selected = useRuns((state) => state.selectedRuns);
  const open = useRuns((state) => state.open?.id);
  const openName = useRuns((state) => state.runs?.find(({ id }) => id === state.open?.id)?.name);
  const others = useRunSeries(selected);
  const version = ownVersion + baselineVersion;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the contents of the buffers
  const runs = useMemo(() => {
    const own = trainingSeries.length > 0 ? [{ id: open ?? "own", name: openName ?? "This run", series: trainingSeries }] : [];
    const pinned = others.filter(({ run }) => run.id !== open).map(({ run, series }) => ({ id: run.id, name: run.name, series }));
    const named = [...own, ...pinned].slice(0, mostSelected);
    const lines = named.map(
      (run, i): ChartRun => ({ ...run, name: unlike(run.name, named, i), colour: colours[i] ?? i, dashed: false }),
    );
    if (baselineSeries.length === 0) return lines;
    const isAlone = lines.length === 0;
    const baseline = { id: baselineId, name: baselineName, series: baselineSeries, colour: isAlone ? 0 : baselineColour };
    return [...lines, { ...baseline, dashed: !isAlone }];
  }, [others, open, openName, baselineName, version]);
  return { runs, version };
}

/** Runs of one name are told apart by a number. */
function unlike(name: string, runs: readonly { readonly name: string }[], i: number): string {
  const before = runs.slice(0, i).filter((run) => run.name === name).length;
  return before === 0 ? name : `${name} (${before + 1})`;
}
