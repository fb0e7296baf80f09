// Actions that change what is looked at: knobs, colours, tabs.

import { type ColourBy, colourings } from "@/state/colourings";
import { useStore } from "@/state/store";
import { drawerTabs, useShell } from "../shell";
import { type Action, type ActionRows, always, focusLabelled } from "./actionRow";

const colourNames = Object.keys(colourings).filter((name): name is ColourBy => name in colourings);

/** The keys 1 to 9, in the order of the picker. */
export const colourActions: readonly Action[] = colourNames.slice(0, 9).map((name, i) => ({
  id: `colour-${name}`,
  label: `Colour by ${colourings[name].label}`,
  group: "Look",
  keys: [String(i + 1)],
  isEnabled: always,
  run: () => useStore.getState().setSetting("colourBy", name),
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
} as const satisfies ActionRows;
