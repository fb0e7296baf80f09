// Loading as the page sees it: a source becomes a folder, small files and packed weights come from the disk cache where they are
// there, a memory plan is made before anything large is fetched, and progress is told a few times a second. One load at a time.

import { backend, getBackend } from "@tensorflow/tfjs-core";
import { CacheBusyError, type CacheStorage } from "@/fetching/cacheFiles";
import { cacheId, cacheReport, deleteCached } from "@/fetching/cacheList";
import type { CheckpointFolder } from "@/fetching/folder";
import { httpFolder } from "@/fetching/httpFolder";
import { hubFolder } from "@/fetching/hub";
import { localFolder } from "@/fetching/localFolder";
import { PauseGate } from "@/fetching/pauseGate";
import { TransferMeter } from "@/fetching/transfer";
import { openWeightCache, type WeightCache } from "@/fetching/weightCache";
import type { ByteSource } from "@/formats/byteSource";
import type { TensorSource } from "@/formats/tensorSource";
import { dispatcherOf } from "@/gpu/dispatcher";
import { UserError } from "@/lib/errors";
import type { LoadEvent, LoadRequest } from "@/protocol/engine";
import type { CacheReport, LoadTimes, MemoryPlan, ModelPreview, ModelSource } from "@/protocol/model";
import { planMemory } from "../memoryPlan";
import type { Session } from "../session";
import { type Checkpoint, type CheckpointFiles, checkpointFiles, openCheckpoint } from "./checkpoint";
import { countParameters, listWeights } from "./listing";
import { cacheKeys, weightBytes } from "./loadWeights";
import { loadSession } from "./openSession";

/** The memory plan does not allow this choice. */
export class MemoryPlanError extends UserError {
  override readonly name = "MemoryPlanError";
}

export interface ModelLoaderOptions {
  readonly fetch: typeof fetch;
  /** Another hub, for mirrors and tests. */
  readonly hubHost?: string | undefined;
  readonly openCache: () => Promise<CacheStorage>;
  readonly estimateStorage: () => Promise<StorageEstimate>;
  readonly now: () => number;
}

/** One load. */
export interface LoadJob {
  readonly budgetBytes: number;
  readonly emit: (event: LoadEvent) => void;
  readonly signal: AbortSignal;
  /** Called before the first weight goes to the device: time to make room. */
  readonly onFits: () => void;
}

const progressEveryMs = 250;
const revisionFile = "revision";

/** Reads previews and loads models. */
export class ModelLoader {
  readonly #gate = new PauseGate();
  #meter: TransferMeter | undefined;

  constructor(private readonly options: ModelLoaderOptions) {}

  /** Stops and goes on fetching. */
  pause(paused: boolean): void {
    if (paused) this.#gate.pause();
    else this.#gate.resume();
    this.#meter?.setPaused(paused);
  }

  /** Reads the small files and the headers of the weight files. */
  async inspect(request: LoadRequest, budgetBytes: number): Promise<ModelPreview> {
    const cached = await this.#cachedModel(request);
    const folder = this.#folder(request.source, undefined, {});
    const checkpoint = await openCheckpoint(checkpointFiles(folder, request.source.gguf));
    const { family, config } = checkpoint;
    const requests = listWeights(family, config);
    const plan = planMemory({ config, requests }, request.precision, request.memory, budgetBytes);
    const downloadBytes = cached?.complete ? 0 : neededBytes(await checkpoint.openWeights(), checkpoint);
    const revision = folder.revision();
    return {
      name: nameOf(request.source),
      family: family.name,
      parameters: countParameters(requests),
      downloadBytes,
      cachedBytes: cached?.bytes ?? 0,
      ...(revision && { revision }),
      plan,
    };
  }

