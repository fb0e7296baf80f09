// Which tokens the update of the shown step moved: its reported rollouts coloured by log π after − log π before, the most moved tokens,
// and how far kept and filtered tokens moved in the mean.
import { useMemo, useRef } from "react";
import { trainingSeries } from "@/client/live";
import { useExportSource } from "@/state/exportSources";
import { useStore } from "@/state/store";
import { classes } from "@/ui/classes";
import { binClasses } from "@/ui/color/binClasses";
import { type BinDomain, binOf } from "@/ui/color/binning";
import { binVariables } from "@/ui/color/maps";
import { formatNumber } from "@/ui/formatNumber";
import { EmptyState, Message } from "@/ui/Message";
import { displayText } from "@/ui/tokens/chunking";
import { StepSlider } from "@/views/training/StepSlider";
import { useSeriesVersion } from "@/views/training/useSeries";
import shared from "./InsightPanel.module.css";
import type { InsightViewProps } from "./insightView";
import styles from "./MovesView.module.css";
import { type MovedRollout, mostMoved, moveDomain, movedRollouts, moveMeans } from "./movedTokens";

const listed = 12;

/** Tokens by how far they moved. */
export function MovesView({ choice }: InsightViewProps) {
  const version = useSeriesVersion(trainingSeries);
  const step = useStore((state) => state.step);
  const steps = trainingSeries.reportSteps();
  const shownStep = step ?? steps.at(-1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the contents of the buffer
  const rollouts = useMemo(() => {
    const report = shownStep === undefined ? undefined : trainingSeries.report(shownStep);
    return report && movedRollouts(report);
  }, [shownStep, version]);
  if (steps.length === 0) {
    return (
      <section className={shared.view} aria-label="Moved tokens">
        {choice}
        <EmptyState>No rollouts yet. Press Step: what the update did to each token of an answer appears here.</EmptyState>
      </section>
    );
  }
  return (
    <section className={shared.view} aria-label="Moved tokens">
      <div className={shared.tools}>
        {choice}
        <StepSlider steps={steps} />
      </div>
      {!rollouts && <EmptyState>{`The rollouts of step ${shownStep} are not kept; move the slider to a newer step.`}</EmptyState>}
      {rollouts?.length === 0 && <NotMeasured />}
      {rollouts && rollouts.length > 0 && <Moves rollouts={rollouts} />}
    </section>
  );
}

function NotMeasured() {
  const isOn = useStore((state) => state.settings.measureMoves);
  return (
    <Message>
      {isOn
        ? "This step made no update that could be measured: no group had differences in reward, or the update was skipped."
        : "Moves were not measured in this step. Switch Moved tokens on under Settings and press Step."}
    </Message>
  );
}

function Moves({ rollouts }: { readonly rollouts: readonly MovedRollout[] }) {
  const domain = useMemo(() => moveDomain(rollouts), [rollouts]);
  const top = useMemo(() => mostMoved(rollouts, listed), [rollouts]);
  const means = useMemo(() => moveMeans(rollouts), [rollouts]);
  const isMeasured = !Number.isNaN(means.kept) || !Number.isNaN(means.others);
  const box = useRef<HTMLDivElement>(null);
  useExportSource({
    id: "insight-moved-tokens",
    title: "Moved tokens",
    panel: "insight",
    figure: () => box.current,
    table: () => ({
      columns: ["rollout", "token", "text", "move_nats", "logp_before_nats", "dependency_nats", "kept"],
      rows: rollouts.flatMap(({ index, tokens }) =>
        tokens.map(({ place, text, move, before, dependency, weight }) => [
          index + 1,
          place + 1,
          text,
          move,
          before,
          dependency,
          weight,
        ]),
      ),
    }),
  });
  return (
    <div ref={box} style={binVariables("puor")} className={shared.view}>
      {isMeasured && <p className={shared.summary}>{meansText(means)}</p>}
      <ColourKey domain={domain} />
      <div className={styles.columns}>
        <div className={styles.rollouts}>
          {rollouts.map((rollout) => (
            <RolloutText key={rollout.index} moved={rollout} domain={domain} />
          ))}
        </div>
        <section className={shared.box} aria-label="Most moved tokens">
          <table className={shared.table}>
            <thead>
              <tr>
                <th scope="col">Most moved</th>
                <th scope="col" className={shared.number}>
                  Move
                </th>
                <th scope="col" className={shared.number}>
                  Probability
                </th>
                <th scope="col" className={shared.number}>
                  S
                </th>
                <th scope="col">Kept</th>
              </tr>
            </thead>
            <tbody>
              {top.map((token) => (
                <tr key={`${token.rollout} ${token.place}`}>
                  <th scope="row">
                    <span className={classes(styles.token, binClasses[binOf(token.move, domain, "linear")])}>
                      {displayText(token.text)}
                    </span>
                  </th>
                  <td className={shared.number}>{signed(token.move)}</td>
                  <td className={shared.number}>
                    {`${formatNumber(Math.exp(token.before))} → ${formatNumber(Math.min(1, Math.exp(token.before + token.move)))}`}
                  </td>
                  <td className={shared.number}>{formatNumber(token.dependency)}</td>
                  <td>{weightText(token.weight)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </div>
    </div>
  );
}

function RolloutText({ moved, domain }: { readonly moved: MovedRollout; readonly domain: BinDomain }) {
  const { question, answer, reward, advantage } = moved.rollout;
  return (
    <article className={shared.box} aria-label={`Rollout ${moved.index + 1}`}>
      <p className={styles.header}>
        <span>{`${question} → ${answer}`}</span>
        <span>{`reward ${formatNumber(reward)}, advantage ${signed(advantage)}`}</span>
      </p>
      <p className={styles.text}>
        {moved.tokens.map(({ place, text, move, weight, dependency }) => (
          <span
            key={place}
            className={classes(
              styles.token,
              binClasses[binOf(Number.isFinite(move) ? move : 0, domain, "linear")],
              weight >= 0.5 && styles.kept,
            )}
            title={`${displayText(text)}: ${signed(move)} nats, S ${formatNumber(dependency)}, ${weight >= 0.5 ? "kept" : "filtered out"}`}
          >
            {displayText(text)}
          </span>
        ))}
      </p>
    </article>
  );
}

/** Seven steps of the map with the ends written out. */
function ColourKey({ domain }: { readonly domain: BinDomain }) {
  const ends = [-domain.max, domain.max];
  return (
    <p className={styles.key}>
      <span>less likely {signed(ends[0] ?? 0)}</span>
      <span className={styles.swatches} aria-hidden>
        {binClasses.map((bin) => (
          <span key={bin} className={classes(styles.swatch, bin)} />
        ))}
      </span>
      <span>{signed(ends[1] ?? 0)} nats, more likely</span>
      <span className={styles.keyNote}>underlined: kept by the filter</span>
    </p>
  );
}

function meansText({ kept, others }: { readonly kept: number; readonly others: number }): string {
  if (Number.isNaN(others)) return `Every token was kept; they moved by ${formatNumber(kept)} nats in the mean, up or down.`;
  if (Number.isNaN(kept)) return `No token was kept; they moved by ${formatNumber(others)} nats in the mean, up or down.`;
  const times = kept / others > 1000 ? ", more than 1000 times as far" : `, ${formatNumber(kept / others)} times as far`;
  return `Kept tokens moved by ${formatNumber(kept)} nats in the mean, the others by ${formatNumber(others)}${times}.`;
}

function weightText(weight: number): string {
  return weight === 1 ? "yes" : weight === 0 ? "no" : formatNumber(weight);
}

function signed(value: number): string {
  return value > 0 ? `+${formatNumber(value)}` : formatNumber(value);
}
