// Loading as the page sees it: a source becomes a folder, small files and packed weights come from the disk cache where they are
// there, a memory plan is made before anything large is fetched, and progress is told a few times a second. One load at a time.

import { getBackend } from "@tensorflow/tfjs-core";
import { CacheBusyError, type CacheStorage } from "@/fetching/cacheFiles";
import { cachedChunks, cachedFiles, cacheId, cacheReport, deleteCached } from "@/fetching/cacheList";
import type { CheckpointFolder } from "@/fetching/folder";
import { ModelChangedError } from "@/fetching/httpClient";
import { httpFolder } from "@/fetching/httpFolder";
import { hubFolder, RevisionError } from "@/fetching/hub";
import { localFolder } from "@/fetching/localFolder";
import type { Sleep } from "@/fetching/patience";
import { PauseGate } from "@/fetching/pauseGate";
import { TransferMeter } from "@/fetching/transfer";
import type { WeightCache } from "@/fetching/weightCache";
import type { TensorSource } from "@/formats/tensorSource";
import { currentGpu } from "@/gpu/dispatcher";
import { UserError } from "@/lib/errors";
import type { LoadEvent, LoadRequest } from "@/protocol/engine";
import type { CacheReport, LoadTimes, MemoryPlan, ModelPreview, ModelSource } from "@/protocol/model";
import { inGibibytes, planMemory } from "../memoryPlan";
import type { Session } from "../session";
import { type Checkpoint, type CheckpointFiles, checkpointFiles, openCheckpoint } from "./checkpoint";
import { countParameters, listWeights } from "./listing";
import { cachedFirst, cachedRevision, keepSmallFiles, openLoadCache, watchedFolder } from "./loadCache";
import { cacheKeys, weightBytes } from "./loadWeights";
import { loadSession } from "./openSession";

/** The memory plan does not allow this choice. */
export class MemoryPlanError extends UserError {
  override readonly name = "MemoryPlanError";
}

export interface ModelLoaderOptions {
  readonly fetch: typeof fetch;
  readonly openCache: () => Promise<CacheStorage>;
  readonly estimateStorage: () => Promise<StorageEstimate>;
  readonly now: () => number;
  /** How failed requests wait for their next try. */
  readonly sleep?: Sleep;
}

/** One load. */
export interface LoadJob {
  readonly budgetBytes: number;
  readonly emit: (event: LoadEvent) => void;
  readonly signal: AbortSignal;
  /** Called when nothing stands in the way, before the first weight goes to the device: time to make room. */
  readonly onFits: () => void;
}

