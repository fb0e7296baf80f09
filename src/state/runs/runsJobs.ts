// What the user does with stored runs: open, continue, rename, note, fork, delete, make room, save to a file and read from one. Failures go
// to the session's messages. Training itself is trainJob.ts' business.

import { trainingSeries } from "@/client/live";
import { UserError } from "@/lib/errors";
import type { RunInfo } from "@/protocol/runs";
import { exportRun, importRun } from "@/runs/runArchive";
import { listenToRuns } from "@/runs/runChannel";
import { RunBusyError, RunsUnavailableError } from "@/runs/runErrors";
import { trainingRuns, withRunLock } from "@/runs/runLock";
import type { RunChange } from "@/runs/runStore";
import { loadModel } from "../models/modelJob";
import { trainSettingsOf } from "../requests";
import { useStore } from "../store";
import { accuracyKey, useRuns } from "./runs";
import { forkName, isModelOf } from "./runsCurrent";
import { knobsOfRun } from "./runsKnobs";
import { restorePins } from "./runsPins";
import { newRunId, runLocks, runStore, tellRuns } from "./runsStorage";
import { closeRun, train } from "./trainJob";

/** Reports with rollouts that are read when a run is opened; metrics are read for every step. */
const shownReports = 50;

/** The run cannot go on here and now. */
export class RunModelError extends UserError {
  override readonly name = "RunModelError";
}

/** Reads the stored runs, names the one that the page was closed on, and follows what other tabs do; returns the way to stop. */
export async function startRuns(): Promise<() => void> {
  const stop = listenToRuns((message) => {
    if (message.type === "full") useRuns.getState().set({ neededBytes: message.neededBytes });
    else void readRuns();
  });
  await readRuns();
  const { runs, training, set } = useRuns.getState();
  const left = (runs ?? []).filter(({ id, status }) => status === "running" && !training.has(id));
  const [interrupted = null] = left.toSorted((a, b) => b.updatedAt - a.updatedAt);
  set({ interrupted });
  return stop;
}

/** Reads the stored runs again. */
export async function readRuns(): Promise<void> {
  const { set } = useRuns.getState();
  try {
    const { runs, damaged } = await runStore.list();
    const accuracies: Record<string, number> = {};
    for (const { id } of runs) accuracies[id] = (await runStore.lastMetrics(id))?.[accuracyKey] ?? Number.NaN;
    set({ runs, damaged, accuracies, training: await trainingRuns(runLocks()), usage: await runStore.usage() });
    restorePins(runs);
  } catch (error) {
    // Training says so when it matters.
    if (error instanceof RunsUnavailableError) set({ runs: [], unavailable: error.message });
    else useStore.getState().fail(error);
  }
}

/** Shows a stored run: its charts, its newest rollouts and its settings on the knobs; Step and Play go on with it. Not while one trains. */
export async function openRun(id: string): Promise<boolean> {
  if (useStore.getState().training.status === "running") return false;
  return (
    (await reported(async () => {
      const run = await runStore.get(id);
      const rows = await runStore.metrics(id);
      const [first = Number.POSITIVE_INFINITY] = (await runStore.rolloutSteps(id)).slice(-shownReports);
      const reports = new Map(
        await Promise.all(
          rows.filter(({ step }) => step >= first).map(async (row) => [row.step, await runStore.reportOf(row)] as const),
        ),
      );
      closeRun();
      for (const { step, metrics } of rows) {
        const report = reports.get(step);
        trainingSeries.append(step, metrics, report && report.rollouts.length > 0 ? report : undefined);
      }
      // The knobs stand for the run that Step and Play go on with; as one change, so that one undo takes it back.
      const last = run.settings.at(-1)?.settings;
      if (last) useStore.getState().setSettings(knobsOfRun(last));
      const knobs = trainSettingsOf(useStore.getState().settings);
      const settings = last ?? knobs;
      const { set, putRun } = useRuns.getState();
      putRun(run);
      set({ open: { id, settings, knobs }, rolloutsOf: null });
      useStore.getState().setTraining({ status: "idle", step: run.lastStep });
      return true;
    })) ?? false
  );
}

/** Goes on with a run to its target, with its model and its own settings. */
export async function continueRun(id: string): Promise<void> {
  if (useStore.getState().training.status === "running") return;
  await reported(async () => {
    if ((await trainingRuns(runLocks())).has(id)) throw new RunBusyError("it trains in another tab of this page");
    const run = await runStore.get(id);
    await loadModelOf(run);
    if (!(await openRun(id))) return;
    const { targetStep, lastStep } = run;
    await train(targetStep !== undefined && targetStep > lastStep ? targetStep - lastStep : Number.POSITIVE_INFINITY);
  });
}

