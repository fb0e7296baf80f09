// The cache's journal: one JSON line per event, only ever appended to. What the lines say is all the cache knows; a line is
// written after the bytes it speaks of are on the disk. Reading stops believing at the last whole line, so a crash in the middle of
// a write costs that write and nothing else. Pure.

import type { PrecisionChoice } from "@/protocol/model";

/** Layout of the cache's files and of the packed weights in them; a folder with another number is started afresh. */
export const cacheVersion = 1;

/** Names of a cached model's files. */
export const weightsName = "weights.bin";
export const journalName = "journal.jsonl";

/** What a cached model is. */
export interface CacheMeta {
  readonly name: string;
  readonly precision: PrecisionChoice;
  readonly revision?: string;
}

/** Where a chunk lies in `weights.bin`, and the SHA-256 (hex) of its bytes. */
export interface ChunkRecord {
  readonly key: string;
  readonly offset: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** One line: the model (on every opening), a chunk, a chunk that is no longer valid, or how many weight chunks make it whole. */
export type JournalLine =
  | { readonly version: number; readonly meta: CacheMeta; readonly lastUsed: number }
  | ChunkRecord
  | { readonly drop: string }
  | { readonly complete: number };

/** The key under which a small file of the checkpoint is recorded, and the one that says there is none. */
export const fileKey = (name: string): string => `file/${name}`;
export const absentKey = (name: string): string => `absent/${name}`;

/** What a journal adds up to. */
export interface Journal {
  readonly meta?: CacheMeta;
  readonly lastUsed: number;
  readonly chunks: Map<string, ChunkRecord>;
  /** Weight chunks of the whole model; undefined until they were all written once. */
  readonly total?: number;
  /** Bytes up to the end of the last valid line. */
  readonly validBytes: number;
}

const weightPrefix = "weights/";

/** The key under which a weight chunk is recorded (small files have other prefixes). */
export const weightKey = (key: string): string => weightPrefix + key;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isFormat = (value: unknown) => value === "f32" || value === "f16" || value === "int8" || value === "int4";
const isMeta = (value: unknown): value is CacheMeta =>
  isRecord(value) &&
  typeof value.name === "string" &&
  isRecord(value.precision) &&
  [value.precision.text, value.precision.vision, value.precision.head].every(isFormat) &&
  (value.precision.groupSize === 32 || value.precision.groupSize === 64 || value.precision.groupSize === 128) &&
  (value.revision === undefined || typeof value.revision === "string");

function parseLine(text: string): JournalLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const { version, meta, lastUsed, key, offset, bytes, sha256, drop, complete } = value;
  if (typeof drop === "string") return { drop };
  if (isCount(complete)) return { complete };
  if (typeof key === "string" && isCount(offset) && isCount(bytes) && typeof sha256 === "string" && sha256.length === 64) {
    return { key, offset, bytes, sha256 };
  }
  if (isCount(version) && isMeta(meta) && isCount(lastUsed)) return { version, meta, lastUsed };
  return undefined;
}

const emptyJournal = (): Journal => ({ lastUsed: 0, chunks: new Map(), validBytes: 0 });

/**
 * Adds up a journal's lines; records that point beyond `weightBytes` are left out, and damaged lines are skipped (every chunk is
 * checked against its hash when it is read). A journal of another version counts as empty.
 */
export function readJournal(text: Uint8Array, weightBytes: number): Journal {
  let meta: CacheMeta | undefined;
  let lastUsed = 0;
  let total: number | undefined;
  let validBytes = 0;
  const chunks = new Map<string, ChunkRecord>();
  const decoder = new TextDecoder();
  for (let begin = 0; begin < text.length; ) {
    const newline = text.indexOf(10, begin);
    if (newline < 0) break;
    const line = parseLine(decoder.decode(text.subarray(begin, newline)));
    begin = newline + 1;
    if (!line) continue;
    validBytes = begin;
    if ("drop" in line) chunks.delete(line.drop);
    else if ("complete" in line) total = line.complete;
    else if ("key" in line) {
      chunks.delete(line.key);
      if (line.offset + line.bytes <= weightBytes) chunks.set(line.key, line);
    } else {
      if (line.version !== cacheVersion) return emptyJournal();
      meta = line.meta;
      lastUsed = line.lastUsed;
    }
  }
  return { ...(meta && { meta }), lastUsed, chunks, ...(total !== undefined && { total }), validBytes };
}

/** A line as it stands in the file. */
export const journalLine = (line: JournalLine): Uint8Array => new TextEncoder().encode(`${JSON.stringify(line)}\n`);

/** The recorded weight chunks, without the small files. */
export const weightChunks = (chunks: ReadonlyMap<string, ChunkRecord>): ChunkRecord[] =>
  [...chunks.values()].filter(({ key }) => key.startsWith(weightPrefix));

/** True when as many weight chunks are recorded as the whole model has. */
export const isComplete = (chunks: ReadonlyMap<string, ChunkRecord>, total: number | undefined): boolean =>
  total !== undefined && weightChunks(chunks).length >= total;
