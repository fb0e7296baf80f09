// One panel in its place: waits for its file, keeps its faults to itself, and gives it its menu.
import { Suspense, useMemo } from "react";
import { EmptyState } from "@/ui/Message";
import { PanelMenuContext } from "@/ui/PanelMenuSlot";
import { PanelBoundary } from "./PanelBoundary";
import { PanelMenu } from "./PanelMenu";
import type { Panel } from "./panels";

/** Draws a row of the table of panels. */
export function PanelBox({ panel }: { panel: Panel }) {
  const { title, Component } = panel;
  const menu = useMemo(() => <PanelMenu panel={panel} />, [panel]);
  return (
    <PanelBoundary title={title}>
      <Suspense fallback={<EmptyState>{`Opening ${title} …`}</EmptyState>}>
        <PanelMenuContext value={menu}>
          <Component />
        </PanelMenuContext>
      </Suspense>
    </PanelBoundary>
  );
}
