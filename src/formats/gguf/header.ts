// The head of a GGUF file: metadata and tensor list, read by ranges (a vocabulary alone is several MB; weights are not touched).
// A file comes from anywhere, so every count, length and offset is checked against the file's size before anything is made of
// it. Little-endian versions 2 and 3, whose layout is the same. Weights are made of the bytes in `dequantize`.
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
import type { ByteSource } from "@/formats/byteSource";
import { blockLayouts, type GgmlType, ggmlTypeOf } from "./ggmlTypes";
import { GgufError, quote } from "./ggufError";

/** A metadata value; 64-bit integers beyond 2^53 are rounded. */
export type GgufValue = number | boolean | string | readonly GgufValue[];

/** One tensor of a file. */
export interface GgufTensor {
  readonly name: string;
  readonly type: GgmlType;
  /** Row-major as in PyTorch: the file's dimensions reversed. */
  readonly shape: readonly number[];
  /** Number of weights. */
  readonly size: number;
  /** Position of the first byte in the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** A validated head of a file. */
export interface GgufHeader {
  /** The file's name, for messages. */
  readonly file: string;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** In the order of the file. */
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

const firstRead = 2 ** 20;
const maxHeaderBytes = 100_000_000;
const maxTensors = 100_000;
const maxEntries = 100_000;
const maxItems = 4_000_000;
const maxNameLength = 1024;
const maxDepth = 3;
const maxRank = 4;
const maxAlignment = 65_536;

const arrayType = 9;
const stringType = 8;
// Bytes of a value of each type (arrays: their own head, strings: their length), indexed by the file's number of the type.
const leastBytes: readonly number[] = [1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8];

/** The bytes read so far end inside a value: more must be fetched. */
class NeedsMore extends Error {}

/** Reads values off the front part of a file that is in memory; throws NeedsMore at its end. */
class Cursor {
  at = 0;
  private bytes = new Uint8Array();
  private view = new DataView(this.bytes.buffer);
  private readonly decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  constructor(private readonly source: ByteSource) {}

  /** Fetches more of the file, twice as much as before. */
  async grow(): Promise<void> {
    const begin = this.bytes.length;
    if (begin >= this.source.size) throw this.error("it ends inside its header");
    if (begin >= maxHeaderBytes) throw this.error(`its header is larger than ${maxHeaderBytes / 1e6} MB`);
    const end = Math.min(Math.max(firstRead, 2 * begin), this.source.size, maxHeaderBytes);
    const more = await this.source.read(begin, end);
    if (more.length !== end - begin) throw this.error(`${more.length} bytes came instead of ${end - begin}`);
    const joined = new Uint8Array(end);
    joined.set(this.bytes);
    joined.set(more, begin);
    this.bytes = joined;
    this.view = new DataView(joined.buffer);
  }

  error(why: string, todo?: string): GgufError {
    return new GgufError(this.source.name, why, todo);
  }

  /** Bytes of the file that are not read yet. */
  get remaining(): number {
    return this.source.size - this.at;
  }

  private advance(count: number): number {
    const begin = this.at;
    if (begin + count > this.bytes.length) throw new NeedsMore();
    this.at = begin + count;
    return begin;
  }

  u8 = (): number => this.view.getUint8(this.advance(1));
  i8 = (): number => this.view.getInt8(this.advance(1));
  u16 = (): number => this.view.getUint16(this.advance(2), true);
  i16 = (): number => this.view.getInt16(this.advance(2), true);
  u32 = (): number => this.view.getUint32(this.advance(4), true);
  i32 = (): number => this.view.getInt32(this.advance(4), true);
  f32 = (): number => this.view.getFloat32(this.advance(4), true);
  f64 = (): number => this.view.getFloat64(this.advance(8), true);
  u64 = (): number => Number(this.view.getBigUint64(this.advance(8), true));
  i64 = (): number => Number(this.view.getBigInt64(this.advance(8), true));
  flag = (): boolean => this.u8() !== 0;

  /** A length or count whose items take at least `bytesEach` bytes of what is left of the file. */
  count(what: string, most: number, bytesEach: number): number {
    const count = this.u64();
    if (count > most || count * bytesEach > this.remaining) throw this.error(`it claims ${count} ${what}`);
    return count;
  }