  /** Loads a model onto the current backend; what was cached stays when it fails or is cancelled. */
  async load(
    request: LoadRequest,
    { budgetBytes, emit, signal, onFits }: LoadJob,
  ): Promise<{ session: Session; times: LoadTimes }> {
    const started = performance.now();
    this.#gate.resume();
    const notice = (message: string) => emit({ type: "notice", message });
    let cache = request.useCache ? await this.#openCache(request, notice) : undefined;
    const meter = new TransferMeter(0, this.options.now);
    this.#meter = meter;
    const timer = setInterval(() => emit({ type: "progress", progress: meter.progress() }), progressEveryMs);
    try {
      const pinned = cache && !cache.complete ? await cachedText(cache, revisionFile) : undefined;
      let clock = { networkMs: 0 };
      const opened = await this.#open(request, { cache, pinned, meter, signal, clock: () => clock });
      if (cache && pinned && opened.folder.revision() !== pinned) {
        // The model changed since the first half was kept: halves of two models must never meet.
        notice("The model changed on the server since it was cached in part; it is fetched anew.");
        cache.close();
        await this.deleteCached(idOf(request));
        cache = await this.#openCache(request, notice);
      }
      const revision = opened.folder.revision();
      if (cache && !cache.complete) await keepSmallFiles(opened.texts, revision, cache);
      const { checkpoint } = opened;
      const requests = listWeights(checkpoint.family, checkpoint.config);
      const plan = planMemory({ config: checkpoint.config, requests }, computedPrecision(request), request.memory, budgetBytes);
      emit({ type: "plan", plan });
      refuseWhatDoesNotFit(plan, nameOf(request.source));
      onFits();
      meter.setTotal(weightBytes(requests, request.precision));
      emit({ type: "progress", progress: meter.progress() });
      clock = { networkMs: 0 };
      const session = await loadSession(checkpoint, nameOf(request.source), {
        precision: request.precision,
        cache,
        signal,
        gate: () => this.#gate.wait(signal),
        onLoaded: (bytes, fromCache) => meter.done(bytes, fromCache ? "cache" : "network"),
        ...(getBackend() === "webgpu" && { drain: drainQueue }),
      });
      cache?.markComplete(cacheKeys(requests).length);
      emit({ type: "progress", progress: meter.progress() });
      const { sourceMs, quantizeMs, uploadMs, cacheMs } = session.loadClock;
      const totalMs = performance.now() - started;
      const decodeMs = Math.max(0, sourceMs - clock.networkMs);
      const times = { networkMs: clock.networkMs, quantizeMs: quantizeMs + decodeMs, uploadMs, cacheMs, totalMs };
      return { session, times };
    } finally {
      clearInterval(timer);
      this.#meter = undefined;
      cache?.close();
    }
  }

  async cachedModels(): Promise<CacheReport> {
    return cacheReport(await this.options.openCache(), await this.options.estimateStorage());
  }

  async deleteCached(id: string | "all"): Promise<CacheReport> {
    const storage = await this.options.openCache();
    if ("directory" in storage) await deleteCached(storage.directory, id);
    return this.cachedModels();
  }

  async #cachedModel(request: LoadRequest) {
    if (!request.useCache) return undefined;
    const { models } = await this.cachedModels();
    return models.find(({ id }) => id === idOf(request));
  }

  async #openCache(request: LoadRequest, notice: (text: string) => void): Promise<WeightCache | undefined> {
    // Local files are on the disk already.
    if (request.source.kind === "files") return undefined;
    const storage = await this.options.openCache();
    if ("unavailable" in storage) {
      notice(`Nothing is kept on disk: ${storage.unavailable} The model is loaded into memory only.`);
      return undefined;
    }
    const meta = { name: nameOf(request.source), precision: request.precision };
    try {
      return await openWeightCache(storage.directory, idOf(request), meta, { now: this.options.now, onProblem: notice });
    } catch (error) {
      if (!(error instanceof CacheBusyError)) throw error;
      notice("Another tab uses the cached copy of this model; this one loads it into memory without the cache.");
      return undefined;
    }
  }

  async #open(
    { source }: LoadRequest,
    parts: {
      readonly cache: WeightCache | undefined;
      readonly pinned: string | undefined;
      readonly meter: TransferMeter;
      readonly signal: AbortSignal;
      readonly clock: () => { networkMs: number };
    },
  ): Promise<{ folder: CheckpointFolder; checkpoint: Checkpoint; texts: ReadonlyMap<string, string | undefined> }> {
    const { cache, pinned, meter, signal, clock } = parts;
    const folder = this.#folder(source, pinned, { signal, gate: this.#gate, onBytes: meter.received, onWaiting: meter.wait });
    const files = checkpointFiles(timedFolder(folder, clock), source.gguf);
    // Until the cache is complete the server is asked, so that a changed model is noticed.
    const { smallFile, openWeights } = cache?.complete ? fromCache(files, cache) : files;
    const texts = new Map<string, string | undefined>();
    const checkpoint = await openCheckpoint({
      openWeights,
      async smallFile(name) {
        const text = await smallFile(name);
        texts.set(name, text);
        return text;
      },
    });
    return { folder, checkpoint, texts };
  }

  #folder(source: ModelSource, pinned: string | undefined, http: Parameters<typeof httpFolder>[1]): CheckpointFolder {
    const options = { ...http, fetch: this.options.fetch };
    switch (source.kind) {
      case "url":
        return httpFolder(source.url, options);
      case "hub": {
        const { repo, revision, token } = source;
        const { hubHost } = this.options;
        return hubFolder(
          { repo, revision: pinned ?? revision, ...(token && { token }) },
          { ...options, ...(hubHost && { hubHost }) },
        );
      }
      case "files":
        return localFolder(source.files, source.name);
      default:
        return source satisfies never;
    }
  }
}

