// One tab at a time: a Web Lock named after what must not be done twice, held while it is done; for a run, while it trains. Browsers
// free it when the tab goes, however it goes, so a lock that is held means that the run really trains.

import { RunBusyError } from "./runErrors";

const prefix = "vppo-playground.run:";

/** Runs `job` while holding a lock of all tabs; throws `busy()` when another tab has it. Without Web Locks nothing is held. */
export async function withTabLock<T>(
  locks: LockManager | undefined,
  name: string,
  job: () => Promise<T>,
  { busy }: { readonly busy: () => Error },
): Promise<T> {
  if (!locks) return job();
  return locks.request(name, { ifAvailable: true }, (lock) => {
    if (!lock) throw busy();
    return job();
  });
}

/** Runs `job` while holding the run's lock; rejects with RunBusyError when another tab has it. */
export function withRunLock<T>(locks: LockManager | undefined, run: string, job: () => Promise<T>): Promise<T> {
  return withTabLock(locks, prefix + run, job, { busy: () => new RunBusyError("it trains in another tab of this page") });
}

/** Ids of the runs that train now, in any tab. */
export async function trainingRuns(locks: LockManager | undefined): Promise<ReadonlySet<string>> {
  const { held = [] } = locks ? await locks.query() : {};
  return new Set(held.flatMap(({ name }) => (name?.startsWith(prefix) ? [name.slice(prefix.length)] : [])));
}
