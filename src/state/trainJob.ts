// Training, as the page does it: Step, Play, Pause and Reset over the engine's `train`, with reports into the series buffer and
// status into the session. One run at a time; pausing waits for the engine's safe point.

import { engineClient } from "@/client/engineClient";
import { trainingSeries } from "@/client/live";
import type { TrainEvent } from "@/protocol/training";
import { trainSettingsOf } from "./requests";
import { useStore } from "./store";

/** The task the embedded model trains on. */
const task = "shapes";

let running: Promise<void> | null = null;
let generation = 0;

/** Takes so many optimiser steps; Infinity plays until paused. Does nothing while a run is on. */
export async function train(steps: number): Promise<void> {
  if (running) return;
  const { settings, setTraining, fail, training } = useStore.getState();
  const mine = ++generation;
  setTraining({ status: "running", step: training.step, phase: "rollouts", done: 0, total: 0, pausing: false });
  try {
    running = engineClient.train(trainSettingsOf(settings, task), steps, (event) => {
      if (mine === generation) take(event);
    });
    await running;
    settle();
  } catch (error) {
    setTraining({ status: "failed", step: useStore.getState().training.step, message: fail(error) });
  } finally {
    running = null;
  }
}

/** Asks the engine to stop at the next safe point and waits for it. */
export async function pauseTraining(): Promise<void> {
  const { training, setTraining, fail } = useStore.getState();
  if (!running) return;
  if (training.status === "running") setTraining({ ...training, pausing: true });
  try {
    await engineClient.stop();
    await running;
  } catch (error) {
    fail(error);
  }
}

/** Stops, then forgets adapter, optimiser state and the charts of the run. */
export async function resetTraining(): Promise<void> {
  const { setTraining, setStep, fail } = useStore.getState();
  await pauseTraining();
  try {
    await engineClient.resetTraining();
    generation++;
    trainingSeries.reset();
    setStep(null);
    setTraining({ status: "idle", step: 0 });
    nameAdapter(null);
  } catch (error) {
    fail(error);
  }
}

/** Says which adapter the next Ask uses. */
function nameAdapter(name: string | null): void {
  const { model, setModel } = useStore.getState();
  if (model.status !== "ready") return;
  const { adapter: _, ...report } = model.model;
  setModel({ ...model, model: name === null ? report : { ...report, adapter: name } });
}

function settle(): void {
  const { training, setTraining } = useStore.getState();
  if (training.status === "running") setTraining({ status: "idle", step: training.step });
}

function take(event: TrainEvent): void {
  const { training, setTraining, notify } = useStore.getState();
  switch (event.type) {
    case "phase": {
      const pausing = training.status === "running" && training.pausing;
      const { phase, done, total } = event;
      if (running) setTraining({ status: "running", step: training.step, phase, done, total, pausing });
      return;
    }
    case "step":
      trainingSeries.append(event.report.step, event.report.metrics, event.report);
      setTraining({ ...training, step: event.report.step });
      nameAdapter(`trained, step ${event.report.step}`);
      return;
    case "notice":
      notify("notice", event.message);
      return;
    case "stopped":
      if (event.reason === "failed" && event.message) {
        notify("error", event.message);
        setTraining({ status: "failed", step: event.step, message: event.message });
      } else setTraining({ status: "idle", step: event.step });
      return;
    default:
      event satisfies never;
  }
}
