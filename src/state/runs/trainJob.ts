// Training, as the page does it: Step, Play, Pause and Reset over the engine's `train`, with reports into the series buffer and
// status into the session. Every run is stored as it goes (the engine commits each step); the first step makes one, Reset closes it,
// and knobs turned meanwhile hold from the next step on. One run trains at a time; pausing waits for the engine's safe point.

import { engineClient } from "@/client/engineClient";
import { trainingSeries } from "@/client/live";
import type { RunInfo } from "@/protocol/runs";
import type { TrainEvent, TrainSettings } from "@/protocol/training";
import { fixedSettingsError } from "@/protocol/trainingChecks";
import { RunsUnavailableError } from "@/runs/runErrors";
import { withRunLock } from "@/runs/runLock";
import { inStoredOrder } from "@/runs/settingsSchema";
import { OneJob } from "../keptJob";
import { withAdapter } from "../models/adapterName";
import { lastLoadedSource } from "../models/modelJob";
import { presets } from "../presets";
import { trainSettingsOf } from "../requests";
import { trainingBlockedBy } from "../settingChecks";
import { useStore } from "../store";
import { accuracyKey, useRuns } from "./runs";
import { isModelOf, isTrainedHere, nextName, runModelOf, sameValue, withTurnedKnobs } from "./runsCurrent";
import { keepStorage, runLocks, runStore, tellRuns } from "./runsStorage";

const job = new OneJob();
let generation = 0;
/** Why the engine stopped, when it has said so. */
let lastStop: Extract<TrainEvent, { type: "stopped" }> | null = null;
let warnedUnavailable = false;
/** A slider that is dragged sends its settings when it rests. */
const changePauseMs = 150;

/** Takes so many optimiser steps; Infinity plays until paused, or to the end of a schedule. Does nothing while a run is on. */
export function train(steps: number): Promise<void> {
  return job.begin(() => takeSteps(steps));
}

async function takeSteps(steps: number): Promise<void> {
  const { setTraining, fail, notify, settings: chosen, training, device } = useStore.getState();
  const blocked = trainingBlockedBy(chosen, device);
  if (blocked) {
    notify("error", blocked);
    return;
  }
  const mine = ++generation;
  lastStop = null;
  setTraining({ status: "running", step: training.step, phase: "rollouts", done: 0, total: 0, pausing: false });
  let run: RunInfo | null = null;
  try {
    const knobs = trainSettingsOf(useStore.getState().settings);
    run = await runToTrain(knobs, steps);
    const settings = settingsNow(knobs);
    const target = run && targetOf(run, steps, settings);
    const left =
      run && target !== undefined && target !== null && steps === Number.POSITIVE_INFINITY ? target - run.lastStep : steps;
    const take = () =>
      engineClient.train({ settings, steps: left, ...(run && { run: run.id }) }, (event) => {
        if (mine === generation) takeEvent(event);
      });
    const stopFollowing = followKnobs();
    try {
      await (run ? trainStored(run, target ?? undefined, take) : take());
    } finally {
      stopFollowing();
    }
    await settle();
    if (run) await close(run, steps);
  } catch (error) {
    setTraining({ status: "failed", step: useStore.getState().training.step, message: fail(error) });
    if (run) await close(run, steps, "failed");
  }
}

/** Asks the engine to stop at the next safe point and waits for it. */
export async function pauseTraining(): Promise<void> {
  const { training, setTraining, fail } = useStore.getState();
  if (!job.running) return;
  if (training.status === "running") setTraining({ ...training, pausing: true });
  try {
    await engineClient.stop();
    await job.running;
  } catch (error) {
    fail(error);
  }
}

/** Stops, then forgets adapter, optimiser state and charts; the run stays stored, and the next step starts another. */
export async function resetTraining(): Promise<void> {
  const { fail } = useStore.getState();
  await pauseTraining();
  try {
    await engineClient.resetTraining();
    closeRun();
    nameAdapter(null);
  } catch (error) {
    fail(error);
  }
}

