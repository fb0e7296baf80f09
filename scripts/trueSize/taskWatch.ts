// The longest task of a page's main thread, from Chromium's own trace: time on the wall, which on a busy machine includes time that
// other programs had the processor, and time that the thread itself worked.

import type { Page } from "@playwright/test";

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

/** Traces the tasks of `page`. */
export class TaskWatch {
  constructor(private readonly page: Page) {}

  async start(): Promise<void> {
    await this.page
      .context()
      .browser()
      ?.startTracing(this.page, { categories: ["toplevel", "__metadata"], screenshots: false });
  }

  async stop(): Promise<LongestTask> {
    const trace = await this.page.context().browser()?.stopTracing();
    const { traceEvents } = JSON.parse(trace?.toString() ?? "{}") as { traceEvents?: TraceEvent[] };
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
}
