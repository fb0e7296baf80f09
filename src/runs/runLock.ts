// One trainer per run across all tabs of the page: a Web Lock named after the run, held while it trains. Browsers free it when the tab
// goes, however it goes, so a lock that is held means that the run really trains.

import { RunBusyError } from "./runErrors";

const prefix = "vppo-playground.run:";

/** Runs `job` while holding the run's lock; rejects with RunBusyError when another tab has it. Without Web Locks nothing is held. */
export async function withRunLock<T>(locks: LockManager | undefined, run: string, job: () => Promise<T>): Promise<T> {
  if (!locks) return job();
  return locks.request(prefix + run, { ifAvailable: true }, (lock) => {
    if (!lock) throw new RunBusyError("it trains in another tab of this page");
    return job();
  });
}

/** Ids of the runs that train now, in any tab. */
export async function trainingRuns(locks: LockManager | undefined): Promise<ReadonlySet<string>> {
  const { held = [] } = locks ? await locks.query() : {};
  return new Set(held.flatMap(({ name }) => (name?.startsWith(prefix) ? [name.slice(prefix.length)] : [])));
}