/** Takes the shown run from the page; it stays stored. */
export function closeRun(): void {
  generation++;
  useRuns.getState().set({ open: null });
  trainingSeries.reset();
  const { setStep, setTraining } = useStore.getState();
  setStep(null);
  setTraining({ status: "idle", step: 0 });
}

/** The stored run that is to go on, or a new one, which has no goal of its own yet; null where nothing can be stored. */
async function runToTrain(knobs: TrainSettings, steps: number): Promise<RunInfo | null> {
  const { model, notify, settings } = useStore.getState();
  const loaded = model.status === "ready" ? model.model : null;
  const { open, putRun, set } = useRuns.getState();
  try {
    const stored = open && (await runStore.get(open.id));
    if (open && stored && stored.origin === "trained" && loaded && isModelOf(loaded, stored) && isTrainedHere(loaded.adapter)) {
      const fixed = fixedSettingsError(open.settings, settingsNow(knobs));
      if (!fixed) return stored;
      notify("notice", `A new run was started, because ${fixed.key} cannot change within one. ${stored.name} is kept in Runs.`);
    }
    if (useStore.getState().training.step > 0 || trainingSeries.length > 0) startAfresh();
    const { runs } = await runStore.list();
    const target = targetOf({ lastStep: 0 }, steps, knobs);
    const run = await runStore.create({
      name: nextName(presets[settings.preset].label, runs),
      settings: knobs,
      ...(loaded && { model: runModelOf(loaded, lastLoadedSource()) }),
      // From the first moment: a page that is closed right now goes on to the same step later.
      ...(target !== null && { targetStep: target }),
    });
    void keepStorage();
    putRun(run);
    set({ open: { id: run.id, settings: knobs, knobs } });
    const { targetStep: _, ...withoutGoal } = run;
    return withoutGoal;
  } catch (error) {
    if (!(error instanceof RunsUnavailableError)) throw error;
    if (!warnedUnavailable) notify("error", error.message);
    warnedUnavailable = true;
    set({ unavailable: error.message });
    return null;
  }
}

function startAfresh(): void {
  trainingSeries.reset();
  const { setStep, setTraining, training } = useStore.getState();
  setStep(null);
  setTraining({ ...training, step: 0 });
}

/** The open run's settings with the knobs that were turned since it was opened. */
function settingsNow(knobs: TrainSettings): TrainSettings {
  const { open } = useRuns.getState();
  return inStoredOrder(open ? withTurnedKnobs(open.settings, open.knobs, knobs) : knobs);
}

/** The step a run is on its way to: so many more, its own target if that is later, or the end of its schedule. */
function targetOf(
  run: Pick<RunInfo, "lastStep" | "targetStep">,
  steps: number,
  { lrSchedule, maxSteps }: TrainSettings,
): number | null {
  const own = run.targetStep ?? 0;
  if (steps !== Number.POSITIVE_INFINITY) return Math.max(own, run.lastStep + steps);
  return lrSchedule !== "constant" && maxSteps > run.lastStep ? maxSteps : null;
}

/** Trains a run under its lock, so that no second tab does. */
function trainStored({ id }: RunInfo, target: number | undefined, take: () => Promise<void>): Promise<void> {
  return withRunLock(runLocks(), id, async () => {
    const { putRun, set, interrupted, training } = useRuns.getState();
    set({ training: new Set([...training, id]), ...(interrupted?.id === id && { interrupted: null }) });
    // Stored before the first step, so that a page that is closed from here on is an interrupted run.
    putRun(await runStore.change(id, { status: "running", targetStep: target ?? null }));
    tellRuns({ type: "changed" });
    await take();
  });
}

