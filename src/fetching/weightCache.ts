// Quantised weights of one model, kept between visits: `models/<id>/weights.bin` holds the bytes, `journal.jsonl` says what they
// are (cacheJournal.ts). A chunk's bytes are flushed before its line is written and checked against its hash whenever it is read,
// so nothing half-written is ever used. The small files of the checkpoint are chunks too: a second load needs no network.
// What is in a chunk is the loader's business.

import { UserError } from "@/lib/errors";
import { CacheBusyError, type CacheDirectory, type CacheFile } from "./cacheFiles";
import {
  absentKey,
  type CacheMeta,
  type ChunkRecord,
  cacheVersion,
  fileKey,
  isComplete,
  type JournalLine,
  journalLine,
  journalName,
  readJournal,
  weightChunks,
  weightKey,
  weightsName,
} from "./cacheJournal";
import { sha256 } from "./sha256";

/** The clock, and where the cache says what went wrong; the load goes on in every case. */
export interface CacheContext {
  /** Milliseconds since 1970. */
  now(): number;
  /** A sentence for the user. */
  onProblem(text: string): void;
}

/** An open cached model; nobody else can open it until `close`. */
export interface WeightCache {
  /** True when the chunk is recorded (its bytes are checked by `read`). */
  has(key: string): boolean;
  /**
   * The chunk's bytes; undefined when it was never written or no longer matches its hash, and then it is to be written again.
   * @param into Where they may be put instead of a new buffer; the result lasts until it is used again.
   */
  read(key: string, into?: ArrayBuffer): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Keeps a chunk (`bytes` may change once the promise settles); false when there is no room or the file system failed. */
  write(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean>;
  /** Keeps a small file of the checkpoint; null says that the checkpoint has no such file. */
  putFile(name: string, bytes: Uint8Array<ArrayBuffer> | null): Promise<boolean>;
  /** A small file; null when the checkpoint is known to have none of this name, undefined when nothing is known. */
  getFile(name: string): Promise<Uint8Array<ArrayBuffer> | null | undefined>;
  /** Says how many weight chunks the whole model has; call it when the last one was written. */
  markComplete(totalChunks: number): void;
  /** True when every weight chunk is recorded. */
  readonly complete: boolean;
  /** Bytes of the recorded weight chunks. */
  readonly weightBytes: number;
  /** Bytes the model takes in the file system. */
  readonly bytes: number;
  /** Closes the files; later calls find nothing and keep nothing. */
  close(): void;
}

/** The file system does not let the cache be opened. */
export class CacheClosedError extends UserError {
  override readonly name = "CacheClosedError";
}

/** What is wrong with the file system, in words. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const full = (error instanceof Error && error.name === "QuotaExceededError") || /ENOSPC|EDQUOT/.test(message);
  return full ? "the browser grants no more space" : message;
}

/**
 * Opens or makes the cache of model `id` under `root`, cutting what a crash left unfinished.
 * @throws {CacheBusyError} while another tab has it open: load without a cache then.
 * @throws {CacheClosedError} when the file system fails: the same.
 */
export async function openWeightCache(
  root: CacheDirectory,
  id: string,
  meta: CacheMeta,
  context: CacheContext,
): Promise<WeightCache> {
  const opened: CacheFile[] = [];
  try {
    const models = await root.folder("models", true);
    const folder = await models?.folder(id, true);
    if (!folder) throw new Error(`the folder models/${id} could not be made`);
    const open = async (name: string) => {
      const file = await folder.open(name);
      opened.push(file);
      return file;
    };
    return new OpenCache(await open(weightsName), await open(journalName), meta, context);
  } catch (error) {
    for (const file of opened) file.close();
    if (error instanceof CacheBusyError) throw new CacheBusyError(meta.name, { cause: error });
    throw new CacheClosedError(
      `${meta.name} is not cached`,
      reasonOf(error),
      "It runs from memory; delete cached models or free space to change that",
      { cause: error },
    );
  }
}

class OpenCache implements WeightCache {
  readonly #weights: CacheFile;
  readonly #journal: CacheFile;
  readonly #name: string;
  readonly #context: CacheContext;
  readonly #chunks: Map<string, ChunkRecord>;
  /** Room before #end that no record points to. */
  readonly #holes: { offset: number; bytes: number }[] = [];
  #end = 0;
  #total: number | undefined;
  /** Nothing is written any more, because writing failed once. */
  #readOnly = false;
  #damageTold = false;
  #closed = false;

