// The engine's jobs behind `protocol/engine.ts`: one at a time, streams through the given port, failures as ErrorReports. It
// owns the session and the trainer, keeps the last good adapter aside, and can rebuild both on a fresh device.

import { memory } from "@tensorflow/tfjs-core";
import { type Adapter, readAdapter, writeAdapter } from "@/formats/peft";
import { DeviceLostError } from "@/gpu/errors";
import { measureRoofs } from "@/gpu/roofs";
import { describeError, UserError } from "@/lib/errors";
import { startupKernels } from "@/ops/decoder/block";
import type { AdapterFiles, DeviceReport, EngineApi, LoadEvent, LoadRequest, MemoryReport, ModelReport } from "@/protocol/engine";
import type { AskEvent, AskRequest, TokenTexts } from "@/protocol/generation";
import type { MeasureEvent, MeasureRequest } from "@/protocol/measure";
import type { CacheReport, MemoryPlan, ModelPreview } from "@/protocol/model";
import type { RunJournal } from "@/protocol/runs";
import type { KernelChoice, RoofReport, SystemReport } from "@/protocol/system";
import type { EvaluationReport, EvaluationRequest, TrainEvent, TrainRequest, TrainSettings } from "@/protocol/training";
import { taskById } from "@/tasks/registry";
import { answer } from "./answer";
import { decoderCost } from "./decoderCost";
import type { DecodedStep } from "./decoding/generate";
import type { Device } from "./device";
import { evaluate } from "./evaluate";
import { JobMeter, purposesOf } from "./jobMeter";
import { ModelLoader, type ModelLoaderOptions } from "./loading/modelLoader";
import { applyAdapter, exportAdapter, loraParameters } from "./lora";
import { measure } from "./measure";
import { guessBudget } from "./memoryPlan";
import { parseAdapterConfig } from "./requestChecks";
import type { Session } from "./session";
import { RewardDesk } from "./training/experience/rewardScorer";
import type { TrainerParts } from "./training/trainer";
import { TrainingJobs } from "./training/trainingJobs";
import { type TuningStore, tuneDevice } from "./tuning/tunedDevice";

/** Something must be loaded or finished first. */
export class NotReadyError extends UserError {
  override readonly name = "NotReadyError";
}

export interface ServiceOptions extends ModelLoaderOptions {
  readonly startDevice: (wanted: LoadRequest["backend"]) => Promise<Device>;
  /** Where the choice of kernels for an adapter is kept; measured on every load without it. */
  readonly tuning?: TuningStore;
  /** Where runs are stored; without it none is. */
  readonly journal?: RunJournal;
  /** Other problems and rewards than those the settings name. */
  readonly parts?: TrainerParts;
}

/** Implementation of the engine; the worker exposes it. */
export class EngineService implements EngineApi {
  #device: Device | undefined;
  #session: Session | undefined;
  #loadedAdapter: { readonly adapter: Adapter; readonly name: string } | undefined;
  #loaded: LoadRequest | undefined;
  #plan: MemoryPlan | undefined;
  #kernels: KernelChoice | undefined;
  #job: Promise<unknown> = Promise.resolve();
  #abort = new AbortController();
  readonly #knownTexts = new Set<number>();

  readonly #loader: ModelLoader;
  readonly #rewards = new RewardDesk();
  readonly #meter = new JobMeter(() => this.#device?.gpu);
  readonly #training: TrainingJobs;

