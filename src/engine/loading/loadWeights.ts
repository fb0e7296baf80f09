// Weights from a checkpoint (or from the disk cache) to the device: tensor by tensor in file order, a few megabytes at a time,
// quantised on the way. Nothing here holds a whole tensor of a large model, let alone a file. What cannot be finished is freed.

import { dispose, keep, type Tensor } from "@tensorflow/tfjs-core";
import type { StoredTensor, TensorSource } from "@/formats/tensorSource";
import { deviceTensor } from "@/gpu/deviceTensor";
import { UserError } from "@/lib/errors";
import type { ModelConfig, ModelFamily, VisionLanguageModel } from "@/models/family";
import type { MatrixRequest, Precision, TensorRequest, WeightRequest } from "@/models/weights";
import { type Matrix, type MatrixFormat, matrixTensors, storedBytes, valuesPerWord } from "@/ops/matrix";
import { MatrixWriter } from "@/ops/matrixWriter";
import { packRows } from "@/ops/packRows";
import { formatOf, listWeights, storedShape } from "./listing";

/** The checkpoint lacks something or holds something else than its config.json says. */
export class CheckpointError extends UserError {
  override readonly name = "CheckpointError";
}

/** Packed pieces of weights on disk, by key. */
export interface ChunkCache {
  has(key: string): boolean;
  /** Undefined when it is not there or damaged. */
  read(key: string, into?: ArrayBuffer): Promise<Uint8Array | undefined>;
  write(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean>;
}

/** Milliseconds spent, for the load report. */
export interface LoadClock {
  sourceMs: number;
  quantizeMs: number;
  uploadMs: number;
  cacheMs: number;
}

export interface LoadOptions {
  readonly precision: Precision;
  readonly cache?: ChunkCache | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called when every tensor is known to be there in its shape, before the first goes to the device: time to make room. */
  readonly onChecked?: (() => void) | undefined;
  /** Waits while loading is paused. */
  readonly gate?: (() => Promise<void>) | undefined;
  /** Called after every piece with the bytes of weights it put on the device. */
  readonly onLoaded?: ((bytes: number, fromCache: boolean) => void) | undefined;
  /** Called now and then so that uploads do not pile up in front of the GPU. */
  readonly drain?: (() => Promise<void>) | undefined;
  readonly maxBindingBytes?: number | undefined;
}

/** Values of a piece: 4 MiB as float32. Cache keys depend on it. */
const valuesPerChunk = 1024 * 1024;
const bytesBetweenDrains = 64 * 1024 * 1024;

/** A model with the tensors it consists of. */
export class LoadedWeights {
  constructor(
    readonly model: VisionLanguageModel,
    /** By canonical checkpoint name. */
    readonly entries: ReadonlyMap<string, Matrix | Tensor>,
    readonly clock: LoadClock,
  ) {}

  /** Every tensor on the device. */
  get tensors(): Tensor[] {
    return [...this.entries.values()].flatMap(tensorsOf);
  }

  [Symbol.dispose](): void {
    dispose(this.tensors);
  }
}

/**
 * Loads every weight that `family.build` asks for.
 * @param openSource Opened only when something is not in the cache.
 * @throws CheckpointError naming what is missing, has another shape, or is not finite.
 */
export async function loadWeights(
  family: ModelFamily,
  config: ModelConfig,
  openSource: () => Promise<TensorSource>,
  options: LoadOptions,
): Promise<LoadedWeights> {
  const loader = new Loader(family, openSource, options);
  const requests = listWeights(family, config);
  try {
    const ordered = await loader.inReadingOrder(requests);
    options.onChecked?.();
    for (const request of ordered) {
      loader.entries.set(request.name, request.kind === "matrix" ? await loader.matrix(request) : await loader.vector(request));
    }
    const model = family.build(config, {
      matrix: ({ name }) => loader.entries.get(name) as Matrix,
      tensor: (name) => loader.entries.get(name) as Tensor,
    });
    return new LoadedWeights(model, loader.entries, loader.clock);
  } catch (error) {
    dispose([...loader.entries.values()].flatMap(tensorsOf));
    throw error;
  }
}

/** Keys under which the pieces of these requests are cached. */
export function cacheKeys(requests: readonly WeightRequest[]): string[] {
  return requests.flatMap((request) =>
    request.kind === "tensor" ? [request.name] : chunksOf(request).map(({ first }) => keyOf(request, first)),
  );
}

const keyOf = ({ name }: WeightRequest, firstRow: number) => `${name}@${firstRow}`;

function chunksOf({ rows, columns }: MatrixRequest): { readonly first: number; readonly count: number }[] {
  // Whole multiples of 32 rows, as the parts of a split matrix are.
  const size = Math.max(32, Math.floor(valuesPerChunk / columns / 32) * 32);
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => ({ first: i * size, count: Math.min(size, rows - i * size) }));
}