  constructor(weights: CacheFile, journal: CacheFile, meta: CacheMeta, context: CacheContext) {
    this.#weights = weights;
    this.#journal = journal;
    this.#name = meta.name;
    this.#context = context;
    const text = new Uint8Array(journal.size());
    const found = readJournal(text.subarray(0, journal.read(text, 0)), weights.size());
    this.#chunks = found.chunks;
    this.#total = found.total;
    for (const { offset, bytes } of [...found.chunks.values()].sort((a, b) => a.offset - b.offset)) {
      if (offset > this.#end) this.#holes.push({ offset: this.#end, bytes: offset - this.#end });
      this.#end = Math.max(this.#end, offset + bytes);
    }
    if (journal.size() > found.validBytes) journal.truncate(found.validBytes);
    if (weights.size() > this.#end) weights.truncate(this.#end);
    this.#append({ version: cacheVersion, meta, lastUsed: context.now() });
  }

  has(key: string): boolean {
    return this.#chunks.has(weightKey(key));
  }

  read(key: string, into?: ArrayBuffer): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#read(weightKey(key), into);
  }

  write(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    return this.#write(weightKey(key), bytes);
  }

  async putFile(name: string, bytes: Uint8Array<ArrayBuffer> | null): Promise<boolean> {
    const done = await this.#write(bytes ? fileKey(name) : absentKey(name), bytes ?? new Uint8Array(0));
    if (done) this.#drop(bytes ? absentKey(name) : fileKey(name));
    return done;
  }

  async getFile(name: string): Promise<Uint8Array<ArrayBuffer> | null | undefined> {
    return this.#chunks.has(absentKey(name)) ? null : this.#read(fileKey(name));
  }

  markComplete(totalChunks: number): void {
    if (this.#closed || this.#total === totalChunks) return;
    if (this.#append({ complete: totalChunks })) this.#total = totalChunks;
  }

  get complete(): boolean {
    return isComplete(this.#chunks, this.#total);
  }

  get weightBytes(): number {
    return weightChunks(this.#chunks).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get bytes(): number {
    return this.#closed ? 0 : this.#weights.size() + this.#journal.size();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#chunks.clear();
    this.#weights.close();
    this.#journal.close();
  }

  async #read(key: string, into?: ArrayBuffer): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const record = this.#chunks.get(key);
    if (!record) return undefined;
    const fits = into && into.byteLength >= record.bytes;
    const bytes = fits ? new Uint8Array(into, 0, record.bytes) : new Uint8Array(record.bytes);
    if (this.#fill(bytes, record.offset) && (await sha256(bytes)) === record.sha256) return bytes;
    // Somebody may have written it anew while the hash was computed.
    if (this.#chunks.get(key) === record) {
      this.#drop(key);
      if (!this.#damageTold) {
        this.#damageTold = true;
        this.#context.onProblem(
          `Part of the cached copy of ${this.#name} is damaged: its checksum is wrong. What is damaged is fetched again.`,
        );
      }
    }
    return undefined;
  }

  #fill(bytes: Uint8Array, offset: number): boolean {
    try {
      return this.#weights.read(bytes, offset) === bytes.length;
    } catch {
      // An unreadable sector is damage like any other.
      return false;
    }
  }

  async #write(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    if (this.#closed || this.#readOnly) return false;
    const offset = this.#place(bytes);
    if (offset === undefined) return false;
    const hash = await sha256(bytes);
    if (this.#closed) return false;
    const old = this.#chunks.get(key);
    const record = { key, offset, bytes: bytes.length, sha256: hash };
    if (!this.#append(record)) return false;
    this.#chunks.set(key, record);
    if (old) this.#release(old);
    return true;
  }

  /** Writes and flushes the bytes where there is room; undefined when that failed. */
  #place(bytes: Uint8Array): number | undefined {
    const hole = this.#holes.find((room) => room.bytes >= bytes.length);
    const offset = hole?.offset ?? this.#end;
    try {
      this.#weights.write(bytes, offset);
      this.#weights.flush();
    } catch (error) {
      this.#stopWriting(error);
      return undefined;
    }
    if (hole) {
      hole.offset += bytes.length;
      hole.bytes -= bytes.length;
    } else this.#end += bytes.length;
    return offset;
  }

  #release({ offset, bytes }: ChunkRecord): void {
    if (bytes > 0) this.#holes.push({ offset, bytes });
  }

  #drop(key: string): void {
    const record = this.#chunks.get(key);
    if (!record) return;
    this.#chunks.delete(key);
    // Its room may be used again only when the journal no longer points there.
    if (this.#append({ drop: key })) this.#release(record);
  }

  /** Adds a line to the journal; false when it could not be written, and then nothing is written from now on. */
  #append(line: JournalLine): boolean {
    if (this.#closed || this.#readOnly) return false;
    const before = this.#journal.size();
    try {
      this.#journal.write(journalLine(line), before);
      this.#journal.flush();
      return true;
    } catch (error) {
      this.#stopWriting(error, before);
      return false;
    }
  }

  /** Takes back a half-done write and tells the user, once. */
  #stopWriting(error: unknown, journalBytes = this.#journal.size()): void {
    this.#readOnly = true;
    try {
      this.#weights.truncate(this.#end);
      this.#journal.truncate(journalBytes);
    } catch {
      // The next opening cuts it.
    }
    this.#context.onProblem(
      `The rest of ${this.#name} is not cached: ${reasonOf(error)}. It runs from memory; delete other cached models to keep it whole.`,
    );
  }
}
