// What the user looks at: one selection for the whole page, so that text, strip, histogram, inspector and charts always agree.
// Only ids and indices live here; the data they point to is in `client/`.

import type { StateCreator } from "zustand";
import type { AppState } from "./store";

/** A token of the shown answer. */
export interface TokenRef {
  readonly rollout: number;
  readonly token: number;
}

/** A run of tokens of one rollout, end included. */
export interface TokenSpan {
  readonly rollout: number;
  readonly start: number;
  readonly end: number;
}

/** A rectangle in fractions of the image: x0, y0, x1, y1. */
export type Region = readonly [x0: number, y0: number, x1: number, y1: number];

export interface SelectionSlice {
  readonly hover: TokenRef | null;
  readonly pinned: TokenSpan | null;
  /** The rollout whose text is open in Answer. */
  readonly rollout: number;
  readonly region: Region | null;
  /** Training step under the cursor; null follows the newest. */
  readonly step: number | null;
  setHover(hover: TokenRef | null): void;
  pin(pinned: TokenSpan | null): void;
  openRollout(rollout: number): void;
  setRegion(region: Region | null): void;
  setStep(step: number | null): void;
}

/** The selection part of the store. */
export const createSelectionSlice: StateCreator<AppState, [], [], SelectionSlice> = (set) => ({
  hover: null,
  pinned: null,
  rollout: 0,
  region: null,
  step: null,
  setHover: (hover) => set((state) => (sameToken(state.hover, hover) ? state : { hover })),
  pin: (pinned) => set(pinned ? { pinned, rollout: pinned.rollout } : { pinned }),
  openRollout: (rollout) => set({ rollout, hover: null, pinned: null }),
  setRegion: (region) => set({ region }),
  setStep: (step) => set({ step }),
});

function sameToken(a: TokenRef | null, b: TokenRef | null): boolean {
  return a === b || (a !== null && b !== null && a.rollout === b.rollout && a.token === b.token);
}
