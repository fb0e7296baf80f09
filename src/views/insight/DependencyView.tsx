// Distribution of token dependency (paper, Fig. 3) and of trajectory means (Fig. 4) over a set of rollouts of the run: steps, right or
// wrong, question family. Before the first training step it shows the answer in the page.
import { Table2 } from "lucide-react";
import { useMemo, useRef, useState, useSyncExternalStore } from "react";
import { answerHeader, answerTokens, subscribeAnswerHeader, trainingSeries } from "@/client/live";
import { useExportSource } from "@/state/exportSources";
import { Button } from "@/ui/Button";
import { Histogram } from "@/ui/charts/Histogram";
import { countBins } from "@/ui/charts/histogramGeometry";
import { niceAbove } from "@/ui/color/binning";
import { Select } from "@/ui/Field";
import { formatNumber, formatPercent } from "@/ui/formatNumber";
import { EmptyState, Message } from "@/ui/Message";
import { useSeriesVersion } from "@/views/training/useSeries";
import {
  type DependencySample,
  dependencySample,
  familiesOf,
  rolloutsOfReports,
  type SampledRollout,
  type SampleFilter,
} from "./dependencySample";
import styles from "./InsightPanel.module.css";
import type { InsightViewProps } from "./insightView";

/** Where the official clamp ends, and the paper's axis with it. */
const largestDependency = 10;
const tokenBins = 40;
const meanBins = 20;

const answerChoices: readonly { readonly value: SampleFilter["answers"]; readonly label: string }[] = [
  { value: "all", label: "All answers" },
  { value: "right", label: "Right answers" },
  { value: "wrong", label: "Wrong answers" },
];

/** Histograms of dependency. */
export function DependencyView({ choice }: InsightViewProps) {
  const version = useSeriesVersion(trainingSeries);
  const shownAnswer = useShownAnswer();
  const steps = trainingSeries.reportSteps();
  const isTraining = steps.length > 0;
  const [from, setFrom] = useState<number | null>(null);
  const [to, setTo] = useState<number | null>(null);
  const [answers, setAnswers] = useState<SampleFilter["answers"]>("all");
  const [family, setFamily] = useState("");
  const [asTable, setAsTable] = useState(false);
  const first = from ?? steps[0] ?? 0;
  const last = to ?? steps.at(-1) ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the contents of the buffer
  const rollouts = useMemo(
    () => (isTraining ? rolloutsOfReports(steps.flatMap((step) => trainingSeries.report(step) ?? [])) : shownAnswer),
    [isTraining, shownAnswer, version],
  );
  const families = familiesOf(rollouts);
  const sample = useMemo(
    () => dependencySample(rollouts, { steps: isTraining ? [first, last] : null, answers, family }),
    [rollouts, isTraining, first, last, answers, family],
  );
  if (rollouts.length === 0) {
    return (
      <section className={styles.view} aria-label="Distribution of dependency">
        {choice}
        <EmptyState>No rollouts yet. Ask a question, or press Step to train, and their dependency is counted here.</EmptyState>
      </section>
    );
  }
  const stepOptions = (word: string) => steps.map((step) => ({ value: String(step), label: `${word} step ${step}` }));
  return (
    <section className={styles.view} aria-label="Distribution of dependency">
      <div className={styles.tools}>
        {choice}
        {isTraining && (
          <>
            <Select
              label="From"
              hideLabel
              value={String(first)}
              options={stepOptions("From")}
              onChange={(value) => setFrom(Number(value))}
            />
            <Select
              label="To"
              hideLabel
              value={String(last)}
              options={stepOptions("to")}
              onChange={(value) => setTo(Number(value))}
            />
          </>
        )}
        <Select label="Answers" hideLabel value={answers} options={answerChoices} onChange={setAnswers} />
        {families.length > 1 && (
          <Select
            label="Family"
            hideLabel
            value={family}
            options={[{ value: "", label: "All families" }, ...families.map((one) => ({ value: one, label: one }))]}
            onChange={setFamily}
          />
        )}
        <div className={styles.push}>
          <Button
            label="View as table"
            iconOnly
            icon={<Table2 aria-hidden />}
            pressed={asTable}
            onPress={() => setAsTable(!asTable)}
          />
        </div>
      </div>
      {!isTraining && (
        <Message>The run in the page has no rollouts yet, so this is the answer shown above. Press Step to train.</Message>
      )}
      {sample.rollouts === 0 ? (
        <EmptyState>No rollout is left by these filters.</EmptyState>
      ) : (
        <SampleFigures sample={sample} asTable={asTable} />
      )}
    </section>
  );
}

function SampleFigures({ sample, asTable }: { readonly sample: DependencySample; readonly asTable: boolean }) {
  const { tokens, means } = sample;
  const box = useRef<HTMLDivElement>(null);
  useExportSource({
    id: "insight-dependency",
    title: "Dependency of tokens",
    panel: "insight",
    figure: () => box.current,
    table: () => ({ columns: ["dependency_nats"], rows: Array.from(tokens, (value) => [value]) }),
    json: () => sample,
  });
  useExportSource({
    id: "insight-mean-dependency",
    title: "Mean dependency of trajectories",
    panel: "insight",
    table: () => ({ columns: ["mean_dependency_nats"], rows: Array.from(means, (value) => [value]) }),
  });
  const tokenCounts = useMemo(() => countBins(tokens, { max: largestDependency, bins: tokenBins, overflow: true }), [tokens]);
  const meanCounts = useMemo(() => {
    const largest = means.reduce((max, mean) => Math.max(max, mean), 0);
    return countBins(means, { max: niceAbove(Math.max(largest, 1e-3)), bins: meanBins });
  }, [means]);
  return (
    <div ref={box} className={styles.figures}>
      <Histogram
        title="Dependency of tokens"
        unit="nats"
        counted={["token", "tokens"]}
        help="Paper, Fig. 3: most tokens hardly depend on the image, few depend on it strongly"
        bins={tokenCounts}
        logCounts
        asTable={asTable}
      />
      <Histogram
        title="Mean dependency of trajectories"
        unit="nats"
        counted={["trajectory", "trajectories"]}
        help="Paper, Fig. 4: whole answers differ in how much they look"
        bins={meanCounts}
        logCounts={false}
        mark={{ value: sample.meanMedian, label: `median ${formatNumber(sample.meanMedian)}` }}
        asTable={asTable}
      />
      <dl className={styles.facts}>
        <Fact name="Rollouts" value={String(sample.rollouts)} />
        <Fact name="Tokens" value={String(tokens.length)} />
        <Fact name="Median of tokens" value={`${formatNumber(sample.tokenMedian)} nats`} />
        <Fact name="Median of trajectories" value={`${formatNumber(sample.meanMedian)} nats`} />
        {sample.topShares.map(({ share, holds }) => (
          <Fact
            key={share}
            name={`Top ${Math.round(share * 100)} % of tokens hold`}
            value={Number.isNaN(holds) ? "–" : formatPercent(holds)}
          />
        ))}
      </dl>
    </div>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** The rollouts of the answer in the page, by exact KL; the same array until it changes. */
function useShownAnswer(): readonly SampledRollout[] {
  const version = useSyncExternalStore(answerTokens.subscribe, () => answerTokens.version);
  const header = useSyncExternalStore(subscribeAnswerHeader, answerHeader);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the contents of the buffer
  return useMemo(
    () =>
      Array.from({ length: answerTokens.rolloutCount }, (_, i) => ({
        step: null,
        reward: header?.rewards?.[i] ?? 0,
        family: "",
        dependency: answerTokens.stats(i).kl.slice(),
      })),
    [header, version],
  );
}
