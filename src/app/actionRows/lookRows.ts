// Actions that change what is looked at: knobs, colours, tabs.

import { holdMasked, toggleRegionTool } from "@/state/look/look";
import { useStore } from "@/state/store";
import { colourings, colourNames } from "@/state/tokens/colourings";
import { colourTokensBy } from "@/state/tokens/tokenColours";
import { pinKept } from "@/views/answer/pinKept";
import { drawerTabs, useShell } from "../shell";
import { type Action, type ActionRows, always, focusLabelled, focusOn } from "./actionRow";

/** The keys 1 to 9, in the order of the picker. */
export const colourActions: readonly Action[] = colourNames.slice(0, 9).map((name, i) => ({
  id: `colour-${name}`,
  label: `Colour by ${colourings[name].label}`,
  group: "Look",
  keys: [String(i + 1)],
  isEnabled: always,
  run: () => colourTokensBy(name),
}));

/** One action per tab of the training drawer. */
export const tabActions: readonly Action[] = drawerTabs.map((tab) => ({
  id: `tab-${tab}`,
  label: `Show ${tab}`,
  group: "Look",
  keys: [],
  isEnabled: always,
  run: () => useShell.getState().openTab(tab),
}));

/** The knobs of the update. */
export const lookRows = {
  keep: { id: "keep", label: "Go to Keep k", group: "Look", keys: ["k"], isEnabled: always, run: () => focusLabelled("Keep k") },
  betaMin: {
    id: "betaMin",
    label: "Go to β_min",
    group: "Look",
    keys: ["b"],
    isEnabled: always,
    run: () => focusLabelled("β_min"),
  },
  nextKept: {
    id: "nextKept",
    label: "Pin the next kept token",
    group: "Look",
    keys: ["]"],
    isEnabled: always,
    run: () => pinKept(1),
  },
  previousKept: {
    id: "previousKept",
    label: "Pin the previous kept token",
    group: "Look",
    keys: ["["],
    isEnabled: always,
    run: () => pinKept(-1),
  },
  tokenTable: {
    id: "tokenTable",
    label: "Show the tokens as a table or as text",
    group: "Look",
    keys: ["t"],
    isEnabled: always,
    run: () => {
      const { settings, setSetting } = useStore.getState();
      setSetting("answerAs", settings.answerAs === "table" ? "text" : "table");
    },
  },
  region: {
    id: "region",
    label: "Region tool on the picture",
    group: "Look",
    keys: ["r"],
    isEnabled: ({ input }) => input.image !== null,
    run: () => {
      toggleRegionTool();
      focusOn("[aria-roledescription=region]");
    },
  },
  masked: {
    id: "masked",
    label: "Hold the masked picture, and Δ log-prob in the text",
    group: "Look",
    keys: ["m"],
    isEnabled: ({ input }) => input.image !== null,
    run: holdMasked,
  },
} as const satisfies ActionRows;
