// The Distribution panel: how the dependency of the open rollout is spread over its tokens. Left the histogram with the threshold that
// is k, right one bar per token. Wiring; the drawings are dumb.
import { type CSSProperties, useMemo } from "react";
import { keptTokens } from "@/rl/tokenSelection";
import { useStore } from "@/state/store";
import { useTokenColours } from "@/state/tokenColours";
import { measureSymbols, unitOf } from "@/state/tokenFacts";
import { useUpdate } from "@/state/update";
import { binVariables } from "@/ui/color/maps";
import { EmptyState } from "@/ui/Message";
import { DependencyHistogram } from "./DependencyHistogram";
import styles from "./DistributionPanel.module.css";
import { TokenStrip } from "./TokenStrip";

/** Histogram and strip of the open rollout; takes no props. */
export function DistributionPanel() {
  const update = useUpdate();
  const colours = useTokenColours();
  const rollout = useStore((state) => state.rollout);
  const values = update.dependencies[rollout];
  const { preview, policy } = update;
  const mask = preview?.masks[rollout];
  const kept = useMemo(() => keptTokens(mask ?? new Float32Array(0)), [mask]);
  const isDrawn = preview && values && values.length > 0;
  return (
    <section
      className={styles.panel}
      aria-label="Distribution"
      style={binVariables(colours.map) as CSSProperties}
      data-signed={colours.map === "puor"}
    >
      {isDrawn ? (
        <>
          <DependencyHistogram
            values={values}
            mask={kept}
            threshold={preview.thresholds[rollout] ?? Number.NaN}
            filtering={policy.tokenSelection === "dependency"}
            symbol={measureSymbols[policy.dependencyMeasure]}
            unit={unitOf(policy.dependencyMeasure)}
            rollout={rollout}
          />
          <TokenStrip
            rollout={rollout}
            values={values}
            mask={kept}
            bins={colours.bins[rollout] ?? new Uint8Array(0)}
            symbol={measureSymbols[policy.dependencyMeasure]}
          />
        </>
      ) : (
        <EmptyState>No tokens yet. Their dependency is drawn here as they stream in.</EmptyState>
      )}
    </section>
  );
}
