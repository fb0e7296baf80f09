// THE table of user actions: each row gives a row of the command sheet and its keys; buttons of the top bar run the same rows.
// Keys are written for tinykeys; single characters act only outside fields and buttons (useShortcuts.ts).

import { ask, stopAsk } from "@/state/askJob";
import { type ColourBy, colourings } from "@/state/colourings";
import { reload } from "@/state/modelJob";
import { useRuns } from "@/state/runs";
import { continueRun } from "@/state/runsJobs";
import { type AppState, redo, undo, useStore } from "@/state/store";
import { pauseTraining, resetTraining, train } from "@/state/trainJob";
import { askBlockedBy } from "@/views/prompt/askBlockedBy";
import { type DrawerTab, useShell } from "./shell";

export type ActionGroup = "Ask" | "Train" | "Look" | "Page";

/** One thing the user can do. */
export interface Action {
  readonly id: string;
  readonly label: string;
  readonly group: ActionGroup;
  /** tinykeys bindings; the first one is shown. */
  readonly keys: readonly string[];
  /** Whether it makes sense now. */
  readonly isEnabled: (state: AppState) => boolean;
  readonly run: () => void;
}

const always = () => true;
const canTrain = ({ model, training, loss }: AppState) => model.status === "ready" && training.status !== "running" && !loss;

function focusOn(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus();
}

// Controls are found by their visible label, so that the table does not depend on how a view is built.
function focusLabelled(label: string): void {
  for (const element of document.querySelectorAll<HTMLLabelElement>("label")) {
    if (element.textContent?.trim() === label) element.control?.focus();
  }
}

const colourNames = Object.keys(colourings).filter((name): name is ColourBy => name in colourings);

const colourActions: readonly Action[] = colourNames.slice(0, 9).map((name, i) => ({
  id: `colour-${name}`,
  label: `Colour by ${colourings[name].label}`,
  group: "Look",
  keys: [String(i + 1)],
  isEnabled: always,
  run: () => useStore.getState().setSetting("colourBy", name),
}));

const tabNames: Readonly<Record<DrawerTab, string>> = {
  charts: "charts",
  rollouts: "rollouts",
  insight: "insight",
  evaluation: "evaluation",
  runs: "runs",
  study: "study",
  settings: "settings",
  system: "system",
};

const tabActions: readonly Action[] = (Object.keys(tabNames) as DrawerTab[]).map((tab) => ({
  id: `tab-${tab}`,
  label: `Show ${tabNames[tab]}`,
  group: "Look",
  keys: [],
  isEnabled: always,
  run: () => useShell.getState().openTab(tab),
}));

/** All actions, in the order of the command sheet. */
export const actions = {
  ask: {
    id: "ask",
    label: "Ask",
    group: "Ask",
    keys: ["$mod+Enter"],
    isEnabled: (state) => askBlockedBy(state) === null && state.ask.status !== "running",
    run: () => void ask(),
  },
  stop: {
    id: "stop",
    label: "Stop the answer, or clear the selection",
    group: "Ask",
    keys: ["Escape"],
    isEnabled: always,
    run: () => {
      const { ask: status, pin } = useStore.getState();
      if (status.status === "running") void stopAsk();
      else pin(null);
    },
  },
  question: {
    id: "question",
    label: "Go to the question",
    group: "Ask",
    keys: ["/"],
    isEnabled: always,
    run: () => focusOn('textarea[aria-label="Question"]'),
  },
  step: {
    id: "step",
    label: "Step",
    group: "Train",
    keys: ["."],
    isEnabled: canTrain,
    run: () => void train(1),
  },
  play: {
    id: "play",
    label: "Play or pause training",
    group: "Train",
    keys: ["Space"],
    isEnabled: (state) => canTrain(state) || state.training.status === "running",
    run: () => void (useStore.getState().training.status === "running" ? pauseTraining() : train(Number.POSITIVE_INFINITY)),
  },
  reset: {
    id: "reset",
    label: "Reset",
    group: "Train",
    keys: [],
    isEnabled: ({ model, training, loss }) =>
      model.status === "ready" &&
      !loss &&
      (training.step > 0 || training.status === "failed" || model.model.adapter !== undefined),
    run: () => void resetTraining(),
  },
  continueRun: {
    id: "continueRun",
    label: "Continue the interrupted run",
    group: "Train",
    keys: [],
    isEnabled: ({ training, loss }) => useRuns.getState().interrupted !== null && training.status !== "running" && !loss,
    run: () => {
      const { interrupted } = useRuns.getState();
      if (interrupted) void continueRun(interrupted.id);
    },
  },
  keep: { id: "keep", label: "Go to Keep k", group: "Look", keys: ["k"], isEnabled: always, run: () => focusLabelled("Keep k") },
  betaMin: {
    id: "betaMin",
    label: "Go to β_min",
    group: "Look",
    keys: ["b"],
    isEnabled: always,
    run: () => focusLabelled("β_min"),
  },
  undo: { id: "undo", label: "Undo a setting", group: "Page", keys: ["$mod+z"], isEnabled: always, run: undo },
  redo: { id: "redo", label: "Redo a setting", group: "Page", keys: ["$mod+y", "$mod+Shift+z"], isEnabled: always, run: redo },
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
    run: () => {
      const { notify } = useStore.getState();
      navigator.clipboard.writeText(location.href).then(
        () => notify("notice", "The link is copied: it holds settings, sample and pinned tokens."),
        () => notify("error", "The link was not copied: the browser forbids it. Copy it from the address bar."),
      );
    },
  },
  commands: {
    id: "commands",
    label: "Commands and keys",
    group: "Page",
    keys: ["$mod+k", "Shift+?"],
    isEnabled: always,
    run: () => useShell.getState().openSheet(true),
  },
} as const satisfies Readonly<Record<string, Action>>;

/** Every action as a list. */
export const actionList: readonly Action[] = [...Object.values(actions), ...colourActions, ...tabActions];

const isMac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.userAgent);
const keyNames: Readonly<Record<string, string>> = { $mod: isMac ? "⌘" : "Ctrl", Escape: "Esc", Enter: "Enter" };

/** A tinykeys binding as people read it, e.g. "Ctrl+K". */
export function keyLabel(binding: string): string {
  if (binding === "Shift+?") return "?";
  return binding
    .split("+")
    .map((part) => keyNames[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join("+");
}
