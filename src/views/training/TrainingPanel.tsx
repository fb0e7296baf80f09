// The Charts tab: one small chart per group of metrics, several runs over each other, a cursor they share, smoothing, logarithmic axis, a
// range of steps, table view, the step slider, and the runs' files. The recorded run is shown until a run of one's own has steps. Runs are
// started from the top bar.
import { ChevronRight, SlidersHorizontal, Table2 } from "lucide-react";
import { lazy, Suspense, useMemo, useState } from "react";
import { baselineSeries, trainingSeries } from "@/client/live";
import { useBaseline } from "@/state/runs/logRuns";
import { recordedRunId, useRunsView } from "@/state/runs/runsView";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { indexRange } from "@/ui/charts/pixelColumns";
import { SeriesLegend } from "@/ui/charts/SeriesLegend";
import { smoothingSpan } from "@/ui/charts/smoothing";
import { EmptyState, Message } from "@/ui/Message";
import { Slider } from "@/ui/Slider";
import { ChartGrid, useStepDomain } from "./ChartGrid";
import { type ChartGroup, chartGroupsOf, searchCharts } from "./charts";
import { MarkLegend } from "./MarkLegend";
import { marksOf } from "./runMarks";
import { StepSlider } from "./StepSlider";
import styles from "./TrainingPanel.module.css";
import { useChartRuns } from "./useChartRuns";
import { ViewTools } from "./ViewTools";

const RunFiles = lazy(async () => ({ default: (await import("./RunFiles")).RunFiles }));