const progressEveryMs = 250;

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

  /** Reads the small files and the headers of the weight files; nothing of the network when all is cached. */
  async inspect(request: LoadRequest, budgetBytes: number): Promise<ModelPreview> {
    const cached = await this.#cachedModel(request);
    const known = cached?.complete ? await this.#cachedFiles(request) : undefined;
    // What is still being sent when all is known is not wanted.
    const over = new AbortController();
    try {
      const folder = this.#folder(request, undefined, { signal: over.signal });
      const files = checkpointFiles(folder, request.source.gguf);
      const checkpoint = await openCheckpoint(known ? withFiles(files, known) : files);
      const { family, config } = checkpoint;
      const requests = listWeights(family, config);
      const plan = planMemory({ config, requests }, computedPrecision(request), request.memory, budgetBytes);
      const revision = known ? await known("revision") : folder.revision();
      return {
        name: nameOf(request.source),
        family: family.name,
        parameters: countParameters(requests),
        downloadBytes: cached?.complete
          ? 0
          : missingBytes(await checkpoint.openWeights(), checkpoint, await this.#isCached(request)),
        cachedBytes: cached?.bytes ?? 0,
        ...(revision && { revision }),
        plan,
      };
    } finally {
      over.abort();
    }
  }

  /** Paths of the source's files; empty where they cannot be listed. */
  async listFiles(request: LoadRequest): Promise<readonly string[]> {
    return (await this.#folder(request, undefined, {}).list?.()) ?? [];
  }

  /** Loads a model onto the current backend; what was cached stays when it fails or is cancelled. */
  async load(request: LoadRequest, job: LoadJob): Promise<{ session: Session; times: LoadTimes }> {
    this.#gate.resume();
    const notice = (message: string) => job.emit({ type: "notice", message });
    try {
      return await this.#attempt(request, job, notice);
    } catch (error) {
      if (!(error instanceof ModelChangedError)) throw error;
      notice("The model changed on the server since loading it began; it is fetched anew.");
      await this.#forget(request);
      return await this.#attempt(request, job, notice);
    }
  }

  /** One attempt; a ModelChangedError says that pieces of two states of the model would meet. */
  async #attempt(request: LoadRequest, { budgetBytes, emit, signal, onFits }: LoadJob, notice: (message: string) => void) {
    const started = performance.now();
    const cache = await this.#openCache(request, notice);
    const meter = new TransferMeter(0, this.options.now);
    this.#meter = meter;
    const timer = setInterval(() => emit({ type: "progress", progress: meter.progress() }), progressEveryMs);
    const over = new AbortController();
    try {
      const http = { signal: AbortSignal.any([signal, over.signal]), gate: this.#gate, onBytes: meter.received };
      let networkMs = 0;
      const pinned = cache && (await cachedRevision(cache));
      const folder = this.#folder(request, pinned, { ...http, onWaiting: meter.wait });
      const watched = watchedFolder(folder, cache, (ms) => {
        networkMs += ms;
      });
      const { checkpoint, texts } = await readSmallFiles(checkpointFiles(watched, request.source.gguf), cache, pinned);
      const revision = folder.revision();
      if (pinned !== undefined && revision !== undefined && revision !== pinned) throw new ModelChangedError("config.json");
      const requests = listWeights(checkpoint.family, checkpoint.config);
      const plan = planMemory({ config: checkpoint.config, requests }, computedPrecision(request), request.memory, budgetBytes);
      if (!plan.fits) {
        emit({ type: "plan", plan });
        throw doesNotFit(plan, nameOf(request.source));
      }
      if (cache && !cache.complete) await keepSmallFiles(texts, revision, cache);
      meter.setTotal(weightBytes(requests, request.precision));
      emit({ type: "progress", progress: meter.progress() });
      networkMs = 0;
      const session = await loadSession(checkpoint, nameOf(request.source), {
        precision: request.precision,
        cache,
        signal,
        gate: () => {
          if (this.#gate.paused) folder.release?.();
          return this.#gate.wait(signal);
        },
        onChecked: () => {
          emit({ type: "plan", plan });
          onFits();
        },
        onLoaded: (bytes, fromCache) => meter.done(bytes, fromCache ? "cache" : "network"),
        ...(getBackend() === "webgpu" && { drain: drainQueue }),
      });
      cache?.markComplete(cacheKeys(requests).length);
      emit({ type: "progress", progress: meter.progress() });
      const { sourceMs, quantizeMs, uploadMs, cacheMs } = session.loadClock;
      const totalMs = performance.now() - started;
      const decodeMs = Math.max(0, sourceMs - networkMs);
      return { session, times: { networkMs, quantizeMs: quantizeMs + decodeMs, uploadMs, cacheMs, totalMs } };
    } finally {
      // Connections that are still open are not needed any more.
      over.abort();
      clearInterval(timer);
      this.#meter = undefined;
      const isEmpty = cache?.weightBytes === 0;
      cache?.close();
      if (isEmpty) await this.#forget(request);
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

  /** Text of a cached model's small files; null for those that the checkpoint has not. */
  async #cachedFiles(request: LoadRequest): Promise<KnownFiles | undefined> {
    const storage = await this.options.openCache();
    const files = "directory" in storage ? await cachedFiles(storage.directory, idOf(request)) : undefined;
    return (
      files &&
      (async (name) => {
        const bytes = await files(name);
        return bytes ? new TextDecoder().decode(bytes) : bytes;
      })
    );
  }

  /** Says which pieces of the weights need not be fetched. */
  async #isCached(request: LoadRequest): Promise<(key: string) => boolean> {
    const storage = await this.options.openCache();
    if (!request.useCache || "unavailable" in storage) return () => false;
    return cachedChunks(storage.directory, idOf(request));
  }

  async #openCache(request: LoadRequest, notice: (text: string) => void): Promise<WeightCache | undefined> {
    // Local files are on the disk already.
    if (!request.useCache || request.source.kind === "files") return undefined;
    const meta = { name: nameOf(request.source), precision: request.precision };
    return openLoadCache(await this.options.openCache(), idOf(request), meta, { now: this.options.now, notice });
  }

  /** Deletes what is cached of a model, unless another tab uses it. */
  async #forget(request: LoadRequest): Promise<void> {
    const storage = await this.options.openCache();
    if ("unavailable" in storage || !request.useCache) return;
    await deleteCached(storage.directory, idOf(request)).catch((error: unknown) => {
      if (!(error instanceof CacheBusyError)) throw error;
    });
  }

  #folder(
    { source, hubHost }: LoadRequest,
    pinned: string | undefined,
    http: Parameters<typeof httpFolder>[1],
  ): CheckpointFolder {
    const { fetch, sleep } = this.options;
    const options = { ...http, fetch, ...(sleep && { sleep }) };
    switch (source.kind) {
      case "url":
        return httpFolder(source.url, options);
      case "hub": {
        const { repo, revision, token } = source;
        return hubFolder({ repo, revision: pinned ?? revision, ...(token && { token }) }, { ...options, hubHost });
      }
      case "files":
        return localFolder(source.files, source.name, source.gguf);
      default:
        return source satisfies never;
    }
  }
}

