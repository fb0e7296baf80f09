// THE table of user actions, put together from `actionRows/`: each row gives a row of the command sheet and its keys; buttons of the
// top bar run the same rows.

import type { Action } from "./actionRows/actionRow";
import { askRows } from "./actionRows/askRows";
import { colourActions, lookRows, tabActions } from "./actionRows/lookRows";
import { pageRows } from "./actionRows/pageRows";
import { trainRows } from "./actionRows/trainRows";

/** The actions that have names in the code. */
export const actions = { ...askRows, ...trainRows, ...lookRows, ...pageRows } as const;

/** Every action, in the order of the command sheet. */
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
