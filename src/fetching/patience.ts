// When to try again after a failure that may pass: a broken connection, a server in trouble, a server that asks to wait. Six
// tries in a row, each after twice the time; any progress starts the count anew.

import { DownloadError } from "./folder";

/** A failure that may pass. */
export class TemporaryFailure extends Error {
  override readonly name = "TemporaryFailure";
  /**
   * @param why Half a sentence for the user: "the server answered 500".
   * @param delay What the server asked for (`asked`), or the least first delay, in milliseconds.
   */
  constructor(
    readonly why: string,
    readonly delay: { readonly askedMs?: number | undefined; readonly firstMs?: number } = {},
    options?: ErrorOptions,
  ) {
    super(why, options);
  }
}

/** Waits; rejects with the signal's reason when that aborts first. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** `Sleep` on the real clock. */
export const sleep: Sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });

const maxTries = 6;
const longestDelayMs = 60_000;
/** A server that asks for more than this is not waited for. */
const longestAskedMs = 15 * 60_000;

/** `value` of a Retry-After header, in milliseconds from `now`; undefined when it says nothing. */
export function retryAfterMs(value: string | null, now: number): number | undefined {
  if (value === null || value.trim() === "") return undefined;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

export interface PatienceOptions {
  readonly sleep: Sleep;
  readonly signal?: AbortSignal | undefined;
  /** What is being waited for; undefined when it is over. */
  readonly onWaiting?: ((text: string | undefined) => void) | undefined;
}

/** Counts the failures in a row of one file's download. */
export class Patience {
  private failures = 0;

  constructor(
    private readonly file: string,
    private readonly options: PatienceOptions,
  ) {}

  /** Bytes arrived: later failures count from one again. */
  progress(): void {
    this.failures = 0;
  }

  /**
   * Waits before the next try. Rethrows what will not pass; throws DownloadError when it was tried often enough.
   * @param most Failures in a row that are too many.
   */
  async afterFailure(error: unknown, most = maxTries): Promise<void> {
    if (!(error instanceof TemporaryFailure)) throw error;
    const { askedMs, firstMs = 1000 } = error.delay;
    this.failures++;
    if (this.failures >= most || (askedMs ?? 0) > longestAskedMs) {
      const often = this.failures > 1 ? `, ${this.failures} times in a row` : "";
      const why =
        (askedMs ?? 0) > longestAskedMs
          ? `${error.why} and asks to wait ${Math.ceil((askedMs ?? 0) / 60_000)} minutes`
          : `${error.why}${often}`;
      const todo = "Check the connection and load the model again; what was loaded is kept";
      throw new DownloadError(`The model file ${this.file} could not be loaded`, why, todo, { cause: error });
    }
    const ms = askedMs ?? Math.min(firstMs * 2 ** (this.failures - 1), longestDelayMs);
    const seconds = Math.max(1, Math.ceil(ms / 1000));
    this.options.onWaiting?.(
      askedMs === undefined ? `${error.why}; trying again in ${seconds} s` : `the server asked to wait ${seconds} s`,
    );
    try {
      await this.options.sleep(ms, this.options.signal);
    } finally {
      this.options.onWaiting?.(undefined);
    }
  }
}