type KnownFiles = (name: string) => Promise<string | null | undefined>;

/** The small files that are known, and those of the server where one is not. */
function withFiles({ smallFile, openWeights }: CheckpointFiles, known: KnownFiles): CheckpointFiles {
  return {
    openWeights,
    async smallFile(name) {
      const text = await known(name);
      return text === undefined ? smallFile(name) : (text ?? undefined);
    },
  };
}

/** Opens a checkpoint and keeps what its small files said. */
async function readSmallFiles(
  files: CheckpointFiles,
  cache: WeightCache | undefined,
  pinned: string | undefined,
): Promise<{ checkpoint: Checkpoint; texts: ReadonlyMap<string, string | undefined> }> {
  // Until the cache is complete the server is asked, so that a changed model is noticed.
  const { smallFile, openWeights } = cache?.complete ? cachedFirst(files, cache) : files;
  const texts = new Map<string, string | undefined>();
  try {
    const checkpoint = await openCheckpoint({
      openWeights,
      async smallFile(name) {
        const text = await smallFile(name);
        texts.set(name, text);
        return text;
      },
    });
    return { checkpoint, texts };
  } catch (error) {
    // The commit that part of the model was fetched from is gone: its history was rewritten.
    if (pinned !== undefined && error instanceof RevisionError) throw new ModelChangedError("config.json");
    throw error;
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

/** Bytes of the weight files that hold tensors the model needs and the cache lacks. */
function missingBytes(source: TensorSource, { family, config }: Checkpoint, isCached: (key: string) => boolean): number {
  const missing = listWeights(family, config).filter((request) => !cacheKeys([request]).every(isCached));
  const names = new Set(missing.map(({ name }) => name));
  return [...source.tensors.values()].reduce(
    (sum, { name, bytes }) => (names.has(family.canonicalName(name)) ? sum + bytes : sum),
    0,
  );
}

function doesNotFit({ peakBytes, budgetBytes, proposal }: MemoryPlan, name: string): MemoryPlanError {
  const smaller = proposal
    ? `Choose text ${proposal.precision.text}, vision ${proposal.precision.vision}, head ${proposal.precision.head}, ` +
      `${proposal.use.rollouts} rollouts and ${proposal.use.contextTokens} tokens, which need ${inGibibytes(proposal.peakBytes)}`
    : "Choose a smaller model, or raise the memory budget if this device has more";
  return new MemoryPlanError(
    `${name} does not fit`,
    `it needs ${inGibibytes(peakBytes)} of GPU memory and ${inGibibytes(budgetBytes)} may be used`,
    smaller,
  );
}

async function drainQueue(): Promise<void> {
  await currentGpu().device.queue.onSubmittedWorkDone();
}
