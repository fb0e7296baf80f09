// A study carried out: run after run through the engine, each from a fresh adapter, trained and measured with and without the image, and
// kept as soon as it is finished, so that a study can be paused, closed with the page, and go on with the next run. It owns the engine
// meanwhile: whatever else is asked of it pauses the study, and takes the study's adapter off first. Engine, database, locks and model
// come from `studyJob.ts`.

import type { EngineClient } from "@/client/engineClient";
import { UserError } from "@/lib/errors";
import type { StepMetrics, TrainEvent } from "@/protocol/training";
import type { ProblemOutcome } from "@/rl/evaluation";
import { withTabLock } from "@/runs/runLock";
import { evaluationOf, keptOf } from "@/study/measuring";
import { baseArm, chosenPlan, missingRuns, type OwnStudy, type StudyRun } from "@/study/ownStudy";
import { type StudyPlan, settingsOfRun } from "@/study/plan";
import type { StudyResult } from "@/study/results";
import { useEvaluations } from "../evaluations/evaluations";
import { OneJob } from "../keptJob";
import { withAdapter } from "../models/adapterName";
import { isAbort } from "../session";
import { type AppState, useStore } from "../store";
import { useStudies } from "./studies";
import type { StudyStorage } from "./studyStorage";

/** The study cannot go on. */
export class StudyRunError extends UserError {
  override readonly name = "StudyRunError";
}

/** What a study is carried out with. */
export interface StudyParts {
  readonly engine: Pick<EngineClient, "train" | "evaluate" | "resetTraining" | "stop">;
  readonly storage: Pick<StudyStorage, "put" | "add">;
  /** Takes what went wrong with storing. */
  readonly sayNotKept: (error: unknown) => void;
  readonly locks: () => LockManager | undefined;
  /** Makes the engine free and loads the model of the plan; resolves to what computes, as text to compare. */
  readonly prepare: (plan: StudyPlan) => Promise<string>;
}

/** The stream's last event may come a little after the call has returned. */
const lastEventMs = 2000;

/** Carries studies out, one at a time. */
export class StudyRunner {
  readonly #job = new OneJob();
  #wantsStop = false;
  /** Whether the engine may hold an adapter of the study. */
  #holdsEngine = false;
  /** The model as it was named here last; any other means that someone else has changed it. */
  #knownModel: AppState["model"] | null = null;

  constructor(private readonly parts: StudyParts) {}

