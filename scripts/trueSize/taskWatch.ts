// The longest task of a page's main thread, from Chromium's own trace: time on the wall, which on a busy machine includes time that
// other programs had the processor, and time that the thread itself worked.

import type { CDPSession, Page } from "@playwright/test";

/** The longest of all tasks; the two maxima may belong to different ones. */
export interface LongestTask {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly count: number;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Traces the tasks of a page. */
export class TaskWatch {
  private constructor(private readonly session: CDPSession) {}

  static async open(page: Page): Promise<TaskWatch> {
    return new TaskWatch(await page.context().newCDPSession(page));
  }

  async start(): Promise<void> {
    await this.session.send("Tracing.start", {
      transferMode: "ReturnAsStream",
      traceConfig: { includedCategories: ["toplevel", "__metadata"], excludedCategories: ["*"] },
    });
  }

  async stop(): Promise<LongestTask> {
    const complete = new Promise<string | undefined>((resolve) => {
      this.session.once("Tracing.tracingComplete", ({ stream }) => resolve(stream));
    });
    await this.session.send("Tracing.end");
    const { traceEvents } = JSON.parse(await this.#read(await complete)) as { traceEvents?: TraceEvent[] };
    if (!traceEvents) throw new Error("the browser gave no trace");
    const main = new Set(
      traceEvents.flatMap(({ name, args, pid, tid }) =>
        name === "thread_name" && args?.name === "CrRendererMain" ? [`${pid}/${tid}`] : [],
      ),
    );
    const tasks = traceEvents.filter(
      ({ name, ph, pid, tid }) => ph === "X" && name.endsWith("RunTask") && main.has(`${pid}/${tid}`),
    );
    const longest = (of: (event: TraceEvent) => number | undefined) =>
      tasks.reduce((most, event) => Math.max(most, (of(event) ?? 0) / 1000), 0);
    return { wallMs: longest(({ dur }) => dur), cpuMs: longest(({ tdur }) => tdur), count: tasks.length };
  }

  async #read(handle: string | undefined): Promise<string> {
    if (handle === undefined) return "{}";
    let text = "";
    for (;;) {
      const { data, eof, base64Encoded } = await this.session.send("IO.read", { handle });
      text += base64Encoded ? Buffer.from(data, "base64").toString("utf8") : data;
      if (eof) return text;
    }
  }
}
