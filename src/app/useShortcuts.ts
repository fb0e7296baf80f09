// Binds the keys of the actions table. Single characters are left alone while a field or a button has the focus, and when the
// user has switched them off.
import { useEffect } from "react";
import { tinykeys } from "tinykeys";
import { useStore } from "@/state/store";
import { actionList } from "./actions";
import { useShell } from "./shell";

const takesCharacters =
  "input, textarea, select, button, [contenteditable], [role=listbox]:not([data-single-keys]), [role=dialog], [role=tab], summary, a[href]";

/** Listens for the keys of all actions while mounted. */
export function useShortcuts(): void {
  useEffect(() => {
    const bindings = actionList.flatMap((action) =>
      action.keys.map(
        (key) =>
          [
            key,
            (event: KeyboardEvent) => {
              if (isSingle(key) && (!useShell.getState().singleKeys || isInField(event))) return;
              if (useShell.getState().isSheetOpen || !action.isEnabled(useStore.getState())) return;
              // Escape keeps its meaning in fields and pop-ups.
              if (key === "Escape" && event.defaultPrevented) return;
              if (key !== "Escape") event.preventDefault();
              action.run();
            },
          ] as const,
      ),
    );
    return tinykeys(window, Object.fromEntries(bindings));
  }, []);
}

/** Whether a binding is a character or Space without a modifier. */
export function isSingle(binding: string): boolean {
  return binding === "Space" || binding === "Shift+?" || binding.length === 1;
}

function isInField(event: KeyboardEvent): boolean {
  return event.target instanceof Element && event.target.closest(takesCharacters) !== null;
}
