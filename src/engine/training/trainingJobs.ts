// The training of the loaded model: the run in memory, its last state, and what happens between steps. A step that fails, cannot
// be stored or is lost with the device leaves the run at the state before it, bit for bit. What a step is stands in `trainer.ts`;
// ports and the model belong to `service.ts`; the storage is a `RunJournal`.

import type { Tensor } from "@tensorflow/tfjs-core";
import { describeError, UserError } from "@/lib/errors";
import type { RunJournal } from "@/protocol/runs";
import type { StepReport, TrainEvent, TrainRequest, TrainSettings } from "@/protocol/training";
import { fixedSettingsError, type TrainSettingError, trainSettingsError } from "@/protocol/trainingChecks";
import { tasks } from "@/tasks/registry";
import { loraParameters, removeLora } from "../lora";
import type { Session } from "../session";
import { Trainer, type TrainerParts } from "./trainer";
import { withMemory } from "./update/stepMemory";

/** Steps in a row that may be lost to numbers that are not finite. */
const skipLimit = 3;

export interface TrainingJobsOptions {
  readonly parts: TrainerParts;
  /** Nothing is stored without it. */
  readonly journal?: RunJournal | undefined;
  /** The model anew, for after its own weights were trained; the session before is gone then. */
  readonly reload: (signal: AbortSignal) => Promise<Session>;
}

/** Ends of one training job. */
export interface TrainingJob {
  readonly emit: (event: TrainEvent) => void;
  readonly signal: AbortSignal;
}

/** A request for no step. */
export class NoStepsError extends UserError {
  override readonly name = "NoStepsError";
}

/** A run that can go on. */
interface CurrentRun {
  /** Of the stored run; a run without one is not stored. */
  readonly id: string | undefined;
  settings: TrainSettings;
  /** After the last whole step: what everything goes back to. */
  state: Uint8Array;
  step: number;
  /** Absent while the device is lost. */
  trainer: Trainer | undefined;
}

/** Training jobs of one engine, one at a time. */
export class TrainingJobs {
  #run: CurrentRun | undefined;
  #change: TrainSettings | undefined;
  /** The model's own weights may no longer be the checkpoint's. */
  #baseMoved = false;

  constructor(private readonly options: TrainingJobsOptions) {}

  /** Name of what was trained; undefined before the first step. */
  get adapterName(): string | undefined {
    return this.#run && this.#run.step > 0 ? `trained, step ${this.#run.step}` : undefined;
  }

  /** Tensors of the optimizer; none before the first step. */
  get moments(): readonly Tensor[] {
    return this.#run?.trainer?.moments ?? [];
  }

  /** Settings from the next step on; the request that starts a training outdates earlier ones. */
  change(settings: TrainSettings): void {
    this.#change = settings;
  }

  /**
   * Takes steps until stopped or until all are taken. Throws TrainSettingError before anything has changed, what a stored state
   * that cannot be used throws, and what a step throws, after the run is back at the state before it.
   */
  async train(session: Session, { settings, steps, run: id }: TrainRequest, job: TrainingJob): Promise<void> {
    refuse(trainSettingsError(settings, tasks));
    if (!(steps >= 1)) throw new NoStepsError("Nothing was trained", `${steps} steps were asked for`, "Ask for at least one");
    this.#change = undefined;
    const run = await this.#open(session, settings, id, job.signal);
    try {
      await this.#takeSteps(run, steps, job);
    } catch (error) {
      this.#rollBack(run);
      job.emit({ type: "stopped", step: run.step, reason: "failed", message: describeError(error).message });
      throw error;
    }
  }

  /** Puts the last state on a model that was loaded again; false when there is none. */
  restore(session: Session): boolean {
    const run = this.#run;
    if (!run) return false;
    run.trainer?.[Symbol.dispose]();
    run.trainer = undefined;
    run.trainer = Trainer.restore(session, run.state, this.options.parts);
    return true;
  }

