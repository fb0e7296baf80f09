// What lies over or beside the page only when it is asked for: command sheet, model chooser, guide. Their code comes when they are first
// opened, or while nothing else goes on, so that the page opens without it.
import { type ComponentType, lazy, Suspense, useState } from "react";
import { useStore } from "@/state/store";
import { useGuide } from "@/views/guide/guideStore";
import { useShell } from "./shell";

const loaders = {
  commands: async () => (await import("./CommandSheet")).CommandSheet,
  models: async () => (await import("./ModelsDialog")).ModelsDialog,
  guide: async () => (await import("@/views/guide/GuideDrawer")).GuideDrawer,
} as const satisfies Readonly<Record<string, () => Promise<ComponentType>>>;

function later(overlay: keyof typeof loaders): ComponentType {
  return lazy(async () => ({ default: await loaders[overlay]() }));
}

const CommandSheet = later("commands");
const ModelsDialog = later("models");
const GuideDrawer = later("guide");

/** The dialogs. */
export function Dialogs() {
  const isSheetOpen = useShell((state) => state.isSheetOpen);
  const isChooserOpen = useStore((state) => state.isChooserOpen);
  return (
    <>
      <Once isOpen={isSheetOpen}>{CommandSheet}</Once>
      <Once isOpen={isChooserOpen}>{ModelsDialog}</Once>
    </>
  );
}

/** The drawer of the guide, in its place beside the page. */
export function Guide() {
  const isOpen = useGuide((state) => state.page !== null);
  return <Once isOpen={isOpen}>{GuideDrawer}</Once>;
}

/** Fetches the code of all of them, for opening at once and for use offline. */
export async function fetchOverlays(): Promise<void> {
  await Promise.allSettled(Object.values(loaders).map((load) => load()));
}

/** Draws from the first time on that it is open; what is drawn decides itself what closed means. */
function Once({ isOpen, children: Component }: { isOpen: boolean; children: ComponentType }) {
  const [wasOpen, setWasOpen] = useState(isOpen);
  if (isOpen && !wasOpen) setWasOpen(true);
  if (!isOpen && !wasOpen) return null;
  return (
    <Suspense>
      <Component />
    </Suspense>
  );
}
