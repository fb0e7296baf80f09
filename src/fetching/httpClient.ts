// Single requests for files of a model: one try each, with the pause switch, the abort signal and a watch on stalls, and every
// bad answer turned into an error that says what to do. Trying again is the callers' matter (patience.ts).

import { DownloadError } from "./folder";
import { retryAfterMs, type Sleep, sleep, TemporaryFailure } from "./patience";
import type { Gate } from "./pauseGate";

/** What a download needs from outside; everything has a default for a page. */
export interface HttpOptions {
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal | undefined;
  readonly gate?: Gate | undefined;
  /**
   * Bytes of a weight file arrived: the stream's position in the file, the file's size, and bytes that came over the network
   * since the last call.
   */
  readonly onBytes?: ((file: string, position: number, sizeBytes: number, networkBytes: number) => void) | undefined;
  /** What loading waits for; undefined when it goes on. */
  readonly onWaiting?: ((text: string | undefined) => void) | undefined;
  readonly sleep?: Sleep;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** A connection that is silent for so long counts as broken. */
  readonly stallMs?: number;
}

/** Where files are and what answers from there mean. */
export interface Place {
  url(name: string): URL;
  /** Headers for a request to `url`. */
  headers(url: URL): Readonly<Record<string, string>>;
  /** True when a file at its URL can never change. */
  immutable(): boolean;
  /** Looks at every good answer; throws when it belongs to another state of the model. */
  seen(name: string, response: Response): void | Promise<void>;
  /** The reason of a 4xx answer, where the server's headers tell more than the status; undefined when it is just missing. */
  refused(name: string, response: Response): DownloadError | undefined;
}

/** The server does not let us read this file (401, 403). */
export class AccessError extends DownloadError {
  override readonly name = "AccessError";
}

/** Files of two states of a model would be mixed. */
export class ModelChangedError extends DownloadError {
  override readonly name = "ModelChangedError";
  constructor(file: string) {
    super(`The model file ${file} could not be loaded`, "the model changed on the server while it was loading", "Load it again");
  }
}

/** A good answer whose body is read piece by piece. */
export class Answer {
  private readonly next: () => Promise<Uint8Array<ArrayBuffer> | undefined>;

  /** @param reuse One buffer serves all pieces: a piece is valid until the next is asked for. */
  constructor(
    readonly response: Response,
    private readonly stop: AbortController,
    private readonly options: Pick<HttpOptions, "signal" | "stallMs">,
    reuse: boolean,
  ) {
    this.next = response.body ? pieces(response.body, reuse) : async () => undefined;
  }

  /** The next bytes; undefined at the end. Throws TemporaryFailure when the connection breaks or is silent for too long. */
  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const timer = setTimeout(() => this.stop.abort(), this.options.stallMs ?? defaultStallMs);
    try {
      return await this.next();
    } catch (cause) {
      this.options.signal?.throwIfAborted();
      throw new TemporaryFailure(this.stop.signal.aborted ? "the connection is silent" : "the connection broke", {}, { cause });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes the connection; what is still under way is thrown away. */
  close(): void {
    this.stop.abort();
  }
}

/**
 * Reads a body. With one buffer for all pieces (a "bring your own buffer" reader) gigabytes leave no garbage: 3 MB of heap
 * instead of 300 MB in Chromium, which collects buffers late.
 */
function pieces(body: ReadableStream<Uint8Array<ArrayBuffer>>, reuse: boolean) {
  const byteReader = reuse ? byteReaderOf(body) : undefined;
  if (!byteReader) {
    const reader = body.getReader();
    return async () => (await reader.read()).value;
  }
  let buffer = new ArrayBuffer(pieceBytes);
  return async () => {
    const { done, value } = await byteReader.read(new Uint8Array(buffer));
    if (value) buffer = value.buffer;
    return done ? undefined : value;
  };
}

/** Undefined where bodies are no byte streams. */
function byteReaderOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

const pieceBytes = 1 << 20;
const defaultStallMs = 45_000;

/** Sends requests to one place. */
export class HttpClient {
  /** Whether this place has ever answered: an address that never did is given up sooner. */
  answered = false;
  readonly sleep: Sleep;
  private readonly now: () => number;
  private readonly fetchFile: typeof fetch;

  constructor(
    readonly place: Place,
    readonly options: HttpOptions,
  ) {
    this.sleep = options.sleep ?? sleep;
    this.now = options.now ?? Date.now;
    this.fetchFile = options.fetch ?? ((input, init) => fetch(input, init));
  }

  /**
   * One try at a file: an answer with status 200, 206 or 416, or undefined when there is no such file.
   * Throws TemporaryFailure, AccessError or DownloadError.
   * @param begin First byte wanted, to the end of the file; the whole file as an ordinary request when absent.
   */
  async request(name: string, begin?: number): Promise<Answer | undefined> {
    const { signal, gate, stallMs = defaultStallMs } = this.options;
    signal?.throwIfAborted();
    await gate?.wait(signal);
    const url = this.place.url(name);
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), stallMs);
    let response: Response;
    try {
      response = await this.fetchFile(url, {
        headers: { ...this.place.headers(url), ...(begin === undefined ? {} : { Range: `bytes=${begin}-` }) },
        signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
        // Browsers keep 206 answers apart badly, and a redirect to a signed address must not outlive its signature.
        ...(begin === undefined ? {} : { cache: "no-store" as const }),
      });
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof DownloadError) throw cause;
      throw new TemporaryFailure(
        stop.signal.aborted ? "the server did not answer in time" : "the network did not answer",
        {},
        { cause },
      );
    } finally {
      clearTimeout(timer);
    }
    this.answered = true;
    const answer = new Answer(response, stop, this.options, begin !== undefined);
    try {
      if (!this.isFile(name, response)) {
        answer.close();
        return undefined;
      }
      if (response.ok) await this.place.seen(name, response);
      return answer;
    } catch (error) {
      answer.close();
      throw error;
    }
  }

  /** True for a file, false for a missing one; throws for everything else. */
  private isFile(name: string, response: Response): boolean {
    const { status, headers } = response;
    // Servers made for development answer unknown paths with their index page.
    if (response.ok) return !headers.get("content-type")?.startsWith("text/html") || name.endsWith(".html");
    if (status === 416) return true;
    const askedMs = retryAfterMs(headers.get("retry-after"), this.now());
    if (status === 429) throw new TemporaryFailure("the server has had too many requests from here", { askedMs, firstMs: 5000 });
    if (status >= 500 || status === 408) {
      throw new TemporaryFailure(`the server answered ${status}`, status === 503 ? { askedMs } : {});
    }
    const reason = this.place.refused(name, response);
    if (reason) throw reason;
    if (status === 404 || status === 410) return false;
    throw status === 401 || status === 403 ? accessError(name, status) : answeredError(name, `the server answered ${status}`);
  }
}

function accessError(name: string, status: number): AccessError {
  const why = `the server does not let this page read it (${status}): it is private, or its licence has to be accepted first`;
  return new AccessError(
    `The model file ${name} could not be loaded`,
    why,
    "Enter an access token that may read it, or choose another model",
  );
}

function answeredError(name: string, why: string): DownloadError {
  return new DownloadError(`The model file ${name} could not be loaded`, why, "Check the model's address");
}

/** There is no such file. */
export function missingFile(name: string): DownloadError {
  return answeredError(name, "the server has no such file (404)");
}