  /** Frees what lives on the device, before it or the model goes; the last state stays for `restore`. */
  release(): void {
    if (!this.#run) return;
    this.#run.trainer?.[Symbol.dispose]();
    this.#run.trainer = undefined;
  }

  /** Forgets the run; what is on the model stays. */
  drop(): void {
    this.release();
    this.#run = undefined;
  }

  /** Forgets the run because the model was loaded by someone else. */
  loaded(): void {
    this.drop();
    this.#baseMoved = false;
  }

  /** Forgets the run and takes what it trained off the model. Resolves to the session that has the checkpoint's own weights. */
  async reset(session: Session, signal: AbortSignal): Promise<Session> {
    this.drop();
    if (!this.#baseMoved) {
      removeLora(session.model);
      return session;
    }
    const fresh = await this.options.reload(signal);
    this.#baseMoved = false;
    return fresh;
  }

  /** A model that an adapter can be put on: its own weights are the checkpoint's. */
  async withBase(session: Session, signal: AbortSignal): Promise<Session> {
    return this.#baseMoved ? this.reset(session, signal) : session;
  }

  /** The run to train: the one in memory, the stored one at its last state, or a new one on the adapter that is attached. */
  async #open(session: Session, settings: TrainSettings, id: string | undefined, signal: AbortSignal): Promise<CurrentRun> {
    const { parts, journal } = this.options;
    if (this.#run && this.#run.id === id) {
      refuse(fixedSettingsError(this.#run.settings, settings));
      this.#run.settings = settings;
      this.#run.trainer ??= Trainer.restore(session, this.#run.state, parts);
      return this.#run;
    }
    const stored = id === undefined ? undefined : await journal?.lastState(id);
    const own = this.#run ? await this.reset(session, signal) : await this.withBase(session, signal);
    if (stored) {
      const trainer = Trainer.restore(own, stored.state, parts);
      const run = { id, settings: settingsOfState(own, settings), state: stored.state, step: trainer.step, trainer };
      this.#begin(run);
      refuse(fixedSettingsError(run.settings, settings));
      run.settings = settings;
      return run;
    }
    const isFresh = loraParameters(own.model).length === 0;
    const trainer = Trainer.create(own, settings, parts);
    const run = { id, settings, state: await trainer.exportState(settings), step: 0, trainer };
    try {
      // A fresh adapter follows from the settings; one that was loaded is nowhere else when the page goes before the first step.
      if (!isFresh && id !== undefined) await journal?.begin(id, run.state);
    } catch (error) {
      trainer[Symbol.dispose]();
      throw error;
    }
    this.#begin(run);
    return run;
  }

  #begin(run: CurrentRun): void {
    this.#run = run;
    if (run.settings.trainable === "full") this.#baseMoved = true;
  }

  async #takeSteps(run: CurrentRun, steps: number, { emit, signal }: TrainingJob): Promise<void> {
    const stopped = (reason: "paused" | "finished", message?: string) =>
      emit({ type: "stopped", step: run.step, reason, ...(message !== undefined && { message }) });
    let skippedInRow = 0;
    for (let count = 0; count < steps; count++) {
      this.#takeChange(run, emit);
      const { trainer, settings } = run;
      const taken =
        signal.aborted || !trainer
          ? undefined
          : await trainer.takeStep(settings, {
              signal,
              onPhase: (phase, done, total) => emit({ type: "phase", phase, done, total }),
              onNotice: (message) => emit({ type: "notice", message }),
            });
      if (!taken || !trainer) return stopped("paused");
      const report = withMemory(taken);
      const problem = await this.#keep(run, trainer, report, emit);
      if (problem) return stopped("paused", problem);
      const skipped = (report.metrics["vppo/skipped"] ?? 0) > 0;
      const lost = skipped && report.metrics["vppo/updates"] === 0;
      if (skipped) emit({ type: "notice", message: lost ? lostStep : partlyLostStep });
      emit({ type: "step", report });
      skippedInRow = lost ? skippedInRow + 1 : 0;
      if (skippedInRow >= skipLimit) return stopped("paused", tooManySkipped);
    }
    stopped("finished");
  }

  /** Makes the state after a step the run's, once it is stored; a sentence when it could not be, and the step is undone. */
  async #keep(
    run: CurrentRun,
    trainer: Trainer,
    report: StepReport,
    emit: (event: TrainEvent) => void,
  ): Promise<string | undefined> {
    const { id, settings } = run;
    const { journal } = this.options;
    const state = await trainer.exportState(settings);
    if (id !== undefined && journal) {
      emit({ type: "phase", phase: "saving", done: 0, total: 1 });
      try {
        await journal.commit(id, { report, settings, state });
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        this.#rollBack(run);
        return error.message;
      }
    }
    run.state = state;
    run.step = trainer.step;
    return undefined;
  }

  #takeChange(run: CurrentRun, emit: (event: TrainEvent) => void): void {
    const change = this.#change;
    this.#change = undefined;
    if (!change) return;
    const error = trainSettingsError(change, tasks) ?? fixedSettingsError(run.settings, change);
    if (error) emit({ type: "notice", message: `${error.message} The training goes on with the settings it had.` });
    else run.settings = change;
  }

  /** Weights, moments and counters as after the last whole step. */
  #rollBack(run: CurrentRun): void {
    const session = run.trainer?.session;
    run.trainer?.[Symbol.dispose]();
    run.trainer = undefined;
    if (!session) return;
    try {
      run.trainer = Trainer.restore(session, run.state, this.options.parts);
    } catch {
      // The device is lost, of which the failure that led here tells; recovery or the next training puts the state back.
    }
  }
}

const lostStep = "A step was skipped: its loss or gradient was not a finite number. The adapter is unchanged.";
const partlyLostStep = "Part of a step was skipped: a loss or gradient was not a finite number.";
const tooManySkipped =
  "Training paused: three steps in a row were not finite. The last good adapter is kept; lower the learning rate.";

function refuse(error: TrainSettingError | undefined): void {
  if (error) throw error;
}

/** What the settings of a stored run must have been, as far as the restored model tells. */
function settingsOfState({ model }: Session, settings: TrainSettings): TrainSettings {
  const [a] = loraParameters(model);
  if (!a) return { ...settings, trainable: "full" };
  return { ...settings, trainable: "lora", loraRank: a.tensor.shape[0] ?? settings.loraRank };
}
