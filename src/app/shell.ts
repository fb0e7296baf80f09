// State of the shell alone: open tab, command sheet, single-key switch. Not shared, not undoable; the switch is remembered.
import { create } from "zustand";
import { remember, remembered } from "@/state/remembered";

/** The tabs of the training drawer, in their order; `panels.ts` says what they show. */
export const drawerTabs = ["charts", "step", "rollouts", "insight", "evaluation", "runs", "study", "settings", "system"] as const;
export type DrawerTab = (typeof drawerTabs)[number];

const singleKeysKey = "vppo-playground.single-keys";

interface ShellState {
  readonly tab: DrawerTab;
  readonly isSheetOpen: boolean;
  /** Whether single letters act as shortcuts (WCAG 2.1.4 asks for a switch). */
  readonly singleKeys: boolean;
  openTab(tab: DrawerTab): void;
  openSheet(isOpen: boolean): void;
  setSingleKeys(on: boolean): void;
}

/** The shell's store. */
export const useShell = create<ShellState>()((set) => ({
  tab: "charts",
  isSheetOpen: false,
  singleKeys: remembered(singleKeysKey) !== "off",
  openTab: (tab) => set({ tab }),
  openSheet: (isSheetOpen) => set({ isSheetOpen }),
  setSingleKeys: (singleKeys) => {
    remember(singleKeysKey, singleKeys ? "on" : "off");
    set({ singleKeys });
  },
}));
