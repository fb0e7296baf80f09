// Logs of other trainers as runs: stored with origin "log" and pinned for comparison; where the browser stores nothing, the log takes the
// place of the recorded run until the page is closed.

import { create } from "zustand";
import { baselineSeries } from "@/client/live";
import type { LoggedStep } from "@/formats/experimentLog";
import type { RunInfo } from "@/protocol/runs";
import { RunsUnavailableError } from "@/runs/runErrors";
import { useRuns } from "./runs";
import { newRunId, runStore, tellRuns } from "./runsStorage";

/** What the dashed baseline is called: the recorded run, or a log that took its place. */
export const useBaseline = create<{ readonly name: string }>()(() => ({ name: "Recorded run" }));

/** Keeps a log with at least one step; rejects with a UserError when there is no room. */
export async function keepLog(steps: readonly LoggedStep[], name: string, note: string): Promise<void> {
  const now = Date.now();
  const id = newRunId();
  const lastStep = steps.at(-1)?.step ?? 0;
  const times = { createdAt: now, updatedAt: now };
  const info: RunInfo = { id, name, note, ...times, status: "finished", origin: "log", settings: [], lastStep };
  try {
    await runStore.insert({ info, steps: steps.map((row) => ({ run: id, ...row })), rollouts: [], states: [] });
  } catch (error) {
    if (!(error instanceof RunsUnavailableError)) throw error;
    baselineSeries.reset();
    for (const { step, metrics } of steps) baselineSeries.append(step, metrics);
    useBaseline.setState({ name });
    return;
  }
  const { putRun, toggleSelected } = useRuns.getState();
  putRun(info);
  toggleSelected(id);
  tellRuns({ type: "changed" });
}
