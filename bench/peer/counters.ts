// Counts what goes through WebGPU, whoever calls: the prototypes of this realm are wrapped, so every engine of the page is
// counted by the same rule. Install before any engine makes a device. A worker has prototypes of its own; how many were started
// is counted, because what they do is not. gpu/counters.ts, the engine's own count, is not used here.

/** Totals since they were installed; take differences. */
export interface GpuCounts {
  dispatches: number;
  passes: number;
  submits: number;
  /** mapAsync for reading: each is a wait for the device. */
  maps: number;
  /** Such waits that have ended. */
  reads: number;
  readBytes: number;
  /** Time from the end of such a wait to the last call of WebGPU before the end of the next: JavaScript and encoding, idleness left out. */
  hostMs: number;
  uploads: number;
  uploadBytes: number;
  copies: number;
  bindGroups: number;
  buffersCreated: number;
  buffersDestroyed: number;
  pipelines: number;
  /** Uncaptured errors and lost devices. */
  gpuErrors: number;
  /** Workers started: their calls are not in these numbers. */
  workers: number;
}

/** Buffers that exist: created and not destroyed. Those left to the garbage collector stay counted. */
export interface LiveBuffers {
  buffers: number;
  bytes: number;
  peakBytes: number;
}

/** What a realm's counters offer. */
export interface GpuCounters {
  readonly counts: GpuCounts;
  readonly live: LiveBuffers;
  /** Messages of the first errors. */
  readonly errors: readonly string[];
  /** Totals now, with the time in milliseconds. */
  snapshot(): GpuSnapshot;
  /** Host time counts from here, as if a wait had just ended. */
  restartHostTime(): void;
  /** Peak bytes count from here. */
  resetPeak(): void;
}

/** Totals at a moment. */
export interface GpuSnapshot extends GpuCounts {
  readonly t: number;
}

/** b − a, number by number. */
export function difference(a: GpuSnapshot, b: GpuSnapshot): GpuSnapshot {
  return Object.fromEntries(
    Object.entries(b).map(([key, value]) => [key, value - a[key as keyof GpuSnapshot]]),
  ) as unknown as GpuSnapshot;
}

type Method = (...args: never[]) => unknown;

/** When WebGPU was last called. */
let lastCall = 0;

/** Lets `after` see every call of a method. Realms without the type stay as they are. */
function watch<T extends object, K extends keyof T>(
  type: { readonly prototype: T } | undefined,
  name: K,
  after: T[K] extends Method ? (self: T, args: Parameters<T[K]>, result: ReturnType<T[K]>) => void : never,
): void {
  const original: unknown = type?.prototype[name];
  if (!type || typeof original !== "function") return;
  const wrapped = function (this: T, ...args: unknown[]): unknown {
    const result: unknown = original.apply(this, args);
    lastCall = performance.now();
    after(this, args as never, result as never);
    return result;
  };
  Object.defineProperty(type.prototype, name, { value: wrapped, configurable: true, writable: true });
}

/** No call of any kind. */
export const noCalls = (): GpuCounts => ({
  dispatches: 0,
  passes: 0,
  submits: 0,
  maps: 0,
  reads: 0,
  readBytes: 0,
  hostMs: 0,
  uploads: 0,
  uploadBytes: 0,
  copies: 0,
  bindGroups: 0,
  buffersCreated: 0,
  buffersDestroyed: 0,
  pipelines: 0,
  gpuErrors: 0,
  workers: 0,
});

