// Evaluating, as the page does it: parts of a few problems through the engine's `evaluate`, each kept as soon as it is there, so that
// an evaluation can be paused, closed with the page, and go on. It holds only while the same weights answer: training or another model
// pauses it. Questions may be asked in between.

import { engineClient } from "@/client/engineClient";
import { trainingSeries } from "@/client/live";
import { rewardSandbox } from "@/client/rewardSandbox";
import { UserError } from "@/lib/errors";
import { withTabLock } from "@/runs/runLock";
import { OneJob, sayOnce, tellDamaged, withStored } from "../keptJob";
import { adapterOf } from "../models/adapterName";
import { useRuns } from "../runs/runs";
import { isTrainedHere } from "../runs/runsCurrent";
import { runLocks, runStore } from "../runs/runsStorage";
import { pauseTraining } from "../runs/trainJob";
import { isAbort } from "../session";
import { type AppState, useStore } from "../store";
import {
  type Evaluation,
  type EvaluationSubject,
  isFinished,
  isSameSubject,
  metricsOf,
  nextRequest,
  notComparable,
  progressOf,
  subjectName,
  withOutcomes,
} from "./evaluation";
import { evaluationPlanOf } from "./evaluationPlan";
import { EvaluationStore } from "./evaluationStore";
import { useEvaluations } from "./evaluations";

/** The evaluation cannot go on with what is loaded now. */
export class EvaluationSubjectError extends UserError {
  override readonly name = "EvaluationSubjectError";
}

/** Answers decoded together: enough to fill a GPU with a small model, few enough for a large one's memory and for a quick pause. */
const answersTogether = { small: 64, large: 16 } as const;
const smallModel = 50e6;
/** The engine decodes so many problems at once. */
const mostProblems = 8;

const store = new EvaluationStore();
/** Names weights that cannot be read back, so that they are never taken for those of another visit. */
const visit = crypto.randomUUID();
const job = new OneJob();
const sayNotKept = sayOnce();
let wantsStop = false;
/** The run whose training made the adapter in the engine; opening another run does not change it. */
let trainedRun: string | null = null;

useStore.subscribe((state, before) => {
  if (state.model === before.model) return;
  const adapter = adapterOf(state.model);
  trainedRun = adapter !== null && isTrainedHere(adapter) ? (useRuns.getState().open?.id ?? null) : null;
});

/** Reads the kept evaluations, once. */
export async function readEvaluations(): Promise<void> {
  const { set } = useEvaluations.getState();
  try {
    const { evaluations, damaged } = await store.list();
    const all = withStored(useEvaluations.getState().evaluations, evaluations);
    set({ evaluations: all, opened: useEvaluations.getState().opened ?? all[0]?.id ?? null });
    tellDamaged(damaged, { one: "stored evaluation", many: "stored evaluations" });
  } catch (error) {
    set({ evaluations: useEvaluations.getState().evaluations ?? [] });
    useStore.getState().fail(error);
  }
}

/** Evaluates the loaded model as the knobs say; does nothing while an evaluation runs. */
export function startEvaluation(): Promise<void> {
  return begin((subject) => {
    const { settings } = useStore.getState();
    const evaluation: Evaluation = {
      id: crypto.randomUUID(),
      createdAt: Date.now(),
      subject,
      plan: evaluationPlanOf(settings),
      withMasked: settings.evalMasked,
      seen: [],
      masked: [],
      elapsedMs: 0,
    };
    useEvaluations.getState().set({ opened: evaluation.id });
    return evaluation;
  });
}

/** Goes on with an evaluation that was paused; refused when the loaded weights are not those it was begun with. */
export function continueEvaluation(id: string): Promise<void> {
  return begin((subject) => {
    const evaluation = found(id);
    if (evaluation && !isSameSubject(evaluation.subject, subject)) {
      const [begunWith, loaded] = [evaluation.subject, subject].map((one) => `${one.model}, ${subjectName(one)}`);
      const why =
        begunWith === loaded
          ? `${loaded} has other weights or number formats now`
          : `it was begun with ${begunWith}, and ${loaded} is loaded`;
      throw new EvaluationSubjectError("The evaluation cannot go on", why, "Load what it was begun with, or evaluate afresh");
    }
    return evaluation;
  });
}

/** Stops after what is finished; Continue goes on from there. */
export async function pauseEvaluation(): Promise<void> {
  const { running: status, set } = useEvaluations.getState();
  if (!job.running || !status) return;
  wantsStop = true;
  set({ running: { ...status, isStopping: true } });
  try {
    // The engine stops whatever it does, and an answer is not to be stopped for this: the part that waits behind it is the last one.
    if (useStore.getState().ask.status !== "running") await engineClient.stop();
  } catch (error) {
    useStore.getState().fail(error);
  }
  await job.running;
}

/** Forgets an evaluation, running or not; `restoreEvaluation` takes it back. */
export async function deleteEvaluation(id: string): Promise<void> {
  if (useEvaluations.getState().running?.id === id) await pauseEvaluation();
  const { evaluations, set, opened, before, after } = useEvaluations.getState();
  const deleted = found(id) ?? null;
  const unless = (one: string | null) => (one === id ? null : one);
  set({
    evaluations: (evaluations ?? []).filter((one) => one.id !== id),
    deleted,
    opened: unless(opened),
    before: unless(before),
    after: unless(after),
  });
  await store.remove(id).catch((error: unknown) => useStore.getState().fail(error));
}

/** Brings the evaluation back that was deleted last. */
export async function restoreEvaluation(): Promise<void> {
  const { deleted, set, put } = useEvaluations.getState();
  if (!deleted) return;
  put(deleted);
  set({ deleted: null, opened: deleted.id });
  await keep(deleted);
}

