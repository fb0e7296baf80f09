// The one store of the page: settings (undoable), selection and session, as slices. Components select single values:
// `useStore((state) => state.settings.keepRatio)`. Token and series data is not here but in `client/`.

import { temporal } from "zundo";
import { create, type StateCreator } from "zustand";
import { createModelChoiceSlice, type ModelChoiceSlice } from "./modelChoice";
import { applyPreset } from "./presets";
import { createSelectionSlice, type SelectionSlice } from "./selection";
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

export type AppState = SettingsSlice & SelectionSlice & SessionSlice & ModelChoiceSlice;

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

/** The store; use it with a selector. */
export const useStore = create<AppState>()(
  temporal(
    (...api) => ({
      ...createSettingsSlice(...api),
      ...createSelectionSlice(...api),
      ...createSessionSlice(...api),
      ...createModelChoiceSlice(...api),
    }),
    {
      limit: undoSteps,
      partialize: (state) => ({ settings: state.settings }),
      equality: (past, current) => past.settings === current.settings,
      handleSet: (record) => (past) => {
        const now = performance.now();
        if (now - lastChangeMs > undoPauseMs) record(past);
        lastChangeMs = now;
      },
    },
  ),
);

/** Takes back the last change of settings. */
export function undo(): void {
  lastChangeMs = Number.NEGATIVE_INFINITY;
  useStore.temporal.getState().undo();
}

/** Brings the last undone change of settings back. */
export function redo(): void {
  lastChangeMs = Number.NEGATIVE_INFINITY;
  useStore.temporal.getState().redo();
}
