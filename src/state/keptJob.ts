// What jobs share whose results are kept as they come (evaluations, studies, and in part training): one runs at a time, what is read
// joins what began meanwhile, and trouble with storing is said once. The jobs themselves are `evaluationJob.ts`, `studyRunner.ts` and
// `trainJob.ts`; the databases are `keptDatabase.ts`.

import { useStore } from "./store";

/** Lets one job run at a time. */
export class OneJob {
  #running: Promise<void> | null = null;

  /** The job that runs. */
  get running(): Promise<void> | null {
    return this.#running;
  }

  /** Starts a job unless one runs; resolves with the one that runs. @param ended Called when it has ended, however it did. */
  begin(job: () => Promise<void>, ended?: () => void): Promise<void> {
    this.#running ??= job().finally(() => {
      this.#running = null;
      ended?.();
    });
    return this.#running;
  }
}

/** Takes failures to keep a result, which is still shown and can be saved as a file: the first one is said. */
export function sayOnce(): (error: unknown) => void {
  let said = false;
  return (error) => {
    if (!said) useStore.getState().fail(error);
    said = true;
  };
}

/** Entries that were read behind those that are known, since one may have started meanwhile; the newest first. */
export function withStored<T extends { readonly id: string; readonly createdAt: number }>(
  known: readonly T[] | null,
  stored: readonly T[],
): readonly T[] {
  const own = known ?? [];
  const others = stored.filter(({ id }) => !own.some((one) => one.id === id));
  return [...own, ...others].toSorted((a, b) => b.createdAt - a.createdAt);
}

/** Says that entries cannot be read, if there are any. */
export function tellDamaged(count: number, names: { readonly one: string; readonly many: string }): void {
  if (count === 0) return;
  const them = count === 1 ? `One ${names.one}` : `${count} ${names.many}`;
  useStore.getState().notify("error", `${them} cannot be read: the data is damaged. The others are shown.`);
}
