// A study, as the page carries it out: run after run through the engine, each from a fresh adapter, trained and measured with and without
// the image, and kept as soon as it is finished, so that a study can be paused, closed with the page, and go on with the next run. It
// owns the engine meanwhile: whatever else is asked of it pauses the study, and takes the study's adapter off first.

import { engineClient } from "@/client/engineClient";
import { UserError } from "@/lib/errors";
import type { StepMetrics, TrainEvent } from "@/protocol/training";
import type { ProblemOutcome } from "@/rl/evaluation";
import { evaluationOf, keptOf } from "@/study/measuring";
import {
  allRuns,
  baseArm,
  chosenPlan,
  importedStudy,
  missingRuns,
  type OwnStudy,
  type StudyChoice,
  type StudyRun,
} from "@/study/ownStudy";
import { type StudyPlan, settingsOfRun, studyPlans } from "@/study/plan";
import type { StudyResult } from "@/study/results";
import { pauseEvaluation } from "./evaluationJob";
import { useEvaluations } from "./evaluations";
import { fetchRecordedStudy } from "./recordedStudies";
import { runLocks } from "./runsStorage";
import { isAbort } from "./session";
import { type AppState, useStore } from "./store";
import { useStudies } from "./studies";
import { loadStudyModel, studyDevice } from "./studyModel";
import { StudyStorage } from "./studyStorage";
import { resetTraining } from "./trainJob";

/** The study cannot go on. */
export class StudyRunError extends UserError {
  override readonly name = "StudyRunError";
}

const storage = new StudyStorage();
/** The stream's last event may come a little after the call has returned. */
const lastEventMs = 2000;

let running: Promise<void> | null = null;
let wantsStop = false;
/** Whether the engine may hold an adapter of the study. */
let holdsEngine = false;
/** The model as this file has named it last; any other means that someone else has changed it. */
let knownModel: AppState["model"] | null = null;

/** Reads the recorded studies and one's own, once each. */
export async function readStudies(): Promise<void> {
  await Promise.all([readRecorded(), readOwn()]);
}

/** Begins a study of one's own; does nothing while one runs. */
export function startStudy(choice: StudyChoice): Promise<void> {
  return begin(() => {
    const study: OwnStudy = {
      id: crypto.randomUUID(),
      createdAt: Date.now(),
      choice,
      device: null,
      isImported: false,
      results: [],
    };
    useStudies.getState().set({ opened: study.id });
    return study;
  });
}

/** Goes on with the next run of a study; refused on another device than its runs were taken on. */
export function continueStudy(id: string): Promise<void> {
  return begin(() => found(id));
}

/** Stops now; the run that is not finished is begun again when the study goes on. */
export async function pauseStudy(): Promise<void> {
  if (!running) return;
  stop();
  await running;
}

/** Forgets a study, running or not; `restoreStudy` takes it back. */
export async function deleteStudy(id: string): Promise<void> {
  if (useStudies.getState().running?.id === id) await pauseStudy();
  const { own, set, opened } = useStudies.getState();
  const deleted = found(id) ?? null;
  set({ own: (own ?? []).filter((study) => study.id !== id), deleted, opened: opened === id ? null : opened });
  await storage.remove(id).catch((error: unknown) => useStore.getState().fail(error));
}

/** Brings the study back that was deleted last. */
export async function restoreStudy(): Promise<void> {
  const { deleted, set, put } = useStudies.getState();
  if (!deleted) return;
  put(deleted);
  set({ deleted: null, opened: deleted.id });
  await storage.put(deleted).catch(tellNotKept);
}

/** Adds results from a file as a study of one's own. */
export async function importStudy(file: Blob): Promise<void> {
  const { put, set } = useStudies.getState();
  try {
    const study = importedStudy(await file.text(), { id: crypto.randomUUID(), createdAt: Date.now() });
    put(study);
    set({ opened: study.id });
    await storage.put(study).catch(tellNotKept);
  } catch (error) {
    useStore.getState().fail(error);
  }
}

async function readRecorded(): Promise<void> {
  const { recorded, set } = useStudies.getState();
  if (recorded !== null) return;
  const read = studyPlans.map(({ id }) =>
    fetchRecordedStudy(id, document.baseURI).catch((error: unknown) => {
      useStore.getState().fail(error);
      return null;
    }),
  );
  set({ recorded: (await Promise.all(read)).filter((study) => study !== null) });
}

