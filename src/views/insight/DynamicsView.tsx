// Training dynamics of several runs as small multiples: reward, accuracy, entropy, length and dependency of the run in the page, of those
// pinned in Runs and of the recorded run, over each other.
import { useMemo, useState } from "react";
import { metricsTable } from "@/state/metrics";
import { SeriesLegend } from "@/ui/charts/SeriesLegend";
import { EmptyState, Message } from "@/ui/Message";
import { ChartGrid, useStepDomain } from "@/views/training/ChartGrid";
import { chartsByMetric } from "@/views/training/charts";
import { useChartRuns } from "@/views/training/useChartRuns";
import styles from "./InsightPanel.module.css";
import type { InsightViewProps } from "./insightView";

const shown = [
  "reward/overall",
  "reward/accuracy",
  "val/accuracy_reward",
  "vppo/entropy_mean",
  "actor/entropy_loss",
  "response_length/mean",
  "actor/sensitivity_score_mean",
  "vppo/exact_kl_mean",
];
const rows = shown.flatMap((key) => metricsTable.find((metric) => metric.key === key) ?? []);

/** Small multiples of the selected runs. */
export function DynamicsView({ choice }: InsightViewProps) {
  const { runs, version } = useChartRuns();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [hoverStep, setHoverStep] = useState<number | null>(null);
  const visible = useMemo(() => (runs.length > 1 ? runs.filter(({ id }) => !hidden.has(id)) : runs), [runs, hidden]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the contents of the buffers
  const charts = useMemo(() => chartsByMetric(visible, rows, 0), [visible, version]);
  const xDomain = useStepDomain(visible, version);
  if (runs.length === 0) {
    return (
      <section className={styles.view} aria-label="Training dynamics">
        {choice}
        <EmptyState>No run yet. Press Step to train, pin runs in Runs, or import a log in Charts.</EmptyState>
      </section>
    );
  }
  const toggle = (id: string) =>
    setHidden((before) => new Set(before.has(id) ? [...before].filter((one) => one !== id) : [...before, id]));
  return (
    <section className={styles.view} aria-label="Training dynamics">
      {choice}
      {runs.length === 1 ? (
        <Message>{`Only one run is here: ${runs[0]?.name}. Pin runs in Runs, or import a log in Charts, to lay them over each other.`}</Message>
      ) : (
        <SeriesLegend entries={runs} hidden={hidden} onToggle={toggle} />
      )}
      <ChartGrid
        panel="insight"
        charts={charts}
        xDomain={xDomain}
        hoverStep={hoverStep}
        onHover={setHoverStep}
        asTable={false}
        endLabels={visible.length > 1}
      />
    </section>
  );
}