  text(what: string, most = maxHeaderBytes): string {
    const length = this.count(`bytes for ${what}`, most, 1);
    const begin = this.advance(length);
    try {
      return this.decoder.decode(this.bytes.subarray(begin, begin + length));
    } catch {
      throw this.error(`${what} is not UTF-8 text`);
    }
  }
}

function readValue(cursor: Cursor, type: number, key: string, depth: number): GgufValue {
  switch (type) {
    case 0:
      return cursor.u8();
    case 1:
      return cursor.i8();
    case 2:
      return cursor.u16();
    case 3:
      return cursor.i16();
    case 4:
      return cursor.u32();
    case 5:
      return cursor.i32();
    case 6:
      return cursor.f32();
    case 7:
      return cursor.flag();
    case stringType:
      return cursor.text(`the value of ${quote(key)}`);
    case arrayType:
      return readArray(cursor, key, depth + 1);
    case 10:
      return cursor.u64();
    case 11:
      return cursor.i64();
    case 12:
      return cursor.f64();
    default:
      throw cursor.error(`its entry ${quote(key)} has the unknown type ${type}`);
  }
}

function readArray(cursor: Cursor, key: string, depth: number): readonly GgufValue[] {
  if (depth > maxDepth) throw cursor.error(`its entry ${quote(key)} is nested more than ${maxDepth} deep`);
  const type = cursor.u32();
  const bytesEach = leastBytes[type];
  if (bytesEach === undefined) throw cursor.error(`its entry ${quote(key)} has the unknown type ${type}`);
  const count = cursor.count(`items for ${quote(key)}`, maxItems, bytesEach);
  const items: GgufValue[] = [];
  for (let i = 0; i < count; i++) items.push(readValue(cursor, type, key, depth));
  return items;
}

interface TensorEntry {
  readonly name: string;
  readonly type: GgmlType;
  readonly shape: readonly number[];
  readonly size: number;
  /** Relative to the data part. */
  readonly start: number;
  readonly bytes: number;
}

function readTensor(cursor: Cursor): TensorEntry {
  const name = cursor.text("a tensor name", maxNameLength);
  const fail = (why: string) => cursor.error(`its tensor ${quote(name)} ${why}`);
  const rank = cursor.u32();
  if (rank < 1 || rank > maxRank) throw fail(`has ${rank} dimensions`);
  const shape: number[] = [];
  for (let i = 0; i < rank; i++) shape.unshift(cursor.u64());
  const found = ggmlTypeOf(cursor.u32());
  if ("why" in found) throw cursor.error(`its tensor ${quote(name)} ${found.why}`, "Choose a file of another precision");
  const start = cursor.u64();
  let size = 1;
  // A product that leaves the exact integers stays too large, whatever it is multiplied with later: no dimension is zero.
  for (const dimension of shape) size *= dimension;
  if (shape.includes(0) || !Number.isSafeInteger(size)) throw fail(`has the impossible shape [${shape.join(", ")}]`);
  const { weights, bytes } = blockLayouts[found.type];
  if ((shape[rank - 1] as number) % weights !== 0)
    throw fail(`has rows of ${shape[rank - 1]} weights, no whole blocks of ${found.type}`);
  return { name, type: found.type, shape, size, start, bytes: (size / weights) * bytes };
}

function placeTensors(cursor: Cursor, entries: readonly TensorEntry[], alignment: number): Map<string, GgufTensor> {
  const dataStart = Math.ceil(cursor.at / alignment) * alignment;
  const fileBytes = cursor.at + cursor.remaining;
  const tensors = new Map<string, GgufTensor>();
  for (const { start, ...entry } of entries) {
    const { name, bytes } = entry;
    const offset = dataStart + start;
    if (tensors.has(name)) throw cursor.error(`it has two tensors ${quote(name)}`);
    if (start % alignment !== 0)
      throw cursor.error(`its tensor ${quote(name)} does not start at a multiple of ${alignment} bytes`);
    if (!(offset + bytes <= fileBytes))
      throw cursor.error(`its tensor ${quote(name)} lies beyond its end; it has ${fileBytes} bytes`);
    tensors.set(name, { ...entry, offset });
  }
  let previous: GgufTensor | undefined;
  for (const tensor of [...tensors.values()].sort((a, b) => a.offset - b.offset)) {
    if (previous && previous.offset + previous.bytes > tensor.offset) {
      throw cursor.error(`its tensors ${quote(previous.name)} and ${quote(tensor.name)} overlap`);
    }
    previous = tensor;
  }
  return tensors;
}

/** Reads and validates the head of a file, fetching 1 MiB first and then as much as it takes; throws GgufError. */
export async function parseGgufHeader(source: ByteSource): Promise<GgufHeader> {
  const cursor = new Cursor(source);
  /** Reads one item; when the bytes in memory end inside it, fetches more and reads it again. */
  const take = async <T>(read: () => T): Promise<T> => {
    const begin = cursor.at;
    for (;;) {
      try {
        return read();
      } catch (error) {
        if (!(error instanceof NeedsMore)) throw error;
        cursor.at = begin;
        await cursor.grow();
      }
    }
  };

  if ((await take(cursor.u32)) !== 0x46554747) throw cursor.error("it is no GGUF file");
  const version = await take(cursor.u32);
  if (version !== 2 && version !== 3) {
    const isSwapped = version > 0xffff;
    throw cursor.error(
      isSwapped ? "it is a big-endian file; little-endian ones are read" : `it has version ${version}; 2 and 3 are read`,
    );
  }
  // The smallest tensor entry has 8 + 1 + 4 + 8 + 4 + 8 bytes, the smallest metadata entry 8 + 1 + 4 + 1.
  const tensorCount = await take(() => cursor.count("tensors", maxTensors, 33));
  const entryCount = await take(() => cursor.count("metadata entries", maxEntries, 14));
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < entryCount; i++) {
    const [key, value] = await take(() => {
      const name = cursor.text("the name of a metadata entry", maxNameLength);
      return [name, readValue(cursor, cursor.u32(), name, 0)] as const;
    });
    if (metadata.has(key)) throw cursor.error(`it has two metadata entries ${quote(key)}`);
    metadata.set(key, value);
  }
  const entries: TensorEntry[] = [];
  for (let i = 0; i < tensorCount; i++) entries.push(await take(() => readTensor(cursor)));
  const alignment = metadata.get("general.alignment") ?? 32;
  if (
    typeof alignment !== "number" ||
    !(alignment >= 1 && alignment <= maxAlignment) ||
    !Number.isInteger(Math.log2(alignment))
  ) {
    throw cursor.error(`its alignment is ${String(alignment)}, no power of two`);
  }
  return { file: source.name, metadata, tensors: placeTensors(cursor, entries, alignment) };
}
