// How the charts of runs are looked at: smoothing, axis, steps, names, hidden lines, the run under the pointer. Shared by the Charts and Runs
// tabs and kept while one changes tabs; neither undoable nor in the address.

import { create } from "zustand";

interface RunsViewState {
  /** Weight of the moving average; 0 is off. */
  readonly smoothing: number;
  readonly isLog: boolean;
  readonly asTable: boolean;
  readonly showsMore: boolean;
  /** Whether search and steps are shown. */
  readonly showsTools: boolean;
  /** Part of the names of the charts to show; empty shows all. */
  readonly search: string;
  /** Steps to show; null shows the whole run. */
  readonly zoom: readonly [first: number, last: number] | null;
  /** Lines that are switched off, by run. */
  readonly hidden: ReadonlySet<string>;
  /** The run that stands out: the one under the pointer or with the focus. */
  readonly emphasis: string | null;
  set(values: Partial<Omit<RunsViewState, "set" | "toggleHidden">>): void;
  toggleHidden(id: string): void;
}

/** The recorded run's id among the lines. It is hidden until it is asked for, because it makes every chart a comparison. */
export const recordedRunId = "baseline";

/** The store; use it with a selector. */
export const useRunsView = create<RunsViewState>()((set) => ({
  smoothing: 0,
  isLog: false,
  asTable: false,
  showsMore: false,
  showsTools: false,
  search: "",
  zoom: null,
  hidden: new Set([recordedRunId]),
  emphasis: null,
  set: (values) => set(values),
  toggleHidden: (id) =>
    set(({ hidden }) => ({ hidden: new Set(hidden.has(id) ? [...hidden].filter((one) => one !== id) : [...hidden, id]) })),
}));
