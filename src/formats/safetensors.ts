// The safetensors file format, read and written: u64 header length, JSON header, tensor bytes. A file comes from anywhere, so
// every check of the reference reader is here and each has a name. `parseSafetensorsHeader` needs only the head of a file, so
// weights can be streamed by range (safetensorsSource.ts); `readSafetensors` takes a whole file. Sharded models are not handled
// here (hfCheckpoint.ts).
// https://github.com/huggingface/safetensors
import { UserError } from "@/lib/errors";
import { findDuplicateKey } from "./duplicateKey";
import { toFloat32 } from "./toFloat32";

// biome-ignore format: a table
const bitsOf = {
  BOOL: 8, F4: 4, F6_E2M3: 6, F6_E3M2: 6, U8: 8, I8: 8, F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8,
  I16: 16, U16: 16, F16: 16, BF16: 16, I32: 32, U32: 32, F32: 32, C64: 64, F64: 64, I64: 64, U64: 64,
} as const;

/** Element types of the format. */
export type SafetensorsDtype = keyof typeof bitsOf;

/** One tensor of a file; `begin` and `end` are byte offsets into the data part. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A validated header. */
export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  /** In order of their bytes in the file. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Where the data part starts in the file. */
  readonly dataStart: number;
}

/** Names of the checks a file can fail. */
// biome-ignore format: a list
export type SafetensorsCheck =
  | "otherFormat" | "tooShort" | "headerTooLarge" | "headerCutOff" | "notUtf8" | "notJson" | "duplicateKey" | "badMetadata" | "tooManyTensors"
  | "badName" | "badEntry" | "unknownDtype" | "badShape" | "badOffsets" | "sizeMismatch" | "notContiguous" | "wrongFileSize" | "shortRead";

/** A file that is no valid safetensors file; `check` names what it failed, `file` the file where it is one of several. */
export class SafetensorsError extends UserError {
  override readonly name = "SafetensorsError";
  constructor(
    readonly check: SafetensorsCheck,
    readonly reason: string,
    readonly file?: string,
  ) {
    const which = file === undefined ? "The weights file" : `The weights file ${file}`;
    super(`${which} is damaged`, reason, "Download it again, or choose another file");
  }
}

const maxHeaderBytes = 100_000_000;
const maxTensors = 100_000;
const maxRank = 8;
const maxNameLength = 1024;

function quote(name: string): string {
  return `"${name.length > 80 ? `${name.slice(0, 80)}…` : name}"`;
}

/** What people take for weights but is not: the first bytes tell, and "damaged header" would send them the wrong way. */
const foreignStarts: readonly (readonly [start: string, what: string])[] = [
  ["version https://git-lfs", "a Git LFS pointer, not the file it points to"],
  ["PK\x03\x04", "a PyTorch or zip file, not safetensors"],
  ["\x80\x02", "a pickled PyTorch file, not safetensors"],
  ["GGUF", "a GGUF file, not safetensors"],
  ["<!DOCTYPE", "a web page, not safetensors"],
  ["<html", "a web page, not safetensors"],
];

function foreignFormat(start: Uint8Array): string | undefined {
  const text = String.fromCharCode(...start.subarray(0, 32));
  // A valid file has its header's "{" after the length, which none of these has: a length may look like anything.
  if (text[8] === "{") return undefined;
  return foreignStarts.find(([known]) => text.startsWith(known))?.[1];
}

/** Length of a file's JSON header, from its first 8 bytes; the header ends at 8 + this. Throws SafetensorsError. */
export function readHeaderLength(start: Uint8Array, fileSizeBytes: number): number {
  if (start.length < 8 || fileSizeBytes < 8) throw new SafetensorsError("tooShort", `it has only ${fileSizeBytes} bytes`);
  const foreign = foreignFormat(start);
  if (foreign) throw new SafetensorsError("otherFormat", `it is ${foreign}`);
  const length = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes)) throw new SafetensorsError("headerTooLarge", `its header claims ${length} bytes`);
  if (Number(length) + 8 > fileSizeBytes) throw new SafetensorsError("headerCutOff", "it ends inside its header");
  return Number(length);
}

function parseJson(bytes: Uint8Array): Map<string, unknown> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SafetensorsError("notUtf8", "its header is not UTF-8 text");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SafetensorsError("notJson", "its header is not JSON");
  }
  if (!text.startsWith("{") || typeof value !== "object" || value === null)
    throw new SafetensorsError("notJson", "its header is not a JSON object");
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) throw new SafetensorsError("duplicateKey", `its header has ${quote(duplicate)} twice`);
  return new Map(Object.entries(value));
}

function isSafeCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Σ bytes of a tensor, or undefined when it is no whole number of bytes or not a safe integer. */
function byteLength(dtype: SafetensorsDtype, shape: readonly number[]): number | undefined {
  let bits = BigInt(bitsOf[dtype]);
  for (const size of shape) bits *= BigInt(size);
  const bytes = bits / 8n;
  return bits % 8n === 0n && bytes <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(bytes) : undefined;
}

