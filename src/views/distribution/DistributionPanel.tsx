// The Distribution panel: how the dependency of the open rollout is spread over its tokens, and what it does to the group. Left the
// histogram with the threshold that is k, right one bar per token or α over the group; all three where there is room. Wiring.
import { type CSSProperties, lazy, type ReactNode, Suspense, useMemo, useState } from "react";
import { keptTokens } from "@/rl/tokenSelection";
import { useUpdate } from "@/state/answers/update";
import { useStore } from "@/state/store";
import { useTokenColours } from "@/state/tokens/tokenColours";
import { measureSymbols, unitOf } from "@/state/tokens/tokenFacts";
import { binVariables } from "@/ui/color/maps";
import { EmptyState } from "@/ui/Message";
import { PanelMenuSlot } from "@/ui/PanelMenuSlot";
import { useElementWidth } from "@/ui/useElementWidth";
import { DependencyHistogram } from "./DependencyHistogram";
import styles from "./DistributionPanel.module.css";
import { TokenStrip } from "./TokenStrip";

const AlphaCurve = lazy(async () => ({ default: (await import("./AlphaCurve")).AlphaCurve }));

/** From here on three figures stand side by side. */
const roomForThree = 1000;
const second = { strip: "Token by token", alpha: "α over the group" } as const;
type Second = keyof typeof second;

/** Histogram, strip and α; takes no props. */
export function DistributionPanel() {
  const [ref, width] = useElementWidth<HTMLElement>();
  const update = useUpdate();
  const colours = useTokenColours();
  const rollout = useStore((state) => state.rollout);
  const [chosen, setChosen] = useState<Second>("strip");
  const values = update.dependencies[rollout];
  const { preview, policy } = update;
  const mask = preview?.masks[rollout];
  const kept = useMemo(() => keptTokens(mask ?? new Float32Array(0)), [mask]);
  const hasRoom = width >= roomForThree;
  const shows = (figure: Second) => hasRoom || chosen === figure;
  const choice = (figure: Second) =>
    hasRoom ? <strong>{second[figure]}</strong> : <FigureChoice chosen={chosen} onChoose={setChosen} />;
  const isDrawn = preview && values && values.length > 0;
  const unit = unitOf(policy.dependencyMeasure);
  const symbol = measureSymbols[policy.dependencyMeasure];
  return (
    <section
      ref={ref}
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
            symbol={symbol}
            unit={unit}
            rollout={rollout}
          />
          {shows("strip") && (
            <TokenStrip
              rollout={rollout}
              values={values}
              mask={kept}
              bins={colours.bins[rollout] ?? new Uint8Array(0)}
              symbol={symbol}
              unit={unit}
              choice={choice("strip")}
            />
          )}
          {shows("alpha") && (
            <Suspense fallback={<EmptyState>The figure is being drawn…</EmptyState>}>
              <AlphaCurve update={update} preview={preview} unit={unit} choice={choice("alpha")} />
            </Suspense>
          )}
          <div className={styles.menu}>
            <PanelMenuSlot />
          </div>
        </>
      ) : (
        <EmptyState>No tokens yet. Their dependency is drawn here as they stream in.</EmptyState>
      )}
    </section>
  );
}

interface FigureChoiceProps {
  readonly chosen: Second;
  readonly onChoose: (figure: Second) => void;
}

/** Which figure stands on the right. */
function FigureChoice({ chosen, onChoose }: FigureChoiceProps): ReactNode {
  return (
    <span className={styles.choice}>
      {(Object.keys(second) as Second[]).map((figure) => (
        <button key={figure} type="button" aria-pressed={figure === chosen} onClick={() => onChoose(figure)}>
          {second[figure]}
        </button>
      ))}
    </span>
  );
}
