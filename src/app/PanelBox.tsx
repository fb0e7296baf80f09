// One panel in its place: waits for its file, and keeps its faults to itself.
import { Suspense } from "react";
import { EmptyState } from "@/ui/Message";
import { PanelBoundary } from "./PanelBoundary";
import type { Panel } from "./panels";

/** Draws a row of the table of panels. */
export function PanelBox({ panel: { title, Component } }: { panel: Panel }) {
  return (
    <PanelBoundary title={title}>
      <Suspense fallback={<EmptyState>{`Opening ${title} …`}</EmptyState>}>
        <Component />
      </Suspense>
    </PanelBoundary>
  );
}