function parseEntry(name: string, entry: unknown): TensorInfo {
  if (name.length > maxNameLength) throw new SafetensorsError("badName", `a tensor name has ${name.length} characters`);
  if (typeof entry !== "object" || entry === null) throw new SafetensorsError("badEntry", `${quote(name)} has no description`);
  const fields = new Map<string, unknown>(Object.entries(entry));
  const dtype = fields.get("dtype");
  const shape = fields.get("shape");
  const offsets = fields.get("data_offsets");
  if (typeof dtype !== "string" || !Object.hasOwn(bitsOf, dtype)) {
    throw new SafetensorsError("unknownDtype", `${quote(name)} has the unknown number type ${quote(String(dtype))}`);
  }
  if (!Array.isArray(shape) || shape.length > maxRank || !shape.every(isSafeCount)) {
    throw new SafetensorsError("badShape", `${quote(name)} has an impossible shape`);
  }
  const [begin, end] = Array.isArray(offsets) && offsets.length === 2 ? offsets : [];
  if (!isSafeCount(begin) || !isSafeCount(end) || end < begin)
    throw new SafetensorsError("badOffsets", `${quote(name)} has impossible offsets`);
  const known = dtype as SafetensorsDtype;
  if (byteLength(known, shape) !== end - begin) {
    throw new SafetensorsError(
      "sizeMismatch",
      `${quote(name)} has ${end - begin} bytes, not what its shape and number type need`,
    );
  }
  return { name, dtype: known, shape, begin, end };
}

/**
 * Validates a header. Throws SafetensorsError.
 * @param start The file's first bytes, at least 8 + header length of them.
 */
export function parseSafetensorsHeader(start: Uint8Array, fileSizeBytes: number): SafetensorsHeader {
  const length = readHeaderLength(start, fileSizeBytes);
  const dataStart = 8 + length;
  if (start.length < dataStart) throw new SafetensorsError("headerCutOff", "it ends inside its header");
  const entries = parseJson(start.subarray(8, dataStart));
  const metadata = new Map<string, string>();
  const notes = entries.get("__metadata__") ?? {};
  if (typeof notes !== "object" || Array.isArray(notes)) throw new SafetensorsError("badMetadata", "its notes are no table");
  for (const [key, value] of Object.entries(notes)) {
    if (typeof value !== "string") throw new SafetensorsError("badMetadata", `its note ${quote(key)} is not text`);
    metadata.set(key, value);
  }
  entries.delete("__metadata__");
  if (entries.size > maxTensors) throw new SafetensorsError("tooManyTensors", `it lists ${entries.size} tensors`);
  const list = Array.from(entries, ([name, entry]) => parseEntry(name, entry)).sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const tensor of list) {
    if (tensor.begin !== end)
      throw new SafetensorsError("notContiguous", `${quote(tensor.name)} overlaps another tensor or leaves a hole`);
    end = tensor.end;
  }
  if (dataStart + end !== fileSizeBytes) {
    throw new SafetensorsError("wrongFileSize", `it has ${fileSizeBytes} bytes instead of ${dataStart + end}`);
  }
  return { metadata, tensors: new Map(list.map((tensor) => [tensor.name, tensor])), dataStart };
}

/** A whole file in memory. */
export interface SafetensorsFile extends SafetensorsHeader {
  /** The bytes of one tensor (a view); RangeError when there is no such tensor. */
  bytes(name: string): Uint8Array;
  /** One tensor as float32, converted where its type is another one. */
  float32(name: string): Float32Array<ArrayBuffer>;
}

/** Reads a whole file; throws SafetensorsError. */
export function readSafetensors(file: Uint8Array): SafetensorsFile {
  const header = parseSafetensorsHeader(file, file.length);
  const find = (name: string) => {
    const tensor = header.tensors.get(name);
    if (!tensor) throw new RangeError(`the file has no tensor "${name}"`);
    return tensor;
  };
  const bytes = (name: string) => {
    const { begin, end } = find(name);
    return file.subarray(header.dataStart + begin, header.dataStart + end);
  };
  return { ...header, bytes, float32: (name) => toFloat32(bytes(name), find(name).dtype) };
}

/** One tensor to be written. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** The little-endian bytes, e.g. `new Uint8Array(float32.buffer)`. */
  readonly bytes: Uint8Array;
}

/** Writes a file as the reference does: larger element types first, then by name; header padded to a multiple of 8 bytes. */
export function writeSafetensors(
  tensors: readonly TensorToWrite[],
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array<ArrayBuffer> {
  const ordered = [...tensors].sort(
    (a, b) => bitsOf[b.dtype] - bitsOf[a.dtype] || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  const entries: [string, unknown][] = metadata.size > 0 ? [["__metadata__", Object.fromEntries(metadata)]] : [];
  let end = 0;
  for (const { name, dtype, shape, bytes } of ordered) {
    if (byteLength(dtype, shape) !== bytes.length)
      throw new RangeError(`"${name}" has ${bytes.length} bytes, not those of ${dtype} [${shape}]`);
    entries.push([name, { dtype, shape, data_offsets: [end, end + bytes.length] }]);
    end += bytes.length;
  }
  if (new Set(entries.map(([name]) => name)).size !== entries.length) throw new RangeError("two tensors have one name");
  // Pairs are joined by hand because an object would reorder names that look like numbers.
  const json = `{${entries.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(",")}}`;
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.fill(0x20, 8, 8 + length);
  file.set(text, 8);
  let at = 8 + length;
  for (const { bytes } of ordered) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}
