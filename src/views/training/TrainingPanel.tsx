// The Charts tab: one small chart per group of metrics, several runs over each other, a cursor they share, smoothing, table view, the
// step slider, and the runs' files. The recorded run is shown until a run of one's own has steps. Runs are started from the top bar.
import { ChevronRight, Table2 } from "lucide-react";
import { useMemo, useState } from "react";
import { baselineSeries, trainingSeries } from "@/client/live";
import { useBaseline } from "@/state/logRuns";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { SeriesLegend } from "@/ui/charts/SeriesLegend";
import { EmptyState, Message } from "@/ui/Message";
import { Slider } from "@/ui/Slider";
import { ChartGrid, useStepDomain } from "./ChartGrid";
import { chartGroupsOf } from "./charts";
import { RunFiles } from "./RunFiles";
import { StepSlider } from "./StepSlider";
import styles from "./TrainingPanel.module.css";
import { baselineId, useChartRuns } from "./useChartRuns";

/** Charts of the training run. */
export function TrainingPanel() {
  const { runs, version } = useChartRuns();
  const [smoothing, setSmoothing] = useState(0);
  const [asTable, setAsTable] = useState(false);
  const [showsMore, setShowsMore] = useState(false);
  const [hoverStep, setHoverStep] = useState<number | null>(null);
  // Beside a run of one's own the recorded run is asked for, because it makes every chart a comparison.
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set([baselineId]));
  const visible = useMemo(() => (runs.length > 1 ? runs.filter(({ id }) => !hidden.has(id)) : runs), [runs, hidden]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the contents of the buffers
  const groups = useMemo(() => chartGroupsOf(visible, smoothing), [visible, smoothing, version]);
  const xDomain = useStepDomain(visible, version);
  const [first] = visible.length > 0 ? visible : runs;
  const [overview, ...others] = groups;
  const grid = { xDomain, hoverStep, onHover: setHoverStep, asTable, endLabels: visible.length > 1 };
  const toggle = (id: string) =>
    setHidden((before) => new Set(before.has(id) ? [...before].filter((one) => one !== id) : [...before, id]));

  return (
    <section className={styles.panel} aria-label="Training charts">
      <div className={styles.tools}>
        {first && <StepSlider steps={first.series.steps()} />}
        <div className={styles.smoothing}>
          <Slider
            compact
            label="Smoothing"
            value={smoothing}
            min={0}
            max={0.99}
            hardMax={0.999}
            step={0.01}
            onChange={setSmoothing}
          />
        </div>
        <Button
          label="View as table"
          iconOnly
          icon={<Table2 aria-hidden />}
          pressed={asTable}
          onPress={() => setAsTable(!asTable)}
        />
        <RunFiles run={first} />
      </div>
      {runs.length > 1 && <SeriesLegend entries={runs} hidden={hidden} onToggle={toggle} />}
      <RunNotes />
      {overview && <ChartGrid {...grid} charts={overview.charts} />}
      {others.length > 0 && (
        <>
          <button type="button" className={styles.more} aria-expanded={showsMore} onClick={() => setShowsMore(!showsMore)}>
            <ChevronRight aria-hidden />
            More charts
            <span className={styles.moreCount}>{others.reduce((count, { charts }) => count + charts.length, 0)}</span>
          </button>
          {showsMore &&
            others.map(({ title, charts }) => (
              <section key={title} className={styles.group} aria-label={title}>
                <h3 className={styles.groupTitle}>{title}</h3>
                <ChartGrid {...grid} charts={charts} />
              </section>
            ))}
        </>
      )}
    </section>
  );
}

/** What the run needs to be told about: recorded, empty, failed, no gradient. */
function RunNotes() {
  const training = useStore((state) => state.training);
  const step = useStore((state) => state.step);
  const baselineName = useBaseline((state) => state.name);
  const isOwn = trainingSeries.length > 0;
  if (training.status === "failed") {
    return <Message tone="bad">{`${training.message} The last good adapter is kept.`}</Message>;
  }
  if (!isOwn && baselineSeries.length === 0) {
    return <EmptyState>No run yet. Press Step to take one optimiser step, or Play to keep going.</EmptyState>;
  }
  if (!isOwn) return <Message>{`${baselineName}. Press Step or Play to train the model yourself.`}</Message>;
  const shown = trainingSeries.report(step ?? trainingSeries.steps().at(-1) ?? 0);
  if (shown && shown.rollouts.length > 0 && shown.rollouts.every(({ advantage }) => advantage === 0)) {
    return (
      <Message tone="warn">
        Every group's rewards were equal in this step, so every advantage is 0 and there is no gradient. Raise the temperature or
        the rollouts per prompt.
      </Message>
    );
  }
  return null;
}
