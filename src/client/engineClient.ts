// The page's side of the worker: starts it on first use, wraps it with comlink, gives every streaming call its own MessageChannel,
// and turns a crash into a typed error for every pending call; the next call starts a fresh worker. Knows nothing of the store.

import { type Remote, transfer, wrap } from "comlink";
import { UserError } from "@/lib/errors";
import type { AdapterFiles, DeviceReport, EngineApi, LoadEvent, LoadRequest, MemoryReport, ModelReport } from "@/protocol/engine";
import type { AskEvent, AskRequest } from "@/protocol/generation";
import type { MeasureEvent, MeasureRequest } from "@/protocol/measure";
import type { CacheReport, ModelPreview } from "@/protocol/model";
import type { RoofReport, SystemReport } from "@/protocol/system";
import type { EvaluationReport, EvaluationRequest, TrainEvent, TrainRequest, TrainSettings } from "@/protocol/training";
import { checkConnect } from "./connectPolicy";
import { hubHostOf } from "./hubHost";
import { rewardSandbox } from "./rewardSandbox";

/** The worker died; text and runs on the page are untouched. */
export class EngineCrashError extends UserError {
  override readonly name = "EngineCrashError";
  constructor(reason: string) {
    super(
      "The engine stopped",
      reason || "the worker ended without a message",
      "Load the model again; answers and runs are kept",
    );
  }
}

/** The calls of `EngineApi` with callbacks for streams; failed calls reject with an ErrorReport or EngineCrashError. */
export interface EngineClient {
  inspect(request: LoadRequest): Promise<ModelPreview>;
  listFiles(request: LoadRequest): Promise<readonly string[]>;
  load(request: LoadRequest, onEvent: (event: LoadEvent) => void): Promise<ModelReport>;
  /** Does nothing while no engine runs. */
  pauseLoad(paused: boolean): Promise<void>;
  cachedModels(): Promise<CacheReport>;
  deleteCached(id: string | "all"): Promise<CacheReport>;
  ask(request: AskRequest, onEvent: (event: AskEvent) => void): Promise<void>;
  measure(request: MeasureRequest, onEvent: (event: MeasureEvent) => void): Promise<void>;
  train(request: TrainRequest, onEvent: (event: TrainEvent) => void): Promise<void>;
  /** Does nothing while no engine runs. */
  changeTraining(settings: TrainSettings): Promise<void>;
  /** Hands the port to the engine; the next engine, after a crash, needs another. */
  connectRewards(port: MessagePort): Promise<void>;
  stop(): Promise<void>;
  resetTraining(): Promise<void>;
  evaluate(request: EvaluationRequest, onEvent: (event: TrainEvent) => void): Promise<EvaluationReport>;
  saveAdapter(): Promise<AdapterFiles>;
  loadAdapter(files: AdapterFiles, name: string): Promise<ModelReport>;
  memory(): Promise<MemoryReport>;
  system(): Promise<SystemReport>;
  /** Does nothing while no engine runs. */
  measureKernels(on: boolean): Promise<void>;
  measureAdapter(): Promise<RoofReport | null>;
  recover(): Promise<DeviceReport>;
  /** Ends the worker; pending calls reject. */
  terminate(): void;
  /** Calls back when the worker dies by itself, also while no call is pending; returns the way to stop. */
  onCrash(listener: (error: EngineCrashError) => void): () => void;
}

interface Connection {
  readonly worker: Worker;
  readonly api: Remote<EngineApi>;
  readonly crashed: Promise<never>;
  readonly crash: (reason: string, isWanted?: boolean) => void;
}

/** Ports stay open a little after their call has ended, for events that are still on the way. */
const portGraceMs = 2000;

/**
 * A client over workers that `createWorker` makes; `hubHost` is another hub than huggingface.co, `rewardPort` gives every new
 * worker its way to the sandbox of the user's reward function.
 */