/** Writes down how a training ended; a run that took no step at all leaves nothing behind. */
async function close({ id, targetStep }: RunInfo, steps: number, failed?: "failed"): Promise<void> {
  const { set, putRun, training, runs, open } = useRuns.getState();
  set({ training: new Set([...training].filter((one) => one !== id)) });
  try {
    const { lastStep, targetStep: target } = await runStore.get(id);
    if (lastStep === 0) {
      await runStore.remove([id]);
      set({ runs: (runs ?? []).filter((run) => run.id !== id), ...(open?.id === id && { open: null }) });
      return;
    }
    const isThere = target !== undefined && lastStep >= target;
    const status = failed ?? (lastStop?.reason === "failed" ? "failed" : isThere && isGoal(steps) ? "finished" : "paused");
    // A single step is no goal: the one the run had stays.
    const goal = isGoal(steps) ? {} : { targetStep: targetStep ?? null };
    putRun(await runStore.change(id, { status, ...goal }));
    set({ usage: await runStore.usage() });
  } catch (error) {
    useStore.getState().fail(error);
  }
  tellRuns({ type: "changed" });
}

/** Whether so many steps are something to be finished with, and not one press of Step. */
const isGoal = (steps: number) => steps > 1;

/** Sends the settings on while knobs are turned; returns the way to stop. What the run cannot change is left for the next run. */
function followKnobs(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const started = settingsNow(trainSettingsOf(useStore.getState().settings));
  let sent = started;
  const send = () => {
    const next = settingsNow(trainSettingsOf(useStore.getState().settings));
    if (sameValue(next, sent) || fixedSettingsError(started, next)) return;
    sent = next;
    engineClient.changeTraining(next).catch((error: unknown) => useStore.getState().fail(error));
  };
  const unsubscribe = useStore.subscribe((state, before) => {
    if (state.settings === before.settings) return;
    clearTimeout(timer);
    timer = setTimeout(send, changePauseMs);
  });
  return () => {
    clearTimeout(timer);
    unsubscribe();
  };
}

/** Says which adapter the next Ask uses. */
function nameAdapter(name: string | null): void {
  const { model, setModel } = useStore.getState();
  if (model.status === "ready") setModel(withAdapter(model, name));
}

/** The call has returned; the event that says why may still be on its way, and none comes where nothing was trained. */
async function settle(): Promise<void> {
  for (let waited = 0; !lastStop && waited < 20; waited++) await new Promise((resolve) => setTimeout(resolve, 10));
  const { training, setTraining } = useStore.getState();
  if (training.status === "running") setTraining({ status: "idle", step: training.step });
}

function takeEvent(event: TrainEvent): void {
  const { training, setTraining, notify } = useStore.getState();
  switch (event.type) {
    case "phase": {
      const pausing = training.status === "running" && training.pausing;
      const { phase, done, total } = event;
      if (job.running) setTraining({ status: "running", step: training.step, phase, done, total, pausing });
      return;
    }
    case "step": {
      const { report } = event;
      trainingSeries.append(report.step, report.metrics, report);
      setTraining({ ...training, step: report.step });
      nameAdapter(`trained, step ${report.step}`);
      void refreshOpenRun(report.metrics[accuracyKey] ?? Number.NaN);
      return;
    }
    case "notice":
      notify("notice", event.message);
      return;
    case "stopped":
      lastStop = event;
      // A pause that gives a reason was not the user's.
      if (event.message) notify("error", event.message);
      if (event.reason === "failed" && event.message) {
        setTraining({ status: "failed", step: event.step, message: event.message });
      } else setTraining({ status: "idle", step: event.step });
      return;
    default:
      event satisfies never;
  }
}

/** The entry of the open run as the engine has just stored it. */
async function refreshOpenRun(accuracy: number): Promise<void> {
  const { open, putRun, set, accuracies } = useRuns.getState();
  if (!open) return;
  set({ accuracies: { ...accuracies, [open.id]: accuracy } });
  try {
    putRun(await runStore.get(open.id));
  } catch (error) {
    useStore.getState().fail(error);
  }
}