async function readOwn(): Promise<void> {
  if (useStudies.getState().own !== null) return;
  const { studies, damaged } = await storage.list().catch((error: unknown) => {
    useStore.getState().fail(error);
    return { studies: [], damaged: 0 };
  });
  // One may have started meanwhile.
  const known = useStudies.getState().own ?? [];
  useStudies.getState().set({ own: [...known, ...studies.filter(({ id }) => !known.some((one) => one.id === id))] });
  if (damaged > 0) {
    const them = damaged === 1 ? "One stored result of a study" : `${damaged} stored results of studies`;
    useStore.getState().notify("error", `${them} cannot be read: the data is damaged. The others are shown.`);
  }
}

function begin(prepare: () => OwnStudy | undefined): Promise<void> {
  running ??= carryOut(prepare).finally(() => {
    running = null;
    useStudies.getState().set({ running: null });
  });
  return running;
}

async function carryOut(prepare: () => OwnStudy | undefined): Promise<void> {
  const { set, put } = useStudies.getState();
  wantsStop = false;
  set({ problem: null, deleted: null });
  const study = prepare();
  const plan = study && chosenPlan(study.choice);
  if (!study || !plan) return;
  put(study);
  set({ running: { id: study.id, run: "getting ready", stage: "", share: 0, isStopping: false } });
  try {
    await locked(study.id, async () => {
      await pauseEvaluation();
      // Also closes the run in training, which stays stored, and takes an adapter off.
      await resetTraining();
      await loadStudyModel(plan);
      const device = studyDevice();
      if (study.device !== null && study.device !== device) throw otherDevice(study.device, device);
      const begun = { ...study, device };
      put(begun);
      await storage.put(begun).catch(tellNotKept);
      await takeRuns(begun, plan);
    });
  } catch (error) {
    if (!isAbort(error)) set({ problem: useStore.getState().fail(error) });
  } finally {
    giveEngineBack();
  }
}

async function takeRuns(begun: OwnStudy, plan: StudyPlan): Promise<void> {
  if (useStore.getState().training.status === "running") {
    throw new StudyRunError(
      "The study did not start",
      "training was started meanwhile",
      "Pause the training, then press Continue",
    );
  }
  let study = begun;
  knownModel = useStore.getState().model;
  holdsEngine = true;
  const stopWatching = watch();
  try {
    for (const run of missingRuns(plan, study.results)) {
      if (wantsStop) break;
      const result = await takeRun(plan, run);
      if (!result) break;
      study = { ...study, results: [...study.results, result] };
      useStudies.getState().put(study);
      await storage.add(study, result).catch(tellNotKept);
    }
  } finally {
    stopWatching();
  }
}

/** One run from a fresh adapter; null when it was stopped. Throws what the engine throws. */
async function takeRun(plan: StudyPlan, { arm, seed }: StudyRun): Promise<StudyResult | null> {
  const name = arm ? `${arm.label}, seed ${seed}` : "untrained model";
  const { progress } = useStudies.getState();
  progress({ run: name, stage: "", share: 0 });
  const started = performance.now();
  await engineClient.resetTraining();
  if (wantsStop) return null;
  nameAdapter(arm ? `study: ${name}` : null);
  // Measuring takes about as long as a few steps; the bar need not be exact.
  const trainShare = arm ? plan.steps / (plan.steps + 4) : 0;
  const steps: StepMetrics[] = arm
    ? await train(plan, { arm, seed }, (step) => {
        const stage = `step ${Math.min(step + 1, plan.steps)} of ${plan.steps}`;
        progress({ stage, share: (trainShare * step) / plan.steps });
      })
    : [];
  if (wantsStop || (arm && steps.length < plan.steps)) return null;
  const measure = async (masked: boolean): Promise<readonly ProblemOutcome[]> => {
    const stage = masked ? "held-out problems, image masked" : "held-out problems";
    progress({ stage });
    const { outcomes } = await engineClient.evaluate(evaluationOf(plan, masked), (event) => {
      if (event.type !== "phase") return;
      const half = (event.done / Math.max(1, event.total) + (masked ? 1 : 0)) / 2;
      progress({ stage: `${stage}, ${event.done} of ${event.total}`, share: trainShare + (1 - trainShare) * half });
    });
    return outcomes;
  };
  const after = await measure(false);
  if (wantsStop || after.length < plan.evaluation.problems) return null;
  const masked = await measure(true);
  if (wantsStop || masked.length < plan.evaluation.problems) return null;
  const seconds = (performance.now() - started) / 1000;
  return { plan: plan.id, arm: arm?.id ?? baseArm, seed, steps, after: [...after], masked: [...masked], seconds };
}