  /** Takes the missing runs of a study; does nothing while one runs, or where there is none. What goes wrong is told in the store. */
  carryOut(find: () => OwnStudy | undefined): Promise<void> {
    return this.#job.begin(
      () => this.#carryOut(find),
      () => useStudies.getState().set({ running: null }),
    );
  }

  /** Stops now; the run that is not finished is begun again when the study goes on. */
  async pause(): Promise<void> {
    if (!this.#job.running) return;
    this.#stop();
    await this.#job.running;
  }

  async #carryOut(find: () => OwnStudy | undefined): Promise<void> {
    const { set, put } = useStudies.getState();
    const { storage, sayNotKept, locks, prepare } = this.parts;
    this.#wantsStop = false;
    set({ problem: null, deleted: null });
    const study = find();
    const plan = study && chosenPlan(study.choice);
    if (!study || !plan) return;
    put(study);
    set({ running: { id: study.id, run: "getting ready", stage: "", share: 0, isStopping: false } });
    const job = async () => {
      const device = await prepare(plan);
      if (study.device !== null && study.device !== device) throw otherDevice(study.device, device);
      const begun = { ...study, device };
      put(begun);
      await storage.put(begun).catch(sayNotKept);
      await this.#takeRuns(begun, plan);
    };
    try {
      await withTabLock(locks(), `vppo-playground.study:${study.id}`, job, { busy: carriedOutElsewhere });
    } catch (error) {
      if (!isAbort(error)) set({ problem: useStore.getState().fail(error) });
    } finally {
      this.#giveEngineBack();
    }
  }

  async #takeRuns(begun: OwnStudy, plan: StudyPlan): Promise<void> {
    if (useStore.getState().training.status === "running") {
      throw new StudyRunError(
        "The study did not start",
        "training was started meanwhile",
        "Pause the training, then press Continue",
      );
    }
    let study = begun;
    this.#knownModel = useStore.getState().model;
    this.#holdsEngine = true;
    const stopWatching = this.#watch();
    try {
      for (const run of missingRuns(plan, study.results)) {
        if (this.#wantsStop) break;
        const result = await this.#takeRun(plan, run);
        if (!result) break;
        study = { ...study, results: [...study.results, result] };
        useStudies.getState().put(study);
        await this.parts.storage.add(study, result).catch(this.parts.sayNotKept);
      }
    } finally {
      stopWatching();
    }
  }

  /** One run from a fresh adapter; null when it was stopped. Throws what the engine throws. */
  async #takeRun(plan: StudyPlan, { arm, seed }: StudyRun): Promise<StudyResult | null> {
    const name = arm ? `${arm.label}, seed ${seed}` : "untrained model";
    const { progress } = useStudies.getState();
    progress({ run: name, stage: "", share: 0 });
    const started = performance.now();
    await this.parts.engine.resetTraining();
    if (this.#wantsStop) return null;
    this.#nameAdapter(arm ? `study: ${name}` : null);
    // Measuring takes about as long as a few steps; the bar need not be exact.
    const trainShare = arm ? plan.steps / (plan.steps + 4) : 0;
    const steps: StepMetrics[] = arm
      ? await this.#train(plan, { arm, seed }, (step) => {
          const stage = `step ${Math.min(step + 1, plan.steps)} of ${plan.steps}`;
          progress({ stage, share: (trainShare * step) / plan.steps });
        })
      : [];
    if (this.#wantsStop || (arm && steps.length < plan.steps)) return null;
    const measure = async (masked: boolean): Promise<readonly ProblemOutcome[]> => {
      const stage = masked ? "held-out problems, image masked" : "held-out problems";
      progress({ stage });
      const { outcomes } = await this.parts.engine.evaluate(evaluationOf(plan, masked), (event) => {
        if (event.type !== "phase") return;
        const half = (event.done / Math.max(1, event.total) + (masked ? 1 : 0)) / 2;
        progress({ stage: `${stage}, ${event.done} of ${event.total}`, share: trainShare + (1 - trainShare) * half });
      });
      return outcomes;
    };
    const after = await measure(false);
    if (this.#wantsStop || after.length < plan.evaluation.problems) return null;
    const masked = await measure(true);
    if (this.#wantsStop || masked.length < plan.evaluation.problems) return null;
    const seconds = (performance.now() - started) / 1000;
    return { plan: plan.id, arm: arm?.id ?? baseArm, seed, steps, after: [...after], masked: [...masked], seconds };
  }

  /** The steps of a run; fewer than planned when it was stopped. Throws when the engine stopped by itself. */
  async #train(
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
    await this.parts.engine.train({ settings: settingsOfRun(plan, arm, seed), steps: plan.steps }, (event) => {
      if (event.type === "step") {
        steps.push(keptOf(event.report.metrics));
        onStep(steps.length);
      }
      if (event.type === "stopped") takeEnd(event);
    });
    const end = await Promise.race([last, new Promise<null>((resolve) => setTimeout(resolve, lastEventMs, null))]);
    if (!this.#wantsStop && steps.length < plan.steps && end?.message) {
      throw new StudyRunError("The study is paused", end.message.replace(/\.$/, ""), "Press Continue to begin the run again");
    }
    return steps;
  }

  /** Pauses the study as soon as the engine is wanted for something else. */
  #watch(): () => void {
    const stopStore = useStore.subscribe((state, before) => {
      if (this.#wantsStop) return;
      if (state.training.status === "running" && before.training.status !== "running") this.#makeWay("training");
      else if (state.ask.status === "running" && before.ask.status !== "running") this.#makeWay("your question");
      else if (state.model !== this.#knownModel) this.#makeWay("another model");
    });
    const stopEvaluations = useEvaluations.subscribe((state) => {
      if (!this.#wantsStop && state.running) this.#makeWay("the evaluation");
    });
    return () => {
      stopStore();
      stopEvaluations();
    };
  }

  /** Runs inside the change that wants the engine, so that the engine gets these calls before that one. */
  #makeWay(what: string): void {
    useStore.getState().notify("notice", `The study is paused for ${what}. Press Continue in Study to go on.`);
    this.#stop();
    this.#giveEngineBack();
  }

  #stop(): void {
    this.#wantsStop = true;
    useStudies.getState().progress({ isStopping: true });
    this.parts.engine.stop().catch((error: unknown) => useStore.getState().fail(error));
  }

  /** Takes the study's adapter off, once. */
  #giveEngineBack(): void {
    if (!this.#holdsEngine) return;
    this.#holdsEngine = false;
    // A lost device or engine has nothing to take off; what is loaded anew is named by who loads it.
    if (useStore.getState().loss !== null) return;
    this.parts.engine.resetTraining().catch((error: unknown) => useStore.getState().fail(error));
    // A model that someone else is loading is not ours to name.
    if (useStore.getState().model === this.#knownModel) this.#nameAdapter(null);
  }

  /** Says which adapter would answer now. */
  #nameAdapter(name: string | null): void {
    const { model, setModel } = useStore.getState();
    if (model.status !== "ready") return;
    this.#knownModel = withAdapter(model, name);
    setModel(this.#knownModel);
  }
}

function otherDevice(begunOn: string, here: string): StudyRunError {
  return new StudyRunError(
    "The study cannot go on",
    `its runs were taken on ${begunOn}, and this is ${here}`,
    "Choose the same backend and number formats, or start another study",
  );
}

function carriedOutElsewhere(): StudyRunError {
  return new StudyRunError("The study cannot go on", "another tab of this page carries it out", "Pause it there first");
}
