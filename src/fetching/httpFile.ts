// One weight file over HTTP, read by ranges: a single long request that is read front to back as the reader asks for bytes, so
// the network waits for the GPU (back-pressure) and never more than a few pieces of the body are in memory. A broken connection
// goes on at the byte it had. Nothing is cached or hashed here (weightCache.ts).

import type { ByteSource } from "@/formats/byteSource";
import { DownloadError } from "./folder";
import { AccessError, type Answer, type HttpClient, ModelChangedError, missingFile } from "./httpClient";
import { Patience, TemporaryFailure } from "./patience";

/** A gap up to this long is read and dropped: cheaper than a new request. */
const longestGapBytes = 1 << 20;
/** Where a server sends whole files only, up to so much is read and dropped to reach a byte. */
const longestSkipBytes = 64 << 20;

/** What keeps to one open connection among the files of a folder: browsers allow six per server. */
export interface StreamSlot {
  current: HttpFile | undefined;
}

/** A file at a place. */
export class HttpFile implements ByteSource {
  private sizeBytes: number | undefined;
  private etag: string | undefined;
  private answer: Answer | undefined;
  /** Byte of the file that `rest` starts with. */
  private position = 0;
  /** Where the running answer ends. */
  private answerEnd = 0;
  /** Bytes that arrived and nobody has read yet; a view of the answer's buffer. */
  private rest = new Uint8Array(0);
  private busy = false;
  private refusedOnce = false;
  private queue: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly client: HttpClient,
    private readonly slot: StreamSlot,
    readonly name: string,
  ) {}

  /** Asks for the file; rejects with a UserError that names it when it cannot be had. */
  static async open(client: HttpClient, slot: StreamSlot, name: string): Promise<HttpFile> {
    const file = new HttpFile(client, slot, name);
    await file.withPatience(async () => {
      if (file.sizeBytes === undefined) await file.connect(0);
      return true;
    });
    return file;
  }

  get size(): number {
    return this.sizeBytes ?? 0;
  }

  get version(): string | undefined {
    return this.client.place.immutable() ? undefined : `${this.sizeBytes} bytes, ETag ${this.etag}`;
  }

  /** Bytes [begin, end), in `into` where it is given and large enough; reads wait for each other. */
  read(begin: number, end: number, into?: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> {
    const result = this.queue.then(() => this.readNow(begin, end, into));
    this.queue = result.catch(() => {}); // the reader hears of it; the next read starts afresh
    return result;
  }

  /** Closes the connection unless somebody is reading; the next read opens another. */
  release(): void {
    if (!this.busy) this.disconnect();
  }

  private async readNow(begin: number, end: number, into: ArrayBuffer | undefined): Promise<Uint8Array<ArrayBuffer>> {
    if (!(begin >= 0 && begin <= end && end <= this.size)) {
      throw new RangeError(`bytes ${begin} to ${end} are not inside ${this.name} (${this.size} bytes)`);
    }
    const size = end - begin;
    const bytes = into && into.byteLength >= size ? new Uint8Array(into, 0, size) : new Uint8Array(size);
    let filled = 0;
    await this.withPatience(async () => {
      if (filled < bytes.length) filled += await this.readPart(begin + filled, bytes.subarray(filled));
      return filled === bytes.length;
    });
    return bytes;
  }

  /** Repeats `step` until it returns true, waiting and reconnecting after failures that may pass. */
  private async withPatience(step: () => Promise<boolean>): Promise<void> {
    const { options } = this.client;
    const patience = new Patience(this.name, { ...options, sleep: this.client.sleep });
    this.busy = true;
    try {
      for (;;) {
        try {
          if (await step()) return;
          patience.progress();
        } catch (error) {
          this.disconnect();
          if (error instanceof AccessError && this.sizeBytes !== undefined && !this.refusedOnce) {
            // It was allowed before: the signed address behind a redirect has expired, and asking again gives a fresh one.
            this.refusedOnce = true;
            continue;
          }
          await patience.afterFailure(error, this.client.answered ? undefined : 2);
        }
      }
    } finally {
      this.busy = false;
    }
  }

  /** Fills `target` with bytes from `position` on, as far as one piece reaches; how many, at least one. */
  private async readPart(position: number, target: Uint8Array): Promise<number> {
    const { gate, signal } = this.client.options;
    signal?.throwIfAborted();
    if (gate?.paused) {
      this.disconnect();
      await gate.wait(signal);
    }
    const gap = position - this.position;
    if (!this.answer || gap < 0 || gap > longestGapBytes) await this.connect(position);
    while (this.position < position || this.rest.length === 0) {
      if (this.rest.length === 0) await this.pull();
      this.advance(Math.min(position - this.position, this.rest.length));
    }
    const part = this.rest.subarray(0, target.length);
    target.set(part);
    const count = part.length;
    this.advance(count);
    if (this.position === this.size) await this.finish();
    return count;
  }

  private advance(count: number): void {
    this.rest = this.rest.subarray(count);
    this.position += count;
  }

  /** Reads the next piece of the body into `rest`. */
  private async pull(): Promise<void> {
    const piece = await this.answer?.read();
    if (piece === undefined) {
      if (this.position < this.answerEnd)
        throw new TemporaryFailure("the server sent fewer bytes than it announced (wrong length)");
      // The server sent a smaller part than was asked for, which it may.
      return this.connect(this.position);
    }
    if (this.position + piece.length > this.answerEnd) throw this.tooLong();
    this.rest = piece;
    this.client.options.onBytes?.(this.name, this.position + piece.length, this.size, piece.length);
  }

  /** After the last byte there must be nothing. */
  private async finish(): Promise<void> {
    try {
      const extra = await this.answer?.read();
      if (extra !== undefined && extra.length > 0) throw this.tooLong();
    } catch (error) {
      if (!(error instanceof TemporaryFailure)) throw error; // every byte is here, whatever became of the connection
    }
    this.disconnect();
  }

  private tooLong(): DownloadError {
    const why = "the server sends more bytes than it announced (wrong length)";
    return this.failed(why, "Load it again, or from another address");
  }

  private failed(why: string, todo: string): DownloadError {
    return new DownloadError(`The model file ${this.name} could not be loaded`, why, todo);
  }

  private disconnect(): void {
    this.answer?.close();
    this.answer = undefined;
    this.rest = new Uint8Array(0);
    if (this.slot.current === this) this.slot.current = undefined;
  }

  /** Opens a stream at `begin`, or before it where the server does not serve parts. */
  private async connect(begin: number): Promise<void> {
    this.disconnect();
    this.slot.current?.release();
    const answer = await this.client.request(this.name, begin);
    if (!answer) throw missingFile(this.name);
    try {
      this.accept(answer.response, begin);
    } catch (error) {
      answer.close();
      throw error;
    }
    this.refusedOnce = false;
    this.answer = answer;
    this.slot.current = this;
  }

  /** Takes size and position from an answer's headers. */
  private accept(response: Response, begin: number): void {
    const { status, headers } = response;
    const lengthHeader = headers.get("content-length");
    const length = lengthHeader === null ? undefined : Number(lengthHeader);
    let total: number | undefined;
    if (status === 206) {
      // Not every server lets other origins see Content-Range; Content-Length is always visible, and the part goes to the end.
      const range = parseContentRange(headers.get("content-range"));
      if (range === "damaged" || (range && range.begin !== begin)) {
        throw this.failed(
          "the server sent another part of the file than it was asked for",
          "Load it again, or from another address",
        );
      }
      this.position = begin;
      total = range ? (range.total ?? this.sizeBytes) : length === undefined ? undefined : begin + length;
      this.answerEnd = range ? range.end : (total ?? begin);
    } else if (status === 416) {
      // There is nothing at `begin`: right only for an empty file.
      total = Number(/^bytes \*\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1] ?? 0);
      if (begin > 0 || total > 0) {
        const why = `it was announced with ${this.size} bytes, but the server has no byte ${begin} (wrong length)`;
        throw this.failed(why, "Load it again, or from another address");
      }
    } else {
      this.position = 0;
      total = length ?? this.sizeBytes;
      this.answerEnd = total ?? 0;
    }
    if (total === undefined || !Number.isSafeInteger(total)) {
      throw this.failed(
        "the server does not tell its size",
        "Choose another address, or download the folder and open it from disk",
      );
    }
    const etag = headers.get("etag") ?? undefined;
    const sameTag = etag === undefined || this.etag === undefined || etag === this.etag || this.client.place.immutable();
    if ((this.sizeBytes !== undefined && total !== this.sizeBytes) || !sameTag) throw new ModelChangedError(this.name);
    this.sizeBytes = total;
    this.etag ??= etag;
    if (begin - this.position > longestSkipBytes) {
      const todo = "Choose another address, or download the folder and open it from disk";
      throw this.failed("the server does not serve parts of files, so loading cannot go on in the middle of it", todo);
    }
  }
}

/** "bytes 10-19/100" → begin 10, end 20, total 100; undefined without a header. */
function parseContentRange(
  header: string | null,
): { begin: number; end: number; total: number | undefined } | "damaged" | undefined {
  if (header === null) return undefined;
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(header);
  if (!match) return "damaged";
  const [begin, end, total] = [Number(match[1]), Number(match[2]) + 1, match[3] === "*" ? undefined : Number(match[3])];
  return end <= begin || (total !== undefined && end > total) ? "damaged" : { begin, end, total };
}
