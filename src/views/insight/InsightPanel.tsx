// The Insight tab: four views of what training does, one at a time: how dependency is spread, how the gradient's variance compares with
// the theorem, which tokens an update moved, and how several runs develop.
import { type ComponentType, useState } from "react";
import { Button } from "@/ui/Button";
import { DependencyView } from "./DependencyView";
import { DynamicsView } from "./DynamicsView";
import styles from "./InsightPanel.module.css";
import type { InsightViewProps } from "./insightView";
import { MovesView } from "./MovesView";
import { VarianceView } from "./VarianceView";

const views: readonly { readonly id: string; readonly label: string; readonly View: ComponentType<InsightViewProps> }[] = [
  { id: "dependency", label: "Dependency", View: DependencyView },
  { id: "variance", label: "Gradient variance", View: VarianceView },
  { id: "moves", label: "Moved tokens", View: MovesView },
  { id: "dynamics", label: "Dynamics", View: DynamicsView },
];

/** Insight into a training run. */
export function InsightPanel() {
  const [id, setId] = useState("dependency");
  const chosen = views.find((view) => view.id === id) ?? views[0];
  const choice = (
    <div className={styles.choice} role="toolbar" aria-label="Insight views">
      {views.map((view) => (
        <Button key={view.id} label={view.label} pressed={view.id === id} onPress={() => setId(view.id)} />
      ))}
    </div>
  );
  return (
    <section className={styles.panel} aria-label="Insight">
      {chosen && <chosen.View choice={choice} />}
    </section>
  );
}
