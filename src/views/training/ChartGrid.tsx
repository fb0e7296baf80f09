// Charts in as many columns as fit, with one cursor for all of them; a click pins the step for the whole page, a drag chooses the steps
// that all charts show.
import { useMemo, useRef } from "react";
import { useExportSource } from "@/state/exportSources";
import { useRunsView } from "@/state/runs/runsView";
import { useStore } from "@/state/store";
import type { ChartMark } from "@/ui/charts/chartMarks";
import { LineChart } from "@/ui/charts/LineChart";
import { useElementWidth } from "@/ui/useElementWidth";
import styles from "./ChartGrid.module.css";
import { type ChartRun, type ChartSpec, chartTable } from "./charts";

const chartHeight = 132;
const narrowest = { plain: 232, named: 288 } as const;
const gap = 12;
/** Border and padding of a figure. */
const chartFrame = 22;

export interface ChartGridProps {
  readonly charts: readonly ChartSpec[];
  readonly xDomain: readonly [number, number];
  readonly marks?: readonly ChartMark[];
  /** Numbers in place of drawings; as the Charts tab has it without it. */
  readonly asTable?: boolean;
  /** The panel whose menu offers the charts as files. */
  readonly panel?: string;
  readonly hoverStep: number | null;
  readonly onHover: (step: number | null) => void;
  /** Names at the ends of the lines: for several runs. */
  readonly endLabels: boolean;
}

/** A grid of line charts. */
export function ChartGrid({ charts, endLabels, ...shared }: ChartGridProps) {
  const [grid, width] = useElementWidth<HTMLDivElement>();
  const least = endLabels ? narrowest.named : narrowest.plain;
  const columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
  const chartWidth = Math.floor((width - gap * (columns - 1)) / columns) - chartFrame;
  return (
    <div ref={grid} className={styles.grid} style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
      {width > 0 &&
        charts.map((spec) => (
          <RunChart key={spec.chart} spec={spec} {...shared} endLabels={endLabels} width={Math.max(chartWidth, 120)} />
        ))}
    </div>
  );
}

function RunChart({
  spec,
  width,
  panel = "charts",
  ...shared
}: Omit<ChartGridProps, "charts"> & { spec: ChartSpec; width: number }) {
  const step = useStore((state) => state.step);
  const setStep = useStore((state) => state.setStep);
  const isLog = useRunsView((state) => state.isLog);
  const asTableThere = useRunsView((state) => state.asTable);
  const zoom = useRunsView((state) => state.zoom);
  const emphasis = useRunsView((state) => state.emphasis);
  const set = useRunsView((state) => state.set);
  const box = useRef<HTMLDivElement>(null);
  const { chart, sources, ...look } = spec;
  useExportSource({
    id: `chart-${chart.replaceAll(/[^A-Za-z0-9]+/g, "-")}`,
    title: spec.title,
    panel,
    table: () => chartTable(spec, zoom),
    figure: () => box.current?.querySelector("svg") ?? null,
  });
  return (
    <div ref={box} className={styles.cell}>
      <LineChart
        {...look}
        {...shared}
        width={width}
        height={chartHeight}
        yScale={isLog ? "log" : "linear"}
        asTable={shared.asTable ?? asTableThere}
        emphasis={emphasis}
        pinnedStep={step}
        onPick={setStep}
        onZoom={(range) => set({ zoom: zoomed(range, shared.xDomain), showsTools: true })}
      />
    </div>
  );
}

/** A dragged range inside what is shown, at least one step wide. */
function zoomed([from, to]: readonly [number, number], [first, last]: readonly [number, number]): readonly [number, number] {
  const start = Math.min(Math.max(from, first), last - 1);
  return [start, Math.max(start + 1, Math.min(to, last))];
}

/** The steps that all runs span. */
export function useStepDomain(runs: readonly ChartRun[], version: number): readonly [number, number] {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the contents of the buffers
  return useMemo(() => {
    const steps = runs.map(({ series }) => series.steps()).filter(({ length }) => length > 0);
    if (steps.length === 0) return [0, 1];
    const first = Math.min(...steps.map((one) => one[0] as number));
    return [first, Math.max(first + 1, ...steps.map((one) => one.at(-1) as number))];
  }, [runs, version]);
}
