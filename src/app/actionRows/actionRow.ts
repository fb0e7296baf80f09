// One action: what a button, a key and a row of the command sheet share. The rows stand in the files beside this one.

import type { AppState } from "@/state/store";

export type ActionGroup = "Ask" | "Train" | "Look" | "Page";

/** One thing the user can do. */
export interface Action {
  readonly id: string;
  readonly label: string;
  readonly group: ActionGroup;
  /** tinykeys bindings; the first one is shown. Single characters act only outside fields and buttons (useShortcuts.ts). */
  readonly keys: readonly string[];
  /** Whether it makes sense now. */
  readonly isEnabled: (state: AppState) => boolean;
  readonly run: () => void;
}

/** A table of actions by id. */
export type ActionRows = Readonly<Record<string, Action>>;

/** For actions that always make sense. */
export const always = (): boolean => true;

/** Puts the focus on the first element that matches. */
export function focusOn(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus();
}

/** Puts the focus on the control with this visible label, so that the table does not depend on how a view is built. */
export function focusLabelled(label: string): void {
  for (const element of document.querySelectorAll<HTMLLabelElement>("label")) {
    if (element.textContent?.trim() === label) element.control?.focus();
  }
}
