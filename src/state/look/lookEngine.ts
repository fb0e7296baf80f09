// Measuring with the engine: one measurement at a time, the latest wins, and everything else the user starts (a question, training, an
// evaluation, another model) goes first. What is measured with it is the business of the jobs beside this file.

import { engineClient } from "@/client/engineClient";
import { subscribeAnswerHeader } from "@/client/live";
import type { MeasureEvent, MeasureRequest } from "@/protocol/measure";
import { useEvaluations } from "../evaluations/evaluations";
import { pauseTraining } from "../runs/trainJob";
import { isAbort } from "../session";
import { useStore } from "../store";
import { useStudies } from "../studies/studies";
import { type LookKind, useLook } from "./look";
import { isEngineTaken } from "./lookTarget";

/** One measurement: calls of the engine that belong together. */
export interface LookRun {
  /** Asks the engine; events of a run that was replaced are dropped. Resolves to false when it was. */
  measure(request: MeasureRequest, onEvent: (event: MeasureEvent) => void): Promise<boolean>;
  readonly isCurrent: () => boolean;
}

interface Flight {
  readonly kind: LookKind;
  readonly promise: Promise<void>;
  /** How many of its masks have come. */
  done: number;
  readonly total: number;
}

let generation = 0;
let flight: Flight | null = null;
let current: LookKind | null = null;
/** Milliseconds of one pass, by the last measurement with the present model; null before. */
let passMs: number | null = null;

/** Milliseconds that one mask took lately; null before anything was measured with this model. */
export function measuredPassMs(): number | null {
  return passMs;
}

/**
 * Runs a measurement from start to end and keeps its status; `job` measures with the run it is given. Training is paused for what the
 * user wants (`asked`); otherwise nothing begins while the engine is taken.
 */
export async function runLook(
  kind: LookKind,
  { asked, job }: { readonly asked: boolean; readonly job: (run: LookRun) => Promise<void> },
): Promise<void> {
  watch();
  const { setStatus } = useLook.getState();
  const mine = replace();
  setCurrent(kind);
  const isCurrent = () => mine === generation;
  const started = performance.now();
  let passes = 0;
  setStatus(kind, { status: "running", done: 0, total: 0 });
  try {
    if (asked && useStore.getState().training.status === "running") {
      useStore.getState().notify("notice", "Training is paused for your measurement. Press Play to go on.");
      await pauseTraining();
    }
    await flight?.promise;
    if (!isCurrent()) return;
    if (isEngineTaken()) {
      setStatus(kind, { status: "waiting", why: "The engine is busy with something else. Measure when it is done." });
      return;
    }
    await job({
      isCurrent,
      measure: async (request, onEvent) => {
        if (!isCurrent()) return false;
        await fly(kind, request, (event) => {
          if (!isCurrent()) return;
          passes++;
          setStatus(kind, { status: "running", done: event.mask + 1, total: event.total });
          onEvent(event);
        });
        return isCurrent();
      },
    });
    if (isCurrent() && useLook.getState().statuses[kind].status === "running") {
      setStatus(kind, { status: "done", passes, elapsedMs: performance.now() - started, stopped: false });
    }
  } catch (error) {
    if (!isCurrent()) return;
    setStatus(kind, isAbort(error) ? { status: "idle" } : { status: "failed", message: useStore.getState().fail(error) });
  } finally {
    if (isCurrent()) setCurrent(null);
  }
}

function cancel(): void {
  const kind = current;
  replace();
  if (kind) useLook.getState().setStatus(kind, { status: "idle" });
}

/** Makes every earlier run void and stops what the engine does for it. */
function replace(): number {
  generation++;
  if (current) {
    const { statuses, setStatus } = useLook.getState();
    if (statuses[current].status === "running") setStatus(current, { status: "idle" });
    setCurrent(null);
  }
  if (flight) stopEngine();
  return generation;
}

function setCurrent(kind: LookKind | null): void {
  current = kind;
  useLook.getState().set({ stop: kind ? cancel : null });
}

function stopEngine(): void {
  engineClient.stop().catch((error: unknown) => useStore.getState().fail(error));
}

async function fly(kind: LookKind, request: MeasureRequest, onEvent: (event: MeasureEvent) => void): Promise<void> {
  const mine = generation;
  const job = engineClient.measure(request, (event) => {
    passMs = event.passMs;
    own.done = event.mask + 1;
    // It was stopped before it had begun: now it can be.
    if (mine !== generation && event.mask === 0 && event.total > 1) stopEngine();
    onEvent(event);
  });
  const own: Flight = { kind, promise: job.catch(() => {}), done: 0, total: request.masks.length };
  flight = own;
  try {
    await job;
    // Events come through a port of their own and may be behind the call.
    for (let waited = 0; mine === generation && own.done < own.total && waited < 20; waited++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  } finally {
    if (flight === own) flight = null;
  }
}

let isWatching = false;

/** Gives the engine away as soon as anything else is started, and forgets what belongs to another answer or model. */
function watch(): void {
  if (isWatching) return;
  isWatching = true;
  useStore.subscribe((state, before) => {
    if (state.model !== before.model && state.model.status !== "ready") passMs = null;
    const starts =
      (state.ask.status === "running" && before.ask.status !== "running") ||
      (state.training.status === "running" && before.training.status !== "running") ||
      (state.model.status !== "ready" && before.model.status === "ready") ||
      (state.loss !== null && before.loss === null);
    if (starts) cancel();
  });
  useEvaluations.subscribe((state, before) => {
    if (state.running && !before.running) cancel();
  });
  useStudies.subscribe((state, before) => {
    if (state.running && !before.running) cancel();
  });
  subscribeAnswerHeader(() => cancel());
}
