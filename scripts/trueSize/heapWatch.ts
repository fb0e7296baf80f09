// JavaScript memory of a page and of its worker while something runs: every 200 ms the objects on the heap and the ArrayBuffers
// behind them, asked over the DevTools protocol, so that nothing in the watched code has to help.

import type { CDPSession, Page } from "@playwright/test";

/** Bytes at the worst moment. */
export interface HeapPeak {
  /** Objects and ArrayBuffers together. */
  readonly bytes: number;
  readonly objects: number;
  readonly buffers: number;
  readonly samples: number;
}

interface HeapUsage {
  readonly usedSize: number;
  readonly backingStorageSize?: number;
}

const none: HeapPeak = { bytes: 0, objects: 0, buffers: 0, samples: 0 };

/** Peaks since the last `reset`. */
export class HeapWatch {
  #page = none;
  #worker = none;
  #timer: ReturnType<typeof setInterval> | undefined;
  #workers = new Set<string>();
  #waiting = new Map<number, (usage: HeapUsage) => void>();
  #next = 1;

  private constructor(private readonly session: CDPSession) {}

  /** Watches `page` and the workers it starts from now on. */
  static async open(page: Page): Promise<HeapWatch> {
    const watch = new HeapWatch(await page.context().newCDPSession(page));
    const { session } = watch;
    session.on("Target.attachedToTarget", ({ sessionId, targetInfo }) => {
      if (targetInfo.type === "worker") watch.#workers.add(sessionId);
    });
    session.on("Target.detachedFromTarget", ({ sessionId }) => watch.#workers.delete(sessionId));
    session.on("Target.receivedMessageFromTarget", ({ message }) => {
      const { id, result } = JSON.parse(message) as { id: number; result?: HeapUsage };
      if (result) watch.#waiting.get(id)?.(result);
      watch.#waiting.delete(id);
    });
    await session.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
    watch.#timer = setInterval(() => watch.#sample(), 200);
    return watch;
  }

  reset(): void {
    this.#page = none;
    this.#worker = none;
  }

  get peaks(): { readonly page: HeapPeak; readonly worker: HeapPeak } {
    return { page: this.#page, worker: this.#worker };
  }

  /** Collects garbage in page and worker, so that what is left of one measurement does not count in the next. */
  async collect(): Promise<void> {
    await this.session.send("HeapProfiler.collectGarbage");
    for (const worker of this.#workers) this.#ask(worker, "HeapProfiler.collectGarbage", () => undefined);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    this.session
      .send("Runtime.getHeapUsage")
      .then((usage) => {
        this.#page = higher(this.#page, usage as HeapUsage);
      })
      .catch(() => this.close());
    for (const worker of this.#workers) {
      this.#ask(worker, "Runtime.getHeapUsage", (usage) => {
        this.#worker = higher(this.#worker, usage);
      });
    }
  }

  #ask(sessionId: string, method: string, answer: (usage: HeapUsage) => void): void {
    const id = this.#next++;
    this.#waiting.set(id, answer);
    this.session
      .send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id, method }) })
      .catch(() => undefined);
  }
}

function higher(peak: HeapPeak, { usedSize, backingStorageSize = 0 }: HeapUsage): HeapPeak {
  const bytes = usedSize + backingStorageSize;
  const samples = peak.samples + 1;
  return bytes > peak.bytes ? { bytes, objects: usedSize, buffers: backingStorageSize, samples } : { ...peak, samples };
}
