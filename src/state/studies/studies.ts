// What the page knows of studies: the recorded ones, one's own, the one that runs, and which is looked at. Not undoable and not in the
// address. Filled by `studyJob.ts`.

import { create } from "zustand";
import type { OwnStudy } from "@/study/ownStudy";
import type { RecordedStudy } from "@/study/recorded";

/** The study that is being carried out. */
export interface RunningStudy {
  readonly id: string;
  /** What is done now: "VPPO, seed 1", or "untrained model". */
  readonly run: string;
  /** "step 3 of 12", "held-out problems"; empty between. */
  readonly stage: string;
  /** Share of the run that is done, in [0, 1]. */
  readonly share: number;
  /** Between the wish to pause and the engine's answer. */
  readonly isStopping: boolean;
}

interface StudiesState {
  /** By plan; null until they have been looked for. */
  readonly recorded: readonly RecordedStudy[] | null;
  /** The newest first; null until they have been read. */
  readonly own: readonly OwnStudy[] | null;
  readonly running: RunningStudy | null;
  /** Why the last one did not go on. */
  readonly problem: string | null;
  /** The one that was deleted last, while that can be taken back. */
  readonly deleted: OwnStudy | null;
  /** Id of the study that is shown, or "recorded:" and a plan; null chooses the first there is. */
  readonly opened: string | null;
  set(values: Partial<Omit<StudiesState, "set" | "put" | "progress">>): void;
  /** Replaces a study of one's own, or adds it as the newest. */
  put(study: OwnStudy): void;
  /** Says how far the running study is; nothing when none runs. */
  progress(values: Partial<Omit<RunningStudy, "id">>): void;
}

/** The store of studies; use it with a selector. */
export const useStudies = create<StudiesState>()((set) => ({
  recorded: null,
  own: null,
  running: null,
  problem: null,
  deleted: null,
  opened: null,
  set: (values) => set(values),
  put: (study) =>
    set(({ own }) => {
      const others = (own ?? []).filter(({ id }) => id !== study.id);
      return { own: [...others, study].toSorted((a, b) => b.createdAt - a.createdAt) };
    }),
  progress: (values) => set(({ running }) => (running ? { running: { ...running, ...values } } : {})),
}));

/** The key of a recorded study in `opened`. */
export function recordedKey(plan: string): string {
  return `recorded:${plan}`;
}