function begin(prepare: (subject: EvaluationSubject) => Evaluation | undefined): Promise<void> {
  return job.begin(
    () => carryOut(prepare),
    () => useEvaluations.getState().set({ running: null }),
  );
}

async function carryOut(prepare: (subject: EvaluationSubject) => Evaluation | undefined): Promise<void> {
  const { set, put } = useEvaluations.getState();
  wantsStop = false;
  set({ problem: null, deleted: null });
  try {
    if (useStore.getState().training.status === "running") {
      useStore.getState().notify("notice", "Training is paused for the evaluation. Press Play to go on.");
      await pauseTraining();
    }
    // Whatever is loaded from here on is not what was asked for.
    const { model } = useStore.getState();
    const evaluation = prepare(await subjectNow());
    if (!evaluation) return;
    put(evaluation);
    set({ running: { id: evaluation.id, isStopping: false } });
    if (evaluation.plan.reward.kind === "custom") await engineClient.connectRewards(rewardSandbox().port());
    const lock = `vppo-playground.evaluation:${evaluation.id}`;
    await withTabLock(runLocks(), lock, () => answer(evaluation, model), { busy: carriedOutElsewhere });
  } catch (error) {
    if (!isAbort(error)) set({ problem: useStore.getState().fail(error) });
  }
}

/** Part after part, until all is answered, or a pause, or other weights. */
async function answer(begun: Evaluation, model: AppState["model"]): Promise<void> {
  const { put } = useEvaluations.getState();
  const together = begun.subject.parameters > smallModel ? answersTogether.large : answersTogether.small;
  const problems = Math.max(1, Math.min(mostProblems, Math.floor(together / begun.plan.rollouts)));
  let evaluation = begun;
  const stopWatching = useStore.subscribe((state) => {
    if (wantsStop || !isInTheWay(state, model)) return;
    state.notify(
      "notice",
      "The evaluation is paused, because the model is trained or replaced. Press Continue to go on with the same weights.",
    );
    void pauseEvaluation();
  });
  try {
    for (let request = nextRequest(evaluation, problems); request && !wantsStop; request = nextRequest(evaluation, problems)) {
      const started = performance.now();
      const { outcomes } = await engineClient.evaluate(request, () => undefined);
      // With other weights loaded in the middle nobody knows which ones answered.
      if (isInTheWay(useStore.getState(), model)) break;
      if (outcomes.length === 0) continue;
      evaluation = withOutcomes(evaluation, request, outcomes, performance.now() - started);
      put(evaluation);
      await keep(evaluation);
    }
  } finally {
    stopWatching();
    if (progressOf(evaluation).done === 0) await keep(evaluation);
  }
  if (isFinished(evaluation)) await finish(evaluation);
}

/** Whether something trains, or the model is not the one any more that the evaluation was begun with. */
function isInTheWay({ training, model }: AppState, begunWith: AppState["model"]): boolean {
  return training.status === "running" || model !== begunWith;
}

/** Puts the result beside the run's other numbers, and beside the newest result that it can be compared with. */
async function finish(evaluation: Evaluation): Promise<void> {
  const { evaluations, set } = useEvaluations.getState();
  const other = (evaluations ?? []).find(
    (one) => one.createdAt < evaluation.createdAt && notComparable(one, evaluation) === null,
  );
  if (other) set({ before: other.id, after: evaluation.id });
  const { run, step } = evaluation.subject;
  if (step === undefined) return;
  const metrics = metricsOf(evaluation);
  if (run?.id === useRuns.getState().open?.id) trainingSeries.amend(step, metrics);
  if (run) await runStore.addMetrics(run.id, step, metrics).catch((error: unknown) => useStore.getState().fail(error));
}

/** What would answer now. */
async function subjectNow(): Promise<EvaluationSubject> {
  const { model } = useStore.getState();
  if (model.status !== "ready") {
    throw new EvaluationSubjectError("Nothing was evaluated", "no model is loaded", "Choose a model and load it");
  }
  const { name, parameters, precision } = model.model;
  const adapter = adapterOf(model);
  const subject = { model: name, parameters, precision, adapter, fingerprint: await fingerprintOf(adapter) };
  const step = /^trained, step (\d+)$/.exec(adapter ?? "")?.[1];
  if (step === undefined) return subject;
  const run = useRuns.getState().runs?.find(({ id }) => id === trainedRun);
  return { ...subject, step: Number(step), ...(run && { run: { id: run.id, name: run.name } }) };
}

/** The adapter's weights as a hash; fully trained weights, which are no adapter, and pages without SHA-256 count for this visit only. */
async function fingerprintOf(adapter: string | null): Promise<string> {
  if (adapter === null) return "none";
  try {
    const { config, weights } = await engineClient.saveAdapter();
    const head = new TextEncoder().encode(config);
    const bytes = new Uint8Array(head.length + weights.length);
    bytes.set(head);
    bytes.set(weights, head.length);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  } catch (error) {
    if (useStore.getState().loss !== null) throw error;
    return `${visit} ${trainedRun ?? ""} ${adapter}`;
  }
}

function found(id: string): Evaluation | undefined {
  return useEvaluations.getState().evaluations?.find((one) => one.id === id);
}

const keep = (evaluation: Evaluation) => store.put(evaluation).catch(sayNotKept);

function carriedOutElsewhere(): EvaluationSubjectError {
  return new EvaluationSubjectError(
    "The evaluation cannot go on",
    "another tab of this page carries it out",
    "Pause it there first",
  );
}
