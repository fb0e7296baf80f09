// What the page knows of evaluations: the list, the one that runs, and which are looked at and compared. Not undoable and not in the
// address. Filled by `evaluationJob.ts`.

import { create } from "zustand";
import type { Evaluation } from "./evaluation";

/** The evaluation that is being carried out. */
export interface RunningEvaluation {
  readonly id: string;
  /** Between the wish to stop and the engine's answer. */
  readonly isStopping: boolean;
}

interface EvaluationsState {
  /** The newest first; null until they have been read. */
  readonly evaluations: readonly Evaluation[] | null;
  readonly running: RunningEvaluation | null;
  /** Why the last one did not go on. */
  readonly problem: string | null;
  /** The one that was deleted last, while that can be taken back. */
  readonly deleted: Evaluation | null;
  /** The one whose details are shown. */
  readonly opened: string | null;
  /** The two that are compared. */
  readonly before: string | null;
  readonly after: string | null;
  set(values: Partial<Omit<EvaluationsState, "set" | "put">>): void;
  /** Replaces an evaluation, or adds it as the newest. */
  put(evaluation: Evaluation): void;
}

/** The store of evaluations; use it with a selector. */
export const useEvaluations = create<EvaluationsState>()((set) => ({
  evaluations: null,
  running: null,
  problem: null,
  deleted: null,
  opened: null,
  before: null,
  after: null,
  set: (values) => set(values),
  put: (evaluation) =>
    set(({ evaluations }) => {
      const known = evaluations ?? [];
      const isKnown = known.some(({ id }) => id === evaluation.id);
      const all = isKnown ? known.map((one) => (one.id === evaluation.id ? evaluation : one)) : [evaluation, ...known];
      return { evaluations: all.toSorted((a, b) => b.createdAt - a.createdAt) };
    }),
}));
