// The tensors of one or more safetensors files, read by ranges: opening reads headers only, `rows` reads the asked rows only, so
// a checkpoint of any size passes through without being held. Files are validated one by one (safetensors.ts); whether they
// agree with an index is hfCheckpoint.ts' question. Values are not looked at: the loader must refuse what is not finite.
import type { ByteSource } from "./byteSource";
import { CheckpointError } from "./hfCheckpoint";
import { parseSafetensorsHeader, readHeaderLength, SafetensorsError, type SafetensorsHeader } from "./safetensors";
import type { StoredTensor, TensorSource } from "./tensorSource";
import { isPlainDtype, toFloat32 } from "./toFloat32";

/**
 * The header's length, and enough to tell other formats apart. Not more: a file over HTTP is one stream read forwards, and bytes of
 * weights fetched here would have to be fetched again.
 */
const firstReadBytes = 32;

async function readExactly(file: ByteSource, begin: number, end: number, into?: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await file.read(begin, end, into);
  if (bytes.length === end - begin) return bytes;
  throw new SafetensorsError("shortRead", `${bytes.length} bytes came instead of ${end - begin}`, file.name);
}

async function readHeader(file: ByteSource): Promise<SafetensorsHeader> {
  const head = await readExactly(file, 0, Math.min(firstReadBytes, file.size));
  try {
    const headerEnd = 8 + readHeaderLength(head, file.size);
    if (headerEnd <= head.length) return parseSafetensorsHeader(head, file.size);
    const whole = new Uint8Array(headerEnd);
    whole.set(head);
    whole.set(await readExactly(file, head.length, headerEnd), head.length);
    return parseSafetensorsHeader(whole, file.size);
  } catch (error) {
    if (error instanceof SafetensorsError && error.file === undefined) {
      throw new SafetensorsError(error.check, error.reason, file.name);
    }
    throw error;
  }
}

/** Memory for the bytes of one read at a time, used again: large garbage is collected late, and gigabytes pass through here. */
class Scratch {
  #free: ArrayBuffer | undefined;

  /** Runs `read` with room for `size` bytes, which are not to be kept. */
  async use<T>(size: number, read: (room: ArrayBuffer) => Promise<T>): Promise<T> {
    const kept = this.#free;
    // Reads at the same time each have their own.
    this.#free = undefined;
    const room = kept && kept.byteLength >= size ? kept : new ArrayBuffer(size);
    try {
      return await read(room);
    } finally {
      if (room.byteLength <= largestScratch) this.#free = room;
    }
  }
}

/** More than this is not kept between reads. */
const largestScratch = 16 * 1024 * 1024;

/**
 * Opens safetensors files as one set of tensors, in reading order; each file's header is read before the next file is asked for,
 * because a folder over HTTP keeps one stream open. Rejects with SafetensorsError when a file is damaged and with
 * CheckpointError when two files hold a tensor of one name.
 */
export async function openSafetensors(sources: Iterable<ByteSource> | AsyncIterable<ByteSource>): Promise<TensorSource> {
  const files: ByteSource[] = [];
  const headers: SafetensorsHeader[] = [];
  for await (const file of sources) {
    files.push(file);
    headers.push(await readHeader(file));
  }
  const tensors = new Map<string, StoredTensor>();
  const readers = new Map<string, (first: number, count: number, into?: ArrayBuffer) => Promise<Float32Array<ArrayBuffer>>>();
  const scratch = new Scratch();
  headers.forEach((header, file) => {
    const source = files[file] as ByteSource;
    for (const { name, dtype, shape, begin, end } of header.tensors.values()) {
      const other = tensors.get(name);
      if (other) throw new CheckpointError("duplicateTensor", `${name} is in both ${files[other.file]?.name} and ${source.name}`);
      const offset = header.dataStart + begin;
      tensors.set(name, { name, shape, dtype, file, offset, bytes: end - begin });
      const rowCount = shape[0] ?? 1;
      const rowBytes = rowCount === 0 ? 0 : (end - begin) / rowCount;
      readers.set(name, async (first, count, into) => {
        if (
          !(Number.isSafeInteger(first) && Number.isSafeInteger(count) && first >= 0 && count >= 0 && first + count <= rowCount)
        ) {
          throw new RangeError(`rows ${first} to ${first + count} of ${name} do not exist, it has ${rowCount}`);
        }
        if (!isPlainDtype(dtype)) {
          const why = `${name} in ${source.name} holds ${dtype} numbers`;
          throw new CheckpointError("unsupportedType", why, "Choose a checkpoint stored as BF16, F16 or F32, or a GGUF file");
        }
        if (count === 0 || rowBytes === 0) return new Float32Array(0);
        const from = offset + first * rowBytes;
        const size = count * rowBytes;
        return scratch.use(size, async (room) => toFloat32(await readExactly(source, from, from + size, room), dtype, into));
      });
    }
  });
  return {
    tensors,
    rows: async (name, first, count, into) => {
      const read = readers.get(name);
      if (!read) throw new CheckpointError("missingTensor", `it has no tensor ${name}`);
      return read(first, count, into);
    },
  };
}
