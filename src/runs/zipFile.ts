// Zip files part by part: neither side holds the page's thread for long, and a hostile file is stopped soon after its first byte too
// many, whatever sizes it declares. Written here, because streams of fflate declare no sizes, and a reader then has to look for the end
// of a part in its bytes; read by fflate, which is loaded with the first file.

import { crc32 } from "@/lib/crc32";
import { mebibytes, RunDataError } from "./runErrors";

/** A part of a zip file; names are ASCII. */
export interface ZipPart {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/** 16- and 32-bit numbers one after the other, little-endian. */
function header(fields: readonly (readonly [value: number, bytes: 2 | 4])[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [, bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [value, bytes] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}

const zipVersion = 20;
const deflated = 8;
/** 1980-01-01: the same run makes the same file. */
const date = 0x21;

async function deflate(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes.slice()]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The parts as one zip file, compressed where `compress` says so; rejects with RunDataError beyond `limits`. */
export async function writeZip(
  parts: AsyncIterable<ZipPart>,
  compress: (name: string) => boolean,
  limits: Pick<ZipLimits, "parts" | "bytes">,
): Promise<Blob> {
  const pieces: BlobPart[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  let total = 0;
  for await (const { name, bytes } of parts) {
    total += bytes.length;
    if (total > limits.bytes || directory.length >= limits.parts * 2) throw tooLarge(limits);
    const body = compress(name) ? await deflate(bytes) : bytes.slice();
    const label = new TextEncoder().encode(name);
    const common = [
      [zipVersion, 2],
      [0, 2],
      [compress(name) ? deflated : 0, 2],
      [0, 2],
      [date, 2],
      [crc32(bytes), 4],
      [body.length, 4],
      [bytes.length, 4],
      [label.length, 2],
      [0, 2],
    ] as const;
    pieces.push(header([[0x04034b50, 4], ...common]), label, body);
    const rest = [0, 0, 0].map((value) => [value, 2] as const);
    directory.push(header([[0x02014b50, 4], [zipVersion, 2], ...common, ...rest, [0, 4], [offset, 4]]), label);
    offset += 30 + label.length + body.length;
    await pause();
  }
  const count = directory.length / 2;
  const bytes = directory.reduce((sum, { length }) => sum + length, 0);
  const end = header([
    [0x06054b50, 4],
    [0, 4],
    [count, 2],
    [count, 2],
    [bytes, 4],
    [offset, 4],
    [0, 2],
  ]);
  return new Blob([...pieces, ...directory, end], { type: "application/zip" });
}

function tooLarge({ bytes }: Pick<ZipLimits, "parts" | "bytes">): RunDataError {
  const why = `it would pass ${mebibytes(bytes)}, and no larger file can be imported`;
  return new RunDataError("The run was not exported", why, "Delete old checkpoints of it first");
}

/** Limits of a file that is read. */
export interface ZipLimits {
  /** Most bytes of a part of this name; undefined where a file may not have such a part. */
  readonly ofPart: (name: string) => number | undefined;
  readonly parts: number;
  /** All parts unpacked. */
  readonly bytes: number;
}

/** Compressed bytes read at a time: deflate makes at most a thousand times as many of them. */
const readBytes = 2 ** 16;

/** The parts of a zip file by name; rejects with RunDataError when it is damaged or passes a limit. */
export async function readZip(file: Blob, limits: ZipLimits): Promise<ReadonlyMap<string, Uint8Array>> {
  const { Unzip, UnzipInflate } = await import("fflate");
  const parts = new Map<string, Uint8Array>();
  let failure: unknown = null;
  let seen = 0;
  let left = limits.bytes;
  let open = 0;
  const unzip = new Unzip((part) => {
    const limit = limits.ofPart(part.name);
    seen++;
    if (limit === undefined) throw refused(`it holds "${part.name.slice(0, 60)}", which no run has`);
    if (parts.has(part.name)) throw refused(`it holds ${part.name} twice`);
    if (seen > limits.parts) throw refused(`it holds more than ${limits.parts} parts`);
    parts.set(part.name, new Uint8Array());
    const pieces: Uint8Array[] = [];
    let size = 0;
    open++;
    part.ondata = (error, piece, isLast) => {
      if (error) {
        failure ??= error;
        return;
      }
      size += piece.length;
      left -= piece.length;
      if (size > limit || left < 0) {
        failure ??= refused(`${part.name} is larger than a run's may be`);
        part.terminate();
        return;
      }
      pieces.push(piece.slice());
      if (isLast) {
        open--;
        parts.set(part.name, joined(pieces, size));
      }
    };
    part.start();
  });
  unzip.register(UnzipInflate);
  try {
    for (let at = 0; at === 0 || at < file.size; at += readBytes) {
      const piece = new Uint8Array(await file.slice(at, at + readBytes).arrayBuffer());
      unzip.push(piece, at + readBytes >= file.size);
      if (failure) throw failure;
      if (at % 2 ** 20 === 0) await pause();
    }
  } catch (error) {
    throw error instanceof RunDataError ? error : refused("it is damaged, or no run's file", error);
  }
  if (parts.size === 0 || open > 0) throw refused("it is damaged, or no run's file");
  return parts;
}

/** Why a file is not read. */
export function refused(why: string, cause?: unknown): RunDataError {
  return new RunDataError("The file was not imported", why, "Choose a file that Export has saved", { cause });
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
