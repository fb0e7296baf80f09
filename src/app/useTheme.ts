// Puts the chosen theme on <html>; "system" leaves it to the browser. High contrast is light or dark as the system is, and comes by itself
// where the system asks for it.
import { useEffect } from "react";
import { useStore } from "@/state/store";
import { useMediaQuery } from "./useMediaQuery";

/** Keeps `data-theme` and `data-contrast` in step with the setting and the system. */
export function useTheme(): void {
  const theme = useStore((state) => state.settings.theme);
  const wantsContrast = useMediaQuery("(prefers-contrast: more)");
  useEffect(() => {
    const { dataset } = document.documentElement;
    if (theme === "light" || theme === "dark") dataset.theme = theme;
    else delete dataset.theme;
    if (theme === "contrast" || wantsContrast) dataset.contrast = "more";
    else delete dataset.contrast;
  }, [theme, wantsContrast]);
}