/** Charts of the training run. */
export function TrainingPanel() {
  const { runs, version } = useChartRuns();
  const smoothing = useRunsView((state) => state.smoothing);
  const asTable = useRunsView((state) => state.asTable);
  const search = useRunsView((state) => state.search);
  const zoom = useRunsView((state) => state.zoom);
  const hidden = useRunsView((state) => state.hidden);
  const toggleHidden = useRunsView((state) => state.toggleHidden);
  const set = useRunsView((state) => state.set);
  const [hoverStep, setHoverStep] = useState<number | null>(null);
  const visible = useMemo(() => (runs.length > 1 ? runs.filter(({ id }) => !hidden.has(id)) : runs), [runs, hidden]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the contents of the buffers
  const groups = useMemo(() => chartGroupsOf(visible, asTable ? 0 : smoothing), [visible, smoothing, asTable, version]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the contents of the buffers
  const marks = useMemo(() => visible.flatMap(marksOf), [visible, version]);
  const span = useStepDomain(visible, version);
  const xDomain = zoom ?? span;
  const shownMarks = useMemo(() => marks.filter(({ step }) => step >= xDomain[0] && step <= xDomain[1]), [marks, xDomain]);
  const isDense = visible.some(({ series }) => stepsWithin(series.steps(), xDomain) > denseSteps);
  const [first] = visible.length > 0 ? visible : runs;
  return (
    <section className={styles.panel} aria-label="Training charts">
      <Tools first={first?.series.steps()} span={span}>
        <Suspense>
          <RunFiles run={first} />
        </Suspense>
      </Tools>
      {(runs.length > 1 || shownMarks.length > 0 || smoothing > 0 || isDense) && (
        <div className={styles.legends}>
          {runs.length > 1 && (
            <SeriesLegend entries={runs} hidden={hidden} onToggle={toggleHidden} onEmphasis={(emphasis) => set({ emphasis })} />
          )}
          <MarkLegend marks={shownMarks} />
          <BandNote isDense={isDense} />
        </div>
      )}
      <RunNotes isRecordedOnly={runs.every(({ id }) => id === recordedRunId)} />
      <Charts
        groups={searchCharts(groups, search)}
        isSearched={search.trim() !== "" && groups.length > 0}
        grid={{ xDomain, marks, hoverStep, onHover: setHoverStep, endLabels: visible.length > 1 }}
      />
    </section>
  );
}

function Tools(props: {
  readonly first: ArrayLike<number> | undefined;
  readonly span: readonly [number, number];
  readonly children: React.ReactNode;
}) {
  const { smoothing, isLog, asTable } = useRunsViewKnobs();
  const showsTools = useRunsView((state) => state.showsTools);
  const set = useRunsView((state) => state.set);
  return (
    <>
      <div className={styles.tools}>
        {props.first && <StepSlider steps={props.first} />}
        <div className={styles.smoothing}>
          <Slider
            compact
            label="Smoothing"
            value={smoothing}
            min={0}
            max={0.99}
            hardMax={0.999}
            step={0.01}
            onChange={(value) => set({ smoothing: value })}
          />
        </div>
        <Button label="Log" hint="Logarithmic axis" pressed={isLog} onPress={() => set({ isLog: !isLog })} />
        <Button
          label="Find charts, choose steps"
          iconOnly
          icon={<SlidersHorizontal aria-hidden />}
          pressed={showsTools}
          // What is hidden must not hide charts and steps.
          onPress={() => set(showsTools ? { showsTools: false, search: "", zoom: null } : { showsTools: true })}
        />
        <Button
          label="View as table"
          iconOnly
          icon={<Table2 aria-hidden />}
          pressed={asTable}
          onPress={() => set({ asTable: !asTable })}
        />
        {props.children}
      </div>
      {showsTools && <ViewTools span={props.span} />}
    </>
  );
}

function useRunsViewKnobs() {
  return {
    smoothing: useRunsView((state) => state.smoothing),
    isLog: useRunsView((state) => state.isLog),
    asTable: useRunsView((state) => state.asTable),
  };
}

/** Two steps per pixel of a chart as they are usually wide. */
const denseSteps = 400;

function stepsWithin(steps: ArrayLike<number>, [from, to]: readonly [number, number]): number {
  const [first, end] = indexRange(steps, from, to);
  return end - first;
}

/** What the band behind a line is. */
function BandNote({ isDense }: { readonly isDense: boolean }) {
  const smoothing = useRunsView((state) => state.smoothing);
  const asTable = useRunsView((state) => state.asTable);
  if (asTable || (smoothing === 0 && !isDense)) return null;
  return (
    <span className={styles.note}>
      <span className={styles.bandSign} aria-hidden />
      {smoothing > 0
        ? `lowest to highest of the last ${smoothingSpan(smoothing)} steps, which the line averages`
        : "lowest to highest of the steps that share a pixel; the line is their mean"}
    </span>
  );
}

/** The first group, and the others folded; what a search has found is never folded. */
function Charts(props: {
  readonly groups: readonly ChartGroup[];
  readonly isSearched: boolean;
  readonly grid: Omit<Parameters<typeof ChartGrid>[0], "charts">;
}) {
  const { groups, isSearched, grid } = props;
  const showsMore = useRunsView((state) => state.showsMore);
  const set = useRunsView((state) => state.set);
  if (isSearched) {
    if (groups.length === 0) {
      return (
        <EmptyState>
          No chart has that in its name. <Button label="Show all charts" onPress={() => set({ search: "" })} />
        </EmptyState>
      );
    }
    return groups.map(({ title, charts }) => <NamedGroup key={title} title={title} charts={charts} grid={grid} />);
  }
  const [overview, ...others] = groups;
  return (
    <>
      {overview && <ChartGrid {...grid} charts={overview.charts} />}
      {others.length > 0 && (
        <button type="button" className={styles.more} aria-expanded={showsMore} onClick={() => set({ showsMore: !showsMore })}>
          <ChevronRight aria-hidden />
          More charts
          <span className={styles.moreCount}>{others.reduce((count, { charts }) => count + charts.length, 0)}</span>
        </button>
      )}
      {showsMore && others.map(({ title, charts }) => <NamedGroup key={title} title={title} charts={charts} grid={grid} />)}
    </>
  );
}

function NamedGroup({ title, charts, grid }: ChartGroup & { grid: Omit<Parameters<typeof ChartGrid>[0], "charts"> }) {
  return (
    <section className={styles.group} aria-label={title}>
      <h3 className={styles.groupTitle}>{title}</h3>
      <ChartGrid {...grid} charts={charts} />
    </section>
  );
}

/** What the run needs to be told about: recorded, empty, failed, no gradient. */
function RunNotes({ isRecordedOnly }: { readonly isRecordedOnly: boolean }) {
  const training = useStore((state) => state.training);
  const step = useStore((state) => state.step);
  const recordedName = useBaseline((state) => state.name);
  const isOwn = trainingSeries.length > 0;
  if (training.status === "failed") {
    return <Message tone="bad">{`${training.message} The last good adapter is kept.`}</Message>;
  }
  if (!isOwn && isRecordedOnly && baselineSeries.length === 0) {
    return <EmptyState>No run yet. Press Step to take one optimiser step, or Play to keep going.</EmptyState>;
  }
  if (!isOwn && isRecordedOnly) return <Message>{`${recordedName}. Press Step or Play to train the model yourself.`}</Message>;
  if (!isOwn) return null;
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