/** Bytes of a packed piece: words, then group scales. */
function packedSizes(count: number, columns: number, format: MatrixFormat, group: number) {
  const scaleBytes = format === "int8" || format === "int4" ? ((count * columns) / group) * 4 : 0;
  return { wordBytes: ((count * columns) / valuesPerWord(format)) * 4, scaleBytes };
}

function tensorsOf(entry: Matrix | Tensor): Tensor[] {
  return "parts" in entry ? matrixTensors(entry) : [entry];
}

class Loader {
  readonly entries = new Map<string, Matrix | Tensor>();
  readonly clock: LoadClock = { sourceMs: 0, quantizeMs: 0, uploadMs: 0, cacheMs: 0 };
  #source: Promise<{ source: TensorSource; stored: ReadonlyMap<string, StoredTensor> }> | undefined;
  #undrained = 0;
  // Used again for every piece: browsers collect large garbage late.
  readonly #values = new Room();
  readonly #packed = new Room();
  readonly #fromCache = new Room();

  constructor(
    private readonly family: ModelFamily,
    private readonly openSource: () => Promise<TensorSource>,
    private readonly options: LoadOptions,
  ) {}

  /** File order, so that every file is read front to back; the family's order when all is cached. */
  async inReadingOrder(requests: readonly WeightRequest[]): Promise<readonly WeightRequest[]> {
    const { cache } = this.options;
    if (cache && cacheKeys(requests).every((key) => cache.has(key))) return requests;
    const { stored } = await this.#open();
    const missing = requests.filter(({ name }) => !stored.has(name));
    if (missing.length > 0) {
      const some = missing
        .slice(0, 3)
        .map(({ name }) => name)
        .join(", ");
      throw new CheckpointError(
        "The checkpoint is incomplete",
        `${missing.length} of ${requests.length} tensors are missing: ${some}${missing.length > 3 ? ", ..." : ""}`,
        "Choose a complete checkpoint of this model",
      );
    }
    for (const request of requests) checkShape(request, stored.get(request.name) as StoredTensor);
    const place = ({ name }: WeightRequest) => stored.get(name) as StoredTensor;
    return [...requests].sort((a, b) => place(a).file - place(b).file || place(a).offset - place(b).offset);
  }