export function createEngineClient(createWorker: () => Worker, hubHost?: string, rewardPort?: () => MessagePort): EngineClient {
  let connection: Connection | null = null;
  const crashListeners = new Set<(error: EngineCrashError) => void>();
  const onHub = (request: LoadRequest): LoadRequest => {
    const { source } = request;
    if (source.kind === "url") checkConnect(source.url);
    if (source.kind === "hub" && hubHost !== undefined) checkConnect(hubHost);
    return hubHost === undefined ? request : { ...request, hubHost };
  };

  const connect = (): Connection => {
    const worker = createWorker();
    const { promise: crashed, reject } = rejectable();
    const crash = (reason: string, isWanted = false) => {
      if (connection?.worker === worker) connection = null;
      worker.terminate();
      const error = new EngineCrashError(reason);
      reject(error);
      if (!isWanted) for (const listener of crashListeners) listener(error);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      crash(event.message);
    };
    worker.onmessageerror = () => crash("a message could not be read");
    const api = wrap<EngineApi>(worker);
    if (rewardPort) {
      const port = rewardPort();
      // A worker that cannot take it fails with its first call, which says why.
      api.connectRewards(transfer(port, [port])).catch(() => {});
    }
    return { worker, api, crashed, crash };
  };

  // Async, so that a request that may not be sent rejects like one that failed.
  const call = async <T>(run: (api: Remote<EngineApi>) => Promise<T>): Promise<T> => {
    connection ??= connect();
    return Promise.race([run(connection.api), connection.crashed]);
  };

  const stream = async <Event, T>(
    onEvent: (event: Event) => void,
    run: (api: Remote<EngineApi>, port: MessagePort) => Promise<T>,
  ): Promise<T> => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = (message: MessageEvent<Event>) => onEvent(message.data);
    try {
      return await call((api) => run(api, transfer(port2, [port2])));
    } finally {
      setTimeout(() => port1.close(), portGraceMs);
    }
  };

  return {
    inspect: (request) => call((api) => api.inspect(onHub(request))),
    listFiles: (request) => call((api) => api.listFiles(onHub(request))),
    load: (request, onEvent) => stream(onEvent, (api, port) => api.load(onHub(request), port)),
    pauseLoad: async (paused) => {
      if (connection) await call((api) => api.pauseLoad(paused));
    },
    cachedModels: () => call((api) => api.cachedModels()),
    deleteCached: (id) => call((api) => api.deleteCached(id)),
    ask: (request, onEvent) => stream(onEvent, (api, port) => api.ask(request, port)),
    measure: (request, onEvent) => stream(onEvent, (api, port) => api.measure(request, port)),
    train: (request, onEvent) => stream(onEvent, (api, port) => api.train(request, port)),
    changeTraining: async (settings) => {
      if (connection) await call((api) => api.changeTraining(settings));
    },
    connectRewards: (port) => call((api) => api.connectRewards(transfer(port, [port]))),
    evaluate: (request, onEvent) => stream(onEvent, (api, port) => api.evaluate(request, port)),
    // Stopping an engine that does not run would start one.
    stop: async () => {
      if (connection) await call((api) => api.stop());
    },
    resetTraining: () => call((api) => api.resetTraining()),
    saveAdapter: () => call((api) => api.saveAdapter()),
    loadAdapter: (files, name) => call((api) => api.loadAdapter(files, name)),
    memory: () => call((api) => api.memory()),
    system: () => call((api) => api.system()),
    measureKernels: async (on) => {
      if (connection) await call((api) => api.measureKernels(on));
    },
    measureAdapter: () => call((api) => api.measureAdapter()),
    recover: () => call((api) => api.recover()),
    terminate: () => connection?.crash("the page ended it", true),
    onCrash: (listener) => {
      crashListeners.add(listener);
      return () => crashListeners.delete(listener);
    },
  };
}

function rejectable(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<never>((_, no) => {
    reject = no;
  });
  // A crash with no call pending must not count as an unhandled rejection; the next call simply starts a new worker.
  promise.catch(() => {});
  return { promise, reject };
}

/** The engine of this page. */
export const engineClient: EngineClient = createEngineClient(
  () => new Worker(new URL("../worker/engine.worker.ts", import.meta.url), { type: "module", name: "engine" }),
  typeof location === "undefined" ? undefined : hubHostOf(location.search),
  () => rewardSandbox().port(),
);
