// Metrics of stored runs as series for charts that lay several runs over each other. The run that trains gives its live series; the
// others are read once, and again when they have more steps.

import { useEffect, useMemo, useState } from "react";
import { trainingSeries } from "@/client/live";
import { SeriesBuffer } from "@/client/seriesBuffer";
import type { RunInfo } from "@/protocol/runs";
import { useStore } from "../store";
import { useRuns } from "./runs";
import { runStore } from "./runsStorage";

/** A run with its metrics. */
export interface RunSeries {
  readonly run: RunInfo;
  readonly series: SeriesBuffer;
}

const buffers = new Map<string, SeriesBuffer>();

/** The runs with these ids and their series, in the order of the ids; one that is not there is left out. */
export function useRunSeries(ids: readonly string[]): readonly RunSeries[] {
  const runs = useRuns((state) => state.runs);
  const open = useRuns((state) => state.open?.id);
  const [readings, setReadings] = useState(0);
  const wanted = useMemo(() => (runs ?? []).filter(({ id }) => ids.includes(id)), [runs, ids]);
  useEffect(() => {
    let isCurrent = true;
    for (const { id, lastStep } of wanted) {
      const series = buffers.get(id);
      if (id === open || (series && (series.steps().at(-1) ?? 0) >= lastStep)) continue;
      readSeries(id).then(
        () => isCurrent && setReadings((count) => count + 1),
        (error: unknown) => useStore.getState().fail(error),
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [wanted, open]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the readings stand for the contents of the buffers
  return useMemo(
    () =>
      ids.flatMap((id) => {
        const run = wanted.find((one) => one.id === id);
        const series = id === open ? trainingSeries : buffers.get(id);
        return run && series ? [{ run, series }] : [];
      }),
    [ids, wanted, open, readings],
  );
}

async function readSeries(id: string): Promise<void> {
  const rows = await runStore.metrics(id);
  const series = buffers.get(id) ?? new SeriesBuffer();
  series.reset();
  for (const { step, metrics } of rows) series.append(step, metrics);
  buffers.set(id, series);
}
