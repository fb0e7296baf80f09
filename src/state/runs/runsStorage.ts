// The stored runs of this browser as the page reaches them: the same database that the engine's worker writes to.

import { runSender } from "@/runs/runChannel";
import { RunStore } from "@/runs/runStore";

/** A new id for a run. */
export const newRunId = (): string => crypto.randomUUID();

/** Tells the other tabs that runs have changed. */
export const tellRuns = runSender();

/** The page's side of the database. */
export const runStore = new RunStore({
  now: Date.now,
  newId: newRunId,
  estimate: async () => (await navigator.storage?.estimate()) ?? {},
  onFull: (neededBytes) => {
    tellRuns({ type: "full", neededBytes });
  },
});

/** The browser's locks; undefined where it has none. */
export const runLocks = (): LockManager | undefined => (typeof navigator === "undefined" ? undefined : navigator.locks);

/** Asks the browser not to clear runs away when disks fill up; browsers decide, and some ask the user. */
export async function keepStorage(): Promise<void> {
  try {
    if (!(await navigator.storage?.persisted?.())) await navigator.storage?.persist?.();
  } catch {
    // Runs are kept as long as the browser keeps anything.
  }
}