/** The steps of a run; fewer than planned when it was stopped. Throws when the engine stopped by itself. */
async function train(
  plan: StudyPlan,
  { arm, seed }: { readonly arm: NonNullable<StudyRun["arm"]>; readonly seed: number },
  onStep: (taken: number) => void,
): Promise<StepMetrics[]> {
  const steps: StepMetrics[] = [];
  let takeEnd: (event: Extract<TrainEvent, { type: "stopped" }>) => void = () => undefined;
  const last = new Promise<Extract<TrainEvent, { type: "stopped" }>>((resolve) => {
    takeEnd = resolve;
  });
  onStep(0);
  await engineClient.train({ settings: settingsOfRun(plan, arm, seed), steps: plan.steps }, (event) => {
    if (event.type === "step") {
      steps.push(keptOf(event.report.metrics));
      onStep(steps.length);
    }
    if (event.type === "stopped") takeEnd(event);
  });
  const end = await Promise.race([last, new Promise<null>((resolve) => setTimeout(resolve, lastEventMs, null))]);
  if (!wantsStop && steps.length < plan.steps && end?.message) {
    throw new StudyRunError("The study is paused", end.message.replace(/\.$/, ""), "Press Continue to begin the run again");
  }
  return steps;
}

/** Pauses the study as soon as the engine is wanted for something else. */
function watch(): () => void {
  const stopStore = useStore.subscribe((state, before) => {
    if (wantsStop) return;
    if (state.training.status === "running" && before.training.status !== "running") makeWay("training");
    else if (state.ask.status === "running" && before.ask.status !== "running") makeWay("your question");
    else if (state.model !== knownModel) makeWay("another model");
  });
  const stopEvaluations = useEvaluations.subscribe((state) => {
    if (!wantsStop && state.running) makeWay("the evaluation");
  });
  return () => {
    stopStore();
    stopEvaluations();
  };
}

/** Runs inside the change that wants the engine, so that the engine gets these calls before that one. */
function makeWay(what: string): void {
  useStore.getState().notify("notice", `The study is paused for ${what}. Press Continue in Study to go on.`);
  stop();
  giveEngineBack();
}

function stop(): void {
  wantsStop = true;
  useStudies.getState().progress({ isStopping: true });
  engineClient.stop().catch((error: unknown) => useStore.getState().fail(error));
}

/** Takes the study's adapter off, once. */
function giveEngineBack(): void {
  if (!holdsEngine) return;
  holdsEngine = false;
  // A lost device or engine has nothing to take off; what is loaded anew is named by who loads it.
  if (useStore.getState().loss !== null) return;
  engineClient.resetTraining().catch((error: unknown) => useStore.getState().fail(error));
  // A model that someone else is loading is not ours to name.
  if (useStore.getState().model === knownModel) nameAdapter(null);
}

/** Says which adapter would answer now. */
function nameAdapter(name: string | null): void {
  const { model, setModel } = useStore.getState();
  if (model.status !== "ready") return;
  const { adapter: _, ...report } = model.model;
  knownModel = { ...model, model: name === null ? report : { ...report, adapter: name } };
  setModel(knownModel);
}

function otherDevice(begunOn: string, here: string): StudyRunError {
  return new StudyRunError(
    "The study cannot go on",
    `its runs were taken on ${begunOn}, and this is ${here}`,
    "Choose the same backend and number formats, or start another study",
  );
}

function found(id: string): OwnStudy | undefined {
  return useStudies.getState().own?.find((study) => study.id === id);
}

let toldNotKept = false;

/** A result that cannot be kept is still shown, and can be saved as a file; that is said once. */
function tellNotKept(error: unknown): void {
  if (!toldNotKept) useStore.getState().fail(error);
  toldNotKept = true;
}

/** One tab at a time carries a study out. */
async function locked(id: string, job: () => Promise<void>): Promise<void> {
  const locks = runLocks();
  if (!locks) return job();
  return locks.request(`vppo-playground.study:${id}`, { ifAvailable: true }, (lock) => {
    if (lock) return job();
    throw new StudyRunError("The study cannot go on", "another tab of this page carries it out", "Pause it there first");
  });
}

/** How many of a study's runs are finished, the untrained model among them. */
export function studyProgress(
  plan: StudyPlan,
  results: readonly StudyResult[],
): { readonly done: number; readonly total: number } {
  const total = allRuns(plan).length;
  return { done: total - missingRuns(plan, results).length, total };
}