  async vector(request: TensorRequest): Promise<Tensor> {
    const size = request.shape.reduce((a, b) => a * b, 1);
    const bytes = await this.#cached(request.name, size * 4, async () => {
      const values = await this.#rows(request.name, 0, request.shape[0] ?? 1, this.#values.ofAtLeast(size * 4));
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    });
    return keep(deviceTensor(new Float32Array(bytes.buffer, bytes.byteOffset, size), request.shape));
  }

  async matrix(request: MatrixRequest): Promise<Matrix> {
    const { precision, maxBindingBytes } = this.options;
    const format = formatOf(request, precision);
    const { rows, columns, convertRow } = request;
    const group = precision.groupSize;
    const writer = new MatrixWriter({ rows, columns }, format, group, { ...(maxBindingBytes && { maxBindingBytes }) });
    try {
      for (const { first, count } of chunksOf(request)) {
        const { wordBytes, scaleBytes } = packedSizes(count, columns, format, group);
        const bytes = await this.#cached(keyOf(request, first), wordBytes + scaleBytes, async () => {
          const stored = await this.#rows(request.name, first, count, this.#values.ofAtLeast(count * columns * 4));
          const started = performance.now();
          const values = convertRow ? convertRows(stored, count, columns, convertRow) : stored;
          const packed = this.#packed.ofAtLeast(wordBytes + scaleBytes);
          packRows(values, count, columns, format, group, packed);
          this.clock.quantizeMs += performance.now() - started;
          return new Uint8Array(packed, 0, wordBytes + scaleBytes);
        });
        const started = performance.now();
        const words = new Int32Array(bytes.buffer, bytes.byteOffset, wordBytes / 4);
        const scales = scaleBytes > 0 ? new Float32Array(bytes.buffer, bytes.byteOffset + wordBytes, scaleBytes / 4) : undefined;
        writer.writePacked(first, count, words, scales);
        this.#undrained += bytes.length;
        if (this.#undrained > bytesBetweenDrains) {
          this.#undrained = 0;
          await this.options.drain?.();
        }
        this.clock.uploadMs += performance.now() - started;
      }
      return writer.finish();
    } catch (error) {
      writer.dispose();
      throw error;
    }
  }

  /** A piece from the cache, or made and put there. Always at an offset of its buffer that is a multiple of four. */
  async #cached(key: string, size: number, make: () => Promise<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>> {
    const { cache, signal, gate, onLoaded } = this.options;
    await gate?.();
    signal?.throwIfAborted();
    if (cache?.has(key)) {
      const started = performance.now();
      const found = await cache.read(key, this.#fromCache.ofAtLeast(size));
      this.clock.cacheMs += performance.now() - started;
      if (found?.length === size) {
        onLoaded?.(size, true);
        return found.byteOffset % 4 === 0 ? (found as Uint8Array<ArrayBuffer>) : found.slice();
      }
    }
    const bytes = await make();
    if (cache) {
      const started = performance.now();
      await cache.write(key, bytes);
      this.clock.cacheMs += performance.now() - started;
    }
    onLoaded?.(size, false);
    return bytes;
  }

  async #rows(name: string, first: number, count: number, into?: ArrayBuffer): Promise<Float32Array<ArrayBuffer>> {
    const { source, stored } = await this.#open();
    const place = stored.get(name);
    if (!place) throw new CheckpointError("The checkpoint is incomplete", `${name} is missing`, "Choose a complete checkpoint");
    const started = performance.now();
    const values = await source.rows(place.name, first, count, into);
    this.clock.sourceMs += performance.now() - started;
    // NaN and infinity survive a sum, so one pass without branches finds them.
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += (values[i] as number) * 0;
    if (sum !== 0) {
      throw new CheckpointError("The checkpoint is damaged", `${name} has weights that are no numbers`, "Get the file again");
    }
    return values;
  }

  #open() {
    this.#source ??= this.openSource().then((source) => ({
      source,
      stored: new Map([...source.tensors.values()].map((found) => [this.family.canonicalName(found.name), found] as const)),
    }));
    return this.#source;
  }
}

/** Memory that is used again and grows when it has to. */
class Room {
  #buffer = new ArrayBuffer(0);

  ofAtLeast(bytes: number): ArrayBuffer {
    if (this.#buffer.byteLength < bytes) this.#buffer = new ArrayBuffer(bytes);
    return this.#buffer;
  }
}

function checkShape(request: WeightRequest, { shape }: StoredTensor): void {
  const expected = storedShape(request);
  if (shape.join() === expected.join()) return;
  throw new CheckpointError(
    "The checkpoint does not fit its config.json",
    `${request.name} is [${shape.join(", ")}] but should be [${expected.join(", ")}]`,
    "Choose a folder whose files belong together",
  );
}

function convertRows(
  stored: Float32Array,
  count: number,
  columns: number,
  convertRow: (row: Float32Array) => Float32Array,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count * columns);
  const width = stored.length / count;
  for (let row = 0; row < count; row++) values.set(convertRow(stored.subarray(row * width, (row + 1) * width)), row * columns);
  return values;
}

/** Bytes on the device of everything that is asked for. */
export function weightBytes(requests: readonly WeightRequest[], precision: Precision): number {
  return requests.reduce((sum, request) => sum + requestBytes(request, precision), 0);
}

/** Bytes on the device of one request. */
export function requestBytes(request: WeightRequest, precision: Precision): number {
  if (request.kind === "tensor") return request.shape.reduce((a, b) => a * b, 4);
  return storedBytes({ rows: request.rows, columns: request.columns }, formatOf(request, precision), precision.groupSize);
}