/** Leaves the run that the page was closed on as it is. */
export async function dismissInterrupted(): Promise<void> {
  const { interrupted, set } = useRuns.getState();
  set({ interrupted: null });
  if (interrupted) await changeRun(interrupted.id, { status: "paused" });
}

/** Renames a run, changes its note, or says how far it is to go. */
export async function changeRun(id: string, change: RunChange): Promise<void> {
  const run = await reported(() => runStore.change(id, change));
  if (run) useRuns.getState().putRun(run);
  tellRuns({ type: "changed" });
}

/** A new run from a checkpoint of this one. */
export async function forkRun({ id, name }: RunInfo, step: number): Promise<void> {
  const fork = await reported(() => runStore.fork(id, step, forkName(name, step)));
  if (fork) useRuns.getState().putRun(fork);
  await changed();
}

/** Deletes a run, unless it trains. */
export async function deleteRun(id: string): Promise<void> {
  const { open, selectedRuns, baseline, rolloutsOf, interrupted, set } = useRuns.getState();
  const isGone = await reported(async () => {
    await withRunLock(runLocks(), id, () => runStore.remove([id]));
    return true;
  });
  if (isGone) {
    if (open?.id === id) closeRun();
    if (interrupted?.id === id) set({ interrupted: null });
    set({
      selectedRuns: selectedRuns.filter((one) => one !== id),
      ...(baseline === id && { baseline: null }),
      ...(rolloutsOf === id && { rolloutsOf: null }),
    });
  }
  await changed();
}

/** Room that deleting old checkpoints would make: those that are needed for what did not fit, or all but each run's last. */
export async function oldCheckpoints(): Promise<{
  readonly count: number;
  readonly bytes: number;
  readonly free: () => Promise<void>;
}> {
  const { neededBytes } = useRuns.getState();
  const found = await runStore.oldestCheckpoints(neededBytes ?? Number.POSITIVE_INFINITY);
  return {
    count: found.length,
    bytes: found.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    free: async () => {
      await reported(() => runStore.deleteCheckpoints(found));
      useRuns.getState().set({ neededBytes: null });
      await changed();
    },
  };
}

/** Steps of a run that it can be forked from, the newest first. */
export async function forkSteps(id: string): Promise<readonly number[]> {
  const checkpoints = await reported(() => runStore.checkpoints(id));
  return (checkpoints ?? []).map(({ step }) => step).reverse();
}

/** A run as one file; null after a failure, which is reported. */
export function runFile(id: string): Promise<Blob | null> {
  return reported(() => exportRun(runStore, id));
}

/** Stores the run of a file as a new one. */
export async function takeRunFile(file: Blob): Promise<void> {
  const run = await reported(() => importRun(runStore, file, newRunId));
  if (run) useStore.getState().notify("notice", `${run.name} was imported with ${run.lastStep} steps.`);
  await changed();
}

/** Sees to it that the model a run was trained with is loaded; throws RunModelError where it cannot be. */
async function loadModelOf(run: RunInfo): Promise<void> {
  const { model } = run;
  if (!model) throw new RunModelError(`${run.name} cannot go on`, "it is the log of another trainer", "Start a run of your own");
  if (await isLoaded(run)) return;
  if (!model.source) {
    const why = `it was trained with ${model.name} from a folder of this machine`;
    throw new RunModelError(
      `${run.name} cannot go on yet`,
      why,
      "Open that folder in Models with the same number formats, then continue",
    );
  }
  const { text, vision, head, groupSize } = model.precision;
  const group = { 32: "32", 64: "64", 128: "128" } as const;
  useStore.getState().setSettings({ textFormat: text, visionFormat: vision, headFormat: head, groupSize: group[groupSize] });
  await loadModel(model.source);
  if (await isLoaded(run)) return;
  throw new RunModelError(
    `${run.name} cannot go on`,
    `its model ${model.name} was not loaded`,
    "Load it in Models, then continue",
  );
}

/** Whether the run's model is there, after waiting for one that is being loaded. */
async function isLoaded(run: RunInfo): Promise<boolean> {
  if (useStore.getState().model.status === "loading") {
    await new Promise<void>((resolve) => {
      const stop = useStore.subscribe(({ model }) => {
        if (model.status === "loading") return;
        stop();
        resolve();
      });
    });
  }
  const { model } = useStore.getState();
  return model.status === "ready" && isModelOf(model.model, run);
}

async function changed(): Promise<void> {
  await readRuns();
  tellRuns({ type: "changed" });
}

async function reported<T>(job: () => Promise<T>): Promise<T | null> {
  try {
    return await job();
  } catch (error) {
    useStore.getState().fail(error);
    return null;
  }
}
