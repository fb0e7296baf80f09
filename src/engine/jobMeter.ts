// What the last answer and the last training step cost: work, memory by purpose, time by phase, and kernels while they are measured.
// It reads counters that are always on (gpu/counters.ts) and looks at the events a job sends anyway; it changes no number of the job.

import type { Gpu } from "@/gpu/device";
import type { AskEvent } from "@/protocol/generation";
import type { JobReport, PhaseTime, PurposeMemory, WorkCounts } from "@/protocol/system";
import type { StepReport, TrainEvent, TrainSettings } from "@/protocol/training";

/** A job that is measured. */
interface OpenJob {
  readonly kind: JobReport["kind"];
  readonly started: number;
  readonly work: WorkCounts | undefined;
  readonly phases: { readonly name: string; readonly started: number }[];
  tokens: number;
  decodeSteps: number;
  rows: number;
  productsPerRow: number;
}

/** Measures jobs of one engine, one at a time. */
export class JobMeter {
  #kernelsOn = false;
  #open: OpenJob | undefined;
  #reports: { readonly [kind in JobReport["kind"]]?: JobReport } = {};
  #closing: Promise<void> = Promise.resolve();
  #trained: Pick<TrainSettings, "trainable" | "ppoEpochs"> | undefined;

  constructor(
    private readonly gpu: () => Gpu | undefined,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Kernels are timed from the next job on; without timestamps nothing changes. */
  measureKernels(on: boolean): void {
    this.#kernelsOn = on;
    if (!on) this.gpu()?.dispatcher.timer.set(false);
  }

  /** The last answer and step that ended, once their figures are in. */
  async reports(): Promise<{ readonly answer?: JobReport; readonly step?: JobReport }> {
    await this.#closing;
    return this.#reports;
  }

  /** Forgets all: another model was loaded. */
  clear(): void {
    this.#reports = {};
  }

  /** Measures an answer; one that fails leaves the figures of the one before. */
  async answer(job: () => Promise<void>): Promise<void> {
    this.#begin("answer", "preparing");
    try {
      await job();
    } finally {
      this.#abandon();
    }
  }

  /** Measures each step of a training. */
  async training(settings: TrainSettings, job: () => Promise<void>): Promise<void> {
    this.#trained = settings;
    this.#begin("step", "preparing");
    try {
      await job();
    } finally {
      this.#abandon();
    }
  }

  /** The next phase of an answer begins when the device has done everything before it. */
  readonly enter = async (name: string): Promise<void> => {
    const gpu = this.gpu();
    if (gpu) {
      gpu.dispatcher.flush();
      // A lost device is the job's to tell.
      await gpu.device.queue.onSubmittedWorkDone().catch(() => {});
    }
    this.#enter(name);
  };

  /** Sees what an answer sends. */
  onAsk(event: AskEvent): void {
    const job = this.#open;
    if (!job) return;
    if (event.type === "started") job.rows = (event.promptTokens - 1) * (1 + event.masked.length);
    if (event.type === "tokens") {
      job.tokens += event.chunk.ids.length;
      // The first token comes out of the pass that reads the prompt.
      if (job.phases.at(-1)?.name === "decoding") job.decodeSteps++;
    }
    if (event.type === "finished") this.#close();
  }

  /** Sees what a training sends; its phases end with readbacks, so no one has to wait for the device. */
  onTrain(event: TrainEvent): void {
    const job = this.#open;
    if (!job) return;
    if (event.type === "phase") this.#enter(event.phase);
    if (event.type === "step") {
      job.tokens = event.report.rollouts.reduce((sum, { length }) => sum + length, 0);
      job.rows = rowsOf(event.report);
      // Forward, forward again layer by layer, and the gradient of the rows; with all weights trained, theirs too.
      job.productsPerRow = (this.#trained?.trainable === "full" ? 4 : 3) * (this.#trained?.ppoEpochs ?? 1);
      this.#close();
      this.#begin("step", "preparing");
    }
  }

  #begin(kind: JobReport["kind"], phase: string): void {
    const gpu = this.gpu();
    const started = this.now();
    gpu?.pool.markPeaks();
    const timer = gpu?.dispatcher.timer;
    timer?.set(this.#kernelsOn);
    const work = gpu?.dispatcher.work();
    this.#open = { kind, started, work, phases: [], tokens: 0, decodeSteps: 0, rows: 0, productsPerRow: 1 };
    this.#enter(phase, started);
  }

  #enter(name: string, at = this.now()): void {
    const phases = this.#open?.phases;
    if (!phases || phases.at(-1)?.name === name) return;
    phases.push({ name, started: at });
    const timer = this.gpu()?.dispatcher.timer;
    if (timer) timer.scope = name;
  }

  #abandon(): void {
    const timer = this.gpu()?.dispatcher.timer;
    this.#open = undefined;
    if (!timer?.isOn) return;
    timer.set(false);
    // What a job that failed has left does not belong to the next.
    void timer.take();
  }

  /** The figures are taken now; kernel times arrive a little later. */
  #close(): void {
    const job = this.#open;
    const gpu = this.gpu();
    this.#open = undefined;
    if (!job) return;
    const ended = this.now();
    const { kind, tokens, decodeSteps, rows, productsPerRow, work } = job;
    const report: JobReport = {
      kind,
      elapsedMs: ended - job.started,
      phases: phaseTimes(job, ended),
      memory: purposesOf(gpu),
      ...(work && gpu && { work: difference(gpu.dispatcher.work(), work) }),
      tokens,
      decodeSteps,
      rows,
      productsPerRow,
    };
    const timer = gpu?.dispatcher.timer;
    const times = timer?.isOn ? timer.take() : undefined;
    this.#reports = { ...this.#reports, [kind]: report };
    if (!times) return;
    this.#closing = this.#closing.then(async () => {
      const kernels = await times;
      this.#reports = { ...this.#reports, [kind]: { ...report, kernels } };
    });
  }
}

/** Buffers in use by purpose. */
export function purposesOf(gpu: Gpu | undefined): readonly PurposeMemory[] {
  if (!gpu) return [];
  const { weights, trained, cache, step, work } = gpu.pool.held;
  return [
    { what: "weights", ...weights },
    { what: "trained", ...trained },
    { what: "cache", ...cache },
    { what: "step", ...step },
    { what: "work", ...work },
  ];
}

function phaseTimes({ phases }: OpenJob, ended: number): readonly PhaseTime[] {
  return phases
    .map(({ name, started }, i) => ({ name, ms: (phases[i + 1]?.started ?? ended) - started }))
    .filter(({ ms }) => ms > 0);
}

function difference(now: WorkCounts, before: WorkCounts): WorkCounts {
  const since = (name: keyof WorkCounts) => now[name] - before[name];
  return {
    dispatches: since("dispatches"),
    submits: since("submits"),
    passes: since("passes"),
    maps: since("maps"),
    mapBytes: since("mapBytes"),
    uploads: since("uploads"),
    uploadBytes: since("uploadBytes"),
    bindGroups: since("bindGroups"),
    buffers: since("buffers"),
    pipelines: since("pipelines"),
  };
}

/** Rows of an update: a prompt once, then its answers. */
function rowsOf({ rollouts, metrics }: StepReport): number {
  const prompts = new Set(rollouts.map(({ prompt }) => prompt)).size;
  const answers = rollouts.reduce((sum, { length }) => sum + length, 0);
  return prompts * (metrics["prompt_length/mean"] ?? 0) + answers;
}
