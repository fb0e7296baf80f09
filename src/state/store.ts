// The one store of the page: settings, selection, kept answers and session, as slices. Components select single values:
// `useStore((state) => state.settings.keepRatio)`. Token and series data is not here but in `client/`. Undo takes back settings (masks
// among them), region, pinned tokens, and which answer or branch is shown or was deleted.

import { temporal } from "zundo";
import { create, type StateCreator } from "zustand";
import { type AnswersSlice, createAnswersSlice, settleAnswer } from "./answers/answers";
import { createModelChoiceSlice, type ModelChoiceSlice } from "./models/modelChoice";
import { applyPreset } from "./presets";
import { createSelectionSlice, type SelectionSlice, type TokenSpan } from "./selection";
import { createSessionSlice, type SessionSlice } from "./session";
import { defaultSettings, type SettingKey, type Settings } from "./settings";

export interface SettingsSlice {
  readonly settings: Settings;
  /** Sets one knob; choosing a method sets the knobs that belong to it too. */
  setSetting<K extends SettingKey>(key: K, value: Settings[K]): void;
  /** Replaces several knobs at once, as one undo step. */
  setSettings(values: Partial<Settings>): void;
  resetSettings(): void;
}

export type AppState = SettingsSlice & SelectionSlice & SessionSlice & ModelChoiceSlice & AnswersSlice;

const createSettingsSlice: StateCreator<AppState, [], [], SettingsSlice> = (set) => ({
  settings: defaultSettings,
  setSetting: (key, value) =>
    set((state) => {
      if (state.settings[key] === value) return state;
      if (key === "preset") return { settings: applyPreset(state.settings, value as Settings["preset"]) };
      return { settings: { ...state.settings, [key]: value } };
    }),
  setSettings: (values) => set((state) => ({ settings: { ...state.settings, ...values } })),
  resetSettings: () => set({ settings: defaultSettings }),
});

const undoSteps = 100;
/** Changes closer together than this are one undo step: a slider drag is one. */
const undoPauseMs = 400;
let lastChangeMs = Number.NEGATIVE_INFINITY;
let lastChanged = "";

/** What undo brings back. The open rollout comes back with the rest but is no step of its own. */
type Undoable = Pick<AppState, "settings" | "region" | "pinned" | "rollout" | "shownAnswer" | "removedAnswers">;

const undoableOf = ({ settings, region, pinned, rollout, shownAnswer, removedAnswers }: AppState): Undoable => ({
  settings,
  region,
  pinned,
  rollout,
  shownAnswer,
  removedAnswers,
});

/** Names of what differs; empty when there is nothing to undo. Until an answer is shown, its selection is the page's own doing. */
function changedParts(past: Undoable, current: Undoable): string {
  const parts = [
    past.settings !== current.settings && "settings",
    past.region !== current.region && "region",
    past.removedAnswers !== current.removedAnswers && "answers",
    past.shownAnswer !== null && past.shownAnswer !== current.shownAnswer && "answer",
    past.shownAnswer !== null && !sameSpan(past.pinned, current.pinned) && "pin",
  ];
  return parts.filter((part) => part !== false).join(" ");
}

function sameSpan(a: TokenSpan | null, b: TokenSpan | null): boolean {
  return a === b || (a !== null && b !== null && a.rollout === b.rollout && a.start === b.start && a.end === b.end);
}

/** The store; use it with a selector. */
export const useStore = create<AppState>()(
  temporal(
    (...api) => ({
      ...createSettingsSlice(...api),
      ...createSelectionSlice(...api),
      ...createSessionSlice(...api),
      ...createModelChoiceSlice(...api),
      ...createAnswersSlice(...api),
    }),
    {
      limit: undoSteps,
      partialize: undoableOf,
      equality: (past, current) => changedParts(past, current) === "",
      handleSet: (record) => (past, _replace, current) => {
        const now = performance.now();
        // zundo hands over what `undoableOf` made.
        const changed = changedParts(past as Undoable, current);
        if (now - lastChangeMs > undoPauseMs || changed !== lastChanged) record(past);
        lastChangeMs = now;
        lastChanged = changed;
      },
    },
  ),
);

/** Takes back the last change of settings, mask, region, pinned tokens, or shown answer. */
export function undo(): void {
  travel(useStore.temporal.getState().undo);
}

/** Brings the last undone change back. */
export function redo(): void {
  travel(useStore.temporal.getState().redo);
}

function travel(go: () => void): void {
  lastChangeMs = Number.NEGATIVE_INFINITY;
  const before = useStore.getState();
  go();
  const { pause, resume } = useStore.temporal.getState();
  // What follows from the change is no change of its own.
  pause();
  useStore.setState(settleAnswer(before, useStore.getState()));
  resume();
}
