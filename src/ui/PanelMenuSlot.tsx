// The place of a panel's ⋯ menu inside the panel: the shell gives the menu, the panel says where it stands. Empty where a panel is shown
// without the shell, as in tests.
import { createContext, type ReactNode, useContext } from "react";

/** What stands in the slot of the panel around it. */
export const PanelMenuContext = createContext<ReactNode>(null);

/** Where the panel's menu stands. */
export function PanelMenuSlot() {
  return useContext(PanelMenuContext);
}