  constructor(private readonly options: ServiceOptions) {
    this.#loader = new ModelLoader(options);
    this.#training = new TrainingJobs({
      parts: {
        scorer: this.#rewards,
        budgetBytes: () => (this.#device?.gpu ? this.#budget(this.#loaded) : Number.POSITIVE_INFINITY),
        ...options.parts,
      },
      journal: options.journal,
      reload: (signal) => this.#reload(signal),
    });
  }

  /** Needs no device of its own, so it also answers while a job runs. */
  inspect(request: LoadRequest): Promise<ModelPreview> {
    return reported(this.#loader.inspect(request, this.#budget(request)));
  }

  listFiles(request: LoadRequest): Promise<readonly string[]> {
    return reported(this.#loader.listFiles(request));
  }

  load(request: LoadRequest, events: MessagePort): Promise<ModelReport> {
    const emit = (event: LoadEvent) => {
      if (event.type === "plan" && event.plan.fits) this.#plan = event.plan;
      events.postMessage(event);
    };
    return this.#run(async (signal) => {
      if (!this.#device || (request.backend !== "auto" && this.#device.report.backend !== request.backend)) {
        this.#dropSession();
        this.#device = await this.options.startDevice(request.backend);
      }
      emit({ type: "device", device: this.#device.report });
      const { times } = await this.#open(request, emit, signal);
      this.#loaded = request;
      this.#loadedAdapter = undefined;
      this.#training.loaded();
      this.#meter.clear();
      this.#knownTexts.clear();
      const model = this.#modelReport();
      emit({ type: "ready", model, times });
      return model;
    });
  }

  pauseLoad(paused: boolean): void {
    this.#loader.pause(paused);
  }

  cachedModels(): Promise<CacheReport> {
    return reported(this.#loader.cachedModels());
  }

  deleteCached(id: string | "all"): Promise<CacheReport> {
    return reported(this.#loader.deleteCached(id));
  }

  ask(request: AskRequest, events: MessagePort): Promise<void> {
    const emit = (event: AskEvent) => {
      this.#meter.onAsk(event);
      events.postMessage(event);
    };
    const textsOf = (step: DecodedStep) => this.#newTexts(step);
    return this.#run((signal) => {
      // The processor's memory is the system's affair.
      const budgetBytes = this.#device?.gpu ? this.#budget(this.#loaded) : Number.POSITIVE_INFINITY;
      const onPhase = this.#meter.enter;
      return this.#meter.answer(() => answer(this.#ready(), request, { budgetBytes, emit, signal, onPhase, textsOf }));
    });
  }

  measure(request: MeasureRequest, events: MessagePort): Promise<void> {
    const emit = (event: MeasureEvent) => events.postMessage(event);
    return this.#run((signal) => measure(this.#ready(), request, { emit, signal }));
  }

  train(request: TrainRequest, events: MessagePort): Promise<void> {
    const emit = (event: TrainEvent) => {
      this.#meter.onTrain(event);
      events.postMessage(event);
    };
    return this.#run((signal) =>
      this.#meter.training(request.settings, () => this.#training.train(this.#ready(), request, { emit, signal })),
    );
  }

  /** Beside the jobs, so that it reaches the training that runs. */
  changeTraining(settings: TrainSettings): void {
    this.#training.change(settings);
  }

  connectRewards(port: MessagePort): void {
    this.#rewards.connect(port);
  }

  stop(): void {
    this.#abort.abort();
  }

  resetTraining(): Promise<void> {
    return this.#run(async (signal) => {
      if (this.#session) await this.#training.reset(this.#session, signal);
      this.#loadedAdapter = undefined;
    });
  }

  evaluate(request: EvaluationRequest, events: MessagePort): Promise<EvaluationReport> {
    const emit = (event: TrainEvent) => events.postMessage(event);
    return this.#run((signal) =>
      evaluate(this.#ready(), taskById(request.task), request, {
        signal,
        scorer: this.#rewards,
        onProgress: (done, total) => emit({ type: "phase", phase: "evaluating", done, total }),
      }),
    );
  }

  saveAdapter(): Promise<AdapterFiles> {
    return this.#run(async () => {
      const session = this.#ready();
      const adapter = await exportAdapter(session.model, session.name);
      if (!adapter)
        throw new NotReadyError("There is no adapter to save", "nothing was trained or loaded yet", "Train a step first");
      return writeAdapter(adapter);
    });
  }

  loadAdapter({ config, weights }: AdapterFiles, name: string): Promise<ModelReport> {
    return this.#run(async (signal) => {
      const adapter = readAdapter(parseAdapterConfig(config), weights);
      const session = await this.#training.withBase(this.#ready(), signal);
      applyAdapter(session.model, adapter);
      // Moments and counters belong to the adapter that was trained; a loaded one starts afresh.
      this.#training.drop();
      this.#loadedAdapter = { adapter, name };
      return this.#modelReport();
    });
  }

  async memory(): Promise<MemoryReport> {
    const pool = this.#device?.gpu?.pool;
    const counters = this.#device?.gpu?.dispatcher.counters;
    return {
      tensors: memory().numTensors,
      gpuBytes: pool?.numBytesAllocated ?? memory().numBytes,
      gpuPeakBytes: pool?.numBytesPeak ?? memory().numBytes,
      dispatches: counters?.dispatches ?? 0,
      submits: counters?.submits ?? 0,
    };
  }

  async system(): Promise<SystemReport> {
    const gpu = this.#device?.gpu;
    const session = this.#session;
    // Tensors reach the device when they are first used, so what they are there for is said when somebody asks.
    const trained = [...(session ? loraParameters(session.model).map(({ tensor }) => tensor) : []), ...this.#training.moments];
    gpu?.dispatcher.assign(trained, "trained");
    const { tensors, gpuBytes, gpuPeakBytes } = await this.memory();
    const heap: unknown = Reflect.get(performance, "memory");
    const heapBytes: unknown = typeof heap === "object" && heap ? Reflect.get(heap, "usedJSHeapSize") : undefined;
    return {
      tensors,
      gpuBytes,
      gpuPeakBytes,
      purposes: purposesOf(gpu),
      idle: { bytes: gpu?.pool.numBytesFree ?? 0, buffers: gpu?.pool.getNumFreeBuffers() ?? 0 },
      ...(typeof heapBytes === "number" && { heapBytes }),
      ...(session && this.#plan && { plan: this.#plan }),
      ...(session && { decoder: decoderCost(session.requests, session.precision) }),
      ...(this.#kernels && { kernels: this.#kernels }),
      ...(await this.#meter.reports()),
      hasTimestamps: gpu?.dispatcher.timer.isSupported ?? false,
    };
  }

  measureKernels(on: boolean): void {
    this.#meter.measureKernels(on);
  }

  measureAdapter(): Promise<RoofReport | null> {
    return this.#run(async () => {
      const gpu = this.#device?.gpu;
      return gpu ? measureRoofs(gpu.dispatcher) : null;
    });
  }

  recover(): Promise<DeviceReport> {
    return this.#run(async (signal) => {
      const request = this.#loaded;
      // The buffers are gone with the device, but TF.js goes on counting tensors until they are disposed of.
      this.#dropSession();
      this.#device = await this.options.startDevice(request?.backend ?? "auto");
      if (request) {
        const { session } = await this.#open(request, () => undefined, signal);
        if (!this.#training.restore(session) && this.#loadedAdapter) applyAdapter(session.model, this.#loadedAdapter.adapter);
      }
      return this.#device.report;
    });
  }

  /** Jobs run one after the other; every failure leaves as an ErrorReport. */
  #run<T>(job: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const result = this.#job.then(async () => {
      this.#abort = new AbortController();
      try {
        const value = await job(this.#abort.signal);
        this.#device?.gpu?.assertHealthy();
        return value;
      } catch (error) {
        throw describeError(await this.#cause(error));
      }
    });
    this.#job = result.catch(() => undefined);
    return result;
  }

  /** A failure while the device is lost is the loss, whatever surfaced first. */
  async #cause(error: unknown): Promise<unknown> {
    const lost = this.#device?.gpu?.lost;
    if (!lost || error instanceof DeviceLostError) return error;
    const loss = await Promise.race([lost, new Promise<undefined>((resolve) => setTimeout(resolve, 50))]);
    return loss ?? error;
  }

  /** Loads a model in place of the one there is, which goes only when the new one is known to fit. */
  async #open(request: LoadRequest, emit: (event: LoadEvent) => void, signal: AbortSignal) {
    const { precision, memory } = request;
    // Every answer decodes with its masked twin.
    const warmUp = this.#device?.gpu?.dispatcher.warmUp(startupKernels(precision, 2 * memory.rollouts));
    const pool = this.#device?.gpu?.pool;
    if (pool) pool.purpose = "weights";
    const opened = await this.#loader
      .load(request, { budgetBytes: this.#budget(request), emit, signal, onFits: () => this.#dropSession() })
      .finally(() => {
        if (pool) pool.purpose = "work";
      });
    await warmUp;
    const gpu = this.#device?.gpu;
    this.#kernels = gpu && (await tuneDevice(gpu, precision.text, this.options.tuning));
    this.#session = opened.session;
    return opened;
  }

  /** Bytes of GPU memory a model may take: the user's figure, or a guess. */
  #budget(request: LoadRequest | undefined): number {
    return request?.budgetBytes ?? guessBudget(this.#device?.gpu?.device.limits.maxBufferSize);
  }

  #ready(): Session {
    if (!this.#session) throw notLoaded();
    return this.#session;
  }

  /** The model as it was loaded, in place of the one whose weights were trained. */
  async #reload(signal: AbortSignal): Promise<Session> {
    if (!this.#loaded) throw notLoaded();
    return (await this.#open(this.#loaded, () => undefined, signal)).session;
  }

  #dropSession(): void {
    this.#training.release();
    this.#session?.[Symbol.dispose]();
    this.#session = undefined;
  }

  #modelReport(): ModelReport {
    const session = this.#ready();
    const loaded = this.#loaded;
    const side = session.model.input.fixedSide;
    if (!loaded) throw notLoaded();
    const adapter = this.#training.adapterName ?? this.#loadedAdapter?.name;
    return {
      name: session.name,
      family: session.family,
      parameters: session.parameters,
      sizeBytes: session.sizeBytes,
      precision: loaded.precision,
      ...(side && { imageSize: side }),
      contextTokens: session.contextTokens,
      vocabularySize: session.config.text.vocabSize,
      ...(adapter && { adapter }),
    };
  }

  #newTexts({ ids, topIds }: DecodedStep): TokenTexts {
    const texts: Record<number, string> = {};
    const tokenizer = this.#ready().tokenizer;
    for (const id of [...ids, ...topIds]) {
      if (this.#knownTexts.has(id)) continue;
      this.#knownTexts.add(id);
      texts[id] = tokenizer.tokenText(id);
    }
    return texts;
  }
}

function notLoaded(): NotReadyError {
  return new NotReadyError("The model is not loaded", "loading has not finished or failed", "Load a model first");
}

/** A call beside the jobs, whose failure leaves as an ErrorReport, too. */
async function reported<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw describeError(error);
  }
}