/** Name of a model as lists and adapters show it. */
export function nameOf(source: ModelSource): string {
  if (source.kind === "hub") return source.repo;
  if (source.kind === "files") return source.name;
  return source.url.replace(/\/+$/, "").split("/").pop() ?? "model";
}

function idOf({ source, precision }: LoadRequest): string {
  const gguf = source.gguf ? `#${source.gguf.model}+${source.gguf.projector}` : "";
  if (source.kind === "hub") return cacheId(source.repo + gguf, source.revision, precision);
  return cacheId((source.kind === "url" ? source.url : source.name) + gguf, undefined, precision);
}

/** Packed kernels exist on WebGPU only: elsewhere every weight takes four bytes. */
function computedPrecision({ precision }: LoadRequest): LoadRequest["precision"] {
  return getBackend() === "webgpu" ? precision : { ...precision, text: "f32", vision: "f32", head: "f32" };
}

/** Bytes of the weight files that hold tensors the model needs. */
function neededBytes(source: TensorSource, { family, config }: Checkpoint): number {
  const needed = new Set(listWeights(family, config).map(({ name }) => name));
  return [...source.tensors.values()].reduce(
    (sum, { name, bytes }) => (needed.has(family.canonicalName(name)) ? sum + bytes : sum),
    0,
  );
}

function refuseWhatDoesNotFit({ fits, peakBytes, budgetBytes, proposal }: MemoryPlan, name: string): void {
  if (fits) return;
  const gib = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
  const smaller = proposal
    ? `Choose text ${proposal.precision.text}, vision ${proposal.precision.vision}, head ${proposal.precision.head}, ` +
      `${proposal.use.rollouts} rollouts and ${proposal.use.contextTokens} tokens, which need ${gib(proposal.peakBytes)}`
    : "Choose a smaller model, or raise the memory budget if this device has more";
  throw new MemoryPlanError(
    `${name} does not fit`,
    `it needs ${gib(peakBytes)} of GPU memory and ${gib(budgetBytes)} may be used`,
    smaller,
  );
}

async function cachedText(cache: WeightCache, name: string): Promise<string | undefined> {
  const bytes = await cache.getFile(name);
  return bytes ? new TextDecoder().decode(bytes) : undefined;
}

function fromCache({ smallFile, openWeights }: CheckpointFiles, cache: WeightCache): CheckpointFiles {
  return {
    openWeights,
    async smallFile(name) {
      const bytes = await cache.getFile(name);
      if (bytes === undefined) return smallFile(name);
      return bytes === null ? undefined : new TextDecoder().decode(bytes);
    },
  };
}

async function keepSmallFiles(
  texts: ReadonlyMap<string, string | undefined>,
  revision: string | undefined,
  cache: WeightCache,
): Promise<void> {
  for (const [name, text] of [...texts, [revisionFile, revision] as const]) {
    await cache.putFile(name, text === undefined ? null : new TextEncoder().encode(text));
  }
}

/** A folder whose weight files tell how long their reads took. */
function timedFolder(folder: CheckpointFolder, clock: () => { networkMs: number }): CheckpointFolder {
  return {
    ...folder,
    async open(name): Promise<ByteSource> {
      const file = await folder.open(name);
      return {
        name: file.name,
        size: file.size,
        async read(begin, end) {
          const started = performance.now();
          try {
            return await file.read(begin, end);
          } finally {
            clock().networkMs += performance.now() - started;
          }
        },
      };
    },
  };
}

async function drainQueue(): Promise<void> {
  await dispatcherOf(backend()).device.queue.onSubmittedWorkDone();
}
