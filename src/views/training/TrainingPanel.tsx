// The Charts tab: one small chart per group of metrics, a cursor they share, smoothing, table view, the step slider, and the
// run's files. The recorded run is shown until a run of one's own has steps. Runs are started from the top bar.
import { Download, FolderOpen, Save, Table2 } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { baselineSeries, trainingSeries } from "@/client/live";
import { loadAdapter, saveAdapter } from "@/state/modelJob";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { LineChart } from "@/ui/charts/LineChart";
import { EmptyState, Message } from "@/ui/Message";
import { Slider } from "@/ui/Slider";
import { saveFile } from "@/ui/saveFile";
import { useElementWidth } from "@/ui/useElementWidth";
import { adapterBlobs, readAdapterFiles } from "./adapterFiles";
import { chartsOf, runToCsv } from "./charts";
import { StepSlider } from "./StepSlider";
import styles from "./TrainingPanel.module.css";
import { useSeriesVersion } from "./useSeries";

const chartHeight = 132;
const narrowestChart = 232;
const gap = 12;

/** Charts of the training run. */
export function TrainingPanel() {
  const ownVersion = useSeriesVersion(trainingSeries);
  const baselineVersion = useSeriesVersion(baselineSeries);
  const [smoothing, setSmoothing] = useState(0);
  const [asTable, setAsTable] = useState(false);
  const [hoverStep, setHoverStep] = useState<number | null>(null);
  const step = useStore((state) => state.step);
  const setStep = useStore((state) => state.setStep);
  const [grid, width] = useElementWidth<HTMLDivElement>();
  const adapterInput = useRef<HTMLInputElement>(null);
  const modelReady = useStore((state) => state.model.status === "ready");

  const isOwn = trainingSeries.length > 0;
  const run = isOwn ? trainingSeries : baselineSeries;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the versions stand for the contents of the buffers
  const charts = useMemo(() => chartsOf(run, smoothing), [run, smoothing, ownVersion, baselineVersion]);
  const columns = Math.max(1, Math.floor((width + gap) / (narrowestChart + gap)));
  const chartWidth = Math.floor((width - gap * (columns - 1)) / columns) - 22;
  const steps = run.steps();
  const first = steps[0] ?? 0;
  const xDomain = useMemo(() => [first, Math.max(first + 1, steps.at(-1) ?? 1)] as const, [first, steps]);

  return (
    <section className={styles.panel} aria-label="Training charts">
      <div className={styles.tools}>
        {run.length > 0 && <StepSlider steps={steps} />}
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
        <Button
          label="Save the run as CSV"
          iconOnly
          icon={<Download aria-hidden />}
          disabled={run.length === 0}
          onPress={() => saveFile("run.csv", new Blob([runToCsv(run)], { type: "text/csv" }))}
        />
        <span className={styles.divider} />
        <Button label="Save adapter" icon={<Save aria-hidden />} disabled={!modelReady} onPress={() => void saveAdapterFiles()} />
        <Button
          label="Load adapter"
          icon={<FolderOpen aria-hidden />}
          disabled={!modelReady}
          onPress={() => adapterInput.current?.click()}
        />
        <input
          ref={adapterInput}
          type="file"
          multiple
          className="sr-only"
          tabIndex={-1}
          aria-label="Adapter files"
          accept=".json,.safetensors"
          onChange={(event) => {
            void loadAdapterFiles([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
      </div>
      <RunNotes isOwn={isOwn} />
      <div ref={grid} className={styles.grid} style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
        {width > 0 &&
          charts.map(({ chart, ...spec }) => (
            <LineChart
              key={chart}
              {...spec}
              width={chartWidth}
              height={chartHeight}
              xDomain={xDomain}
              hoverStep={hoverStep}
              pinnedStep={step}
              onHover={setHoverStep}
              onPick={setStep}
              asTable={asTable}
            />
          ))}
      </div>
    </section>
  );
}

async function saveAdapterFiles(): Promise<void> {
  const files = await saveAdapter();
  if (files) for (const { name, blob } of adapterBlobs(files)) saveFile(name, blob);
}

async function loadAdapterFiles(chosen: readonly File[]): Promise<void> {
  if (chosen.length === 0) return;
  try {
    const files = await readAdapterFiles(chosen);
    await loadAdapter(files, chosen.map(({ name }) => name).join(" + "));
  } catch (error) {
    useStore.getState().fail(error);
  }
}

/** What the run needs to be told about: recorded, empty, failed, no gradient. */
function RunNotes({ isOwn }: { isOwn: boolean }) {
  const training = useStore((state) => state.training);
  const step = useStore((state) => state.step);
  if (training.status === "failed") {
    return <Message tone="bad">{`${training.message} The last good adapter is kept.`}</Message>;
  }
  if (!isOwn && baselineSeries.length === 0) {
    return <EmptyState>No run yet. Press Step to take one optimiser step, or Play to keep going.</EmptyState>;
  }
  if (!isOwn) return <Message>Recorded run. Press Step or Play to train the model yourself.</Message>;
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
