// Actions of the page itself: undo, models, theme, links, help.

import { copyFaultReport } from "@/state/faultReport";
import { reload } from "@/state/models/modelJob";
import { redo, undo, useStore } from "@/state/store";
import { useGuide } from "@/views/guide/guideStore";
import { useShell } from "../shell";
import { type ActionRows, always } from "./actionRow";

/** Undo, redo, models, theme, reload, share, commands. */
export const pageRows = {
  undo: { id: "undo", label: "Undo", group: "Page", keys: ["$mod+z"], isEnabled: always, run: undo },
  redo: { id: "redo", label: "Redo", group: "Page", keys: ["$mod+y", "$mod+Shift+z"], isEnabled: always, run: redo },
  models: {
    id: "models",
    label: "Choose a model",
    group: "Page",
    keys: [],
    isEnabled: always,
    run: () => useStore.getState().openChooser(true),
  },
  theme: {
    id: "theme",
    label: "Switch light and dark",
    group: "Page",
    keys: [],
    isEnabled: always,
    run: () => {
      const { settings, setSetting } = useStore.getState();
      const isDark = settings.theme === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : settings.theme === "dark";
      setSetting("theme", isDark ? "light" : "dark");
    },
  },
  contrast: {
    id: "contrast",
    label: "Switch high contrast",
    group: "Page",
    keys: [],
    isEnabled: always,
    run: () => {
      const { settings, setSetting } = useStore.getState();
      setSetting("theme", settings.theme === "contrast" ? "system" : "contrast");
    },
  },
  guide: {
    id: "guide",
    label: "Guide",
    group: "Page",
    keys: [],
    isEnabled: always,
    run: () => {
      const { page, open, close } = useGuide.getState();
      if (page === null) open();
      else close();
    },
  },
  reload: {
    id: "reload",
    label: "Reload the device",
    group: "Page",
    keys: [],
    isEnabled: ({ loss, model }) => loss !== null && model.status !== "loading",
    run: () => void reload(),
  },
  share: {
    id: "share",
    label: "Copy a link to this view",
    group: "Page",
    keys: [],
    isEnabled: always,
    run: () => void import("@/views/export/copyLink").then(({ copyLink }) => copyLink()),
  },
  openView: {
    id: "openView",
    label: "Open a saved view",
    group: "Page",
    keys: [],
    isEnabled: always,
    run: () => void import("@/views/export/openView").then(({ chooseView }) => chooseView()),
  },
  report: {
    id: "report",
    label: "Copy a report for a fault",
    group: "Page",
    keys: [],
    isEnabled: always,
    run: () => void copyFaultReport(),
  },
  commands: {
    id: "commands",
    label: "Commands and keys",
    group: "Page",
    keys: ["$mod+k", "Shift+?"],
    isEnabled: always,
    run: () => useShell.getState().openSheet(true),
  },
} as const satisfies ActionRows;