/** Wraps this realm's WebGPU prototypes; call once. */
export function installCounters(): GpuCounters {
  const counts = noCalls();
  const live: LiveBuffers = { buffers: 0, bytes: 0, peakBytes: 0 };
  const errors: string[] = [];
  const fail = (message: string) => {
    counts.gpuErrors++;
    if (errors.length < 20) errors.push(message.trim().split("\n")[0]?.slice(0, 200) ?? "");
  };
  watchBuffers(counts, live);
  const restartHostTime = watchReads(counts);
  watch(globalThis.GPUQueue, "submit", () => {
    counts.submits++;
  });
  watch(globalThis.GPUQueue, "writeBuffer", (_, [, , data, offset = 0, size]) => {
    const unit = ArrayBuffer.isView(data) && "BYTES_PER_ELEMENT" in data ? Number(data.BYTES_PER_ELEMENT) : 1;
    counts.uploads++;
    counts.uploadBytes += size === undefined ? data.byteLength - offset * unit : size * unit;
  });
  watch(globalThis.GPUCommandEncoder, "beginComputePass", () => {
    counts.passes++;
  });
  watch(globalThis.GPUCommandEncoder, "copyBufferToBuffer", () => {
    counts.copies++;
  });
  countDispatches(counts);
  watch(globalThis.GPUDevice, "createBindGroup", () => {
    counts.bindGroups++;
  });
  for (const name of ["createComputePipeline", "createComputePipelineAsync"] as const) {
    watch(globalThis.GPUDevice, name, () => {
      counts.pipelines++;
    });
  }
  watch(globalThis.GPUAdapter, "requestDevice", (_, __, made) => {
    made.then(
      (device) => {
        device.addEventListener("uncapturederror", (event) => fail((event as GPUUncapturedErrorEvent).error.message));
        device.lost.then((info) => info.reason !== "destroyed" && fail(`device lost: ${info.message}`)).catch(() => undefined);
      },
      (error: unknown) => fail(String(error)),
    );
  });
  const StartWorker = globalThis.Worker;
  if (StartWorker) {
    globalThis.Worker = class extends StartWorker {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        counts.workers++;
      }
    };
  }
  return {
    counts,
    live,
    errors,
    snapshot: () => ({ ...counts, t: performance.now() }),
    restartHostTime,
    resetPeak() {
      live.peakBytes = live.bytes;
    },
  };
}

/**
 * Dispatches come by the hundred for a token, so what counts them has to be quick, or it would be a good part of the host time. Their
 * time is not taken: whatever is encoded is submitted later, by a call whose time is.
 */
function countDispatches(counts: GpuCounts): void {
  const encoder = globalThis.GPUComputePassEncoder?.prototype;
  if (!encoder) return;
  const { dispatchWorkgroups, dispatchWorkgroupsIndirect } = encoder;
  encoder.dispatchWorkgroups = function (x, y, z) {
    counts.dispatches++;
    dispatchWorkgroups.call(this, x, y, z);
  };
  encoder.dispatchWorkgroupsIndirect = function (buffer, offset) {
    counts.dispatches++;
    dispatchWorkgroupsIndirect.call(this, buffer, offset);
  };
}

interface Owned {
  readonly size: number;
  readonly device: GPUDevice;
}

function watchBuffers(counts: GpuCounts, live: LiveBuffers): void {
  const sizes = new WeakMap<GPUBuffer, Owned>();
  // Per device, because destroying a device frees its buffers.
  const owned = new WeakMap<GPUDevice, { buffers: number; bytes: number }>();
  const change = (device: GPUDevice, buffers: number, bytes: number) => {
    const own = owned.get(device) ?? { buffers: 0, bytes: 0 };
    owned.set(device, { buffers: own.buffers + buffers, bytes: own.bytes + bytes });
    live.buffers += buffers;
    live.bytes += bytes;
    live.peakBytes = Math.max(live.peakBytes, live.bytes);
  };
  watch(globalThis.GPUDevice, "createBuffer", (device, [{ size }], buffer) => {
    counts.buffersCreated++;
    sizes.set(buffer, { size, device });
    change(device, 1, size);
  });
  watch(globalThis.GPUBuffer, "destroy", (buffer) => {
    const entry = sizes.get(buffer);
    if (!entry) return;
    sizes.delete(buffer);
    counts.buffersDestroyed++;
    // A buffer of a destroyed device is not counted any more.
    if (owned.has(entry.device)) change(entry.device, -1, -entry.size);
  });
  watch(globalThis.GPUDevice, "destroy", (device) => {
    const own = owned.get(device);
    if (!own) return;
    change(device, -own.buffers, -own.bytes);
    owned.delete(device);
  });
}

/** Returns what host time is restarted with. */
function watchReads(counts: GpuCounts): () => void {
  let lastRead = Number.POSITIVE_INFINITY;
  watch(globalThis.GPUBuffer, "mapAsync", (buffer, [mode, offset = 0, size], mapped) => {
    if (!(mode & GPUMapMode.READ)) return;
    counts.maps++;
    counts.readBytes += size ?? buffer.size - offset;
    const done = () => {
      counts.reads++;
      counts.hostMs += Math.max(0, lastCall - lastRead);
      lastRead = performance.now();
    };
    mapped.then(done, done);
  });
  return () => {
    lastRead = performance.now();
  };
}

/** Hides adapter features from every engine of the page, to measure the path of browsers without them. */
export function hideFeatures(names: readonly string[]): void {
  const getter = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, "features")?.get;
  if (!getter) return;
  Object.defineProperty(GPUAdapter.prototype, "features", {
    get(this: GPUAdapter) {
      return new Set([...(getter.call(this) as GPUSupportedFeatures)].filter((name) => !names.includes(name)));
    },
  });
}
