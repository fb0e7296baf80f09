// What the page knows of stored runs: their entries, which one is open, which are pinned for comparison, and the room they take. Not
// undoable and not in the address; the runs themselves are in the database (runsStorage.ts), their metrics in SeriesBuffers.

import { create } from "zustand";
import type { RunInfo } from "@/protocol/runs";
import type { TrainSettings } from "@/protocol/training";

/** Runs that can be compared at a time: more lines than that are no chart. */
export const mostSelected = 5;

/** The metric that a list of runs shows. */
export const accuracyKey = "reward/accuracy";

/** The run that Step and Play go on with. */
export interface OpenRun {
  readonly id: string;
  /** Its settings when it was opened, and the knobs of that moment: knobs turned since then change the run, the others do not. */
  readonly settings: TrainSettings;
  readonly knobs: TrainSettings;
}

/** Runs of two methods with the same seed and budget. */
export interface RunPair {
  readonly steps: number;
  /** What trains now, and what is still to come. */
  readonly now: string;
  readonly next: string | null;
}

interface RunsState {
  /** The newest first; null until they have been read. */
  readonly runs: readonly RunInfo[] | null;
  /** Rollout accuracy of each run's newest step, by id. */
  readonly accuracies: Readonly<Record<string, number>>;
  /** Ids of runs that cannot be read. */
  readonly damaged: readonly string[];
  /** Why there are none, where the browser stores nothing. */
  readonly unavailable: string | null;
  readonly open: OpenRun | null;
  /** Pinned for comparison, in the order of pinning. */
  readonly selectedRuns: readonly string[];
  /** The pinned run that the others are compared with; null for none. */
  readonly baseline: string | null;
  /** The stored run whose rollouts are looked at; null for the one in the page. */
  readonly rolloutsOf: string | null;
  /** Two runs that are taken one after the other, while they are. */
  readonly pair: RunPair | null;
  /** Runs that train now, here or in another tab. */
  readonly training: ReadonlySet<string>;
  /** The run that the page was closed on; null once it was continued or dismissed. */
  readonly interrupted: RunInfo | null;
  readonly usage: StorageEstimate;
  /** Bytes for which there was no room; null while there is. */
  readonly neededBytes: number | null;
  set(values: Partial<Omit<RunsState, "set" | "putRun" | "toggleSelected" | "setBaseline">>): void;
  /** Replaces one entry, or adds it as the newest. */
  putRun(run: RunInfo): void;
  /** Pins a run or lets it go; the oldest pin makes way for a sixth. */
  toggleSelected(id: string): void;
  /** Makes a run the baseline, which pins it; null leaves none. */
  setBaseline(id: string | null): void;
}

/** The store of runs; use it with a selector. */
export const useRuns = create<RunsState>()((set) => ({
  runs: null,
  accuracies: {},
  damaged: [],
  unavailable: null,
  open: null,
  selectedRuns: [],
  baseline: null,
  rolloutsOf: null,
  pair: null,
  training: new Set(),
  interrupted: null,
  usage: {},
  neededBytes: null,
  set: (values) => set(values),
  putRun: (run) =>
    set(({ runs }) => {
      const known = runs ?? [];
      const isKnown = known.some(({ id }) => id === run.id);
      return { runs: isKnown ? known.map((one) => (one.id === run.id ? run : one)) : [run, ...known] };
    }),
  toggleSelected: (id) =>
    set(({ selectedRuns, baseline }) => {
      const next = selectedRuns.includes(id) ? selectedRuns.filter((one) => one !== id) : withPin(selectedRuns, id);
      return { selectedRuns: next, baseline: baseline !== null && next.includes(baseline) ? baseline : null };
    }),
  setBaseline: (id) =>
    set(({ selectedRuns }) => ({
      baseline: id,
      ...(id === null || selectedRuns.includes(id) ? {} : { selectedRuns: withPin(selectedRuns, id) }),
    })),
}));

function withPin(pinned: readonly string[], id: string): readonly string[] {
  return [...pinned, id].slice(-mostSelected);
}
