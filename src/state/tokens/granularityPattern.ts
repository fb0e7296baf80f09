// The reader's own pattern for parts of the text. It lives as long as the page: a pattern that takes forever must not come back with
// the next visit, and never with a link.

import { create } from "zustand";

interface PatternState {
  readonly source: string;
  setSource(source: string): void;
}

/** The pattern a part ends with; clauses at first. */
export const useGranularityPattern = create<PatternState>()((set) => ({
  source: "[,;:.!?]",
  setSource: (source) => set({ source }),
}));
