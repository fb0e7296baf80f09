// Puts the chosen theme on <html>; "system" leaves it to the browser.
import { useEffect } from "react";
import { useStore } from "@/state/store";

/** Keeps `data-theme` in step with the setting. */
export function useTheme(): void {
  const theme = useStore((state) => state.settings.theme);
  useEffect(() => {
    if (theme === "system") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
}
