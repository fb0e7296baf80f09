// Charts in as many columns as fit, with one cursor for all of them; a click pins the step for the whole page.
import { useMemo } from "react";
import { useStore } from "@/state/store";
import { LineChart } from "@/ui/charts/LineChart";
import { useElementWidth } from "@/ui/useElementWidth";
import styles from "./ChartGrid.module.css";
import type { ChartRun, ChartSpec } from "./charts";

const chartHeight = 132;
const narrowest = { plain: 232, named: 288 } as const;
const gap = 12;
/** Border and padding of a figure. */
const chartFrame = 22;

export interface ChartGridProps {
  readonly charts: readonly ChartSpec[];
  readonly xDomain: readonly [number, number];
  readonly hoverStep: number | null;
  readonly onHover: (step: number | null) => void;
  readonly asTable: boolean;
  /** Names at the ends of the lines: for several runs. */
  readonly endLabels: boolean;
}

/** A grid of line charts. */
export function ChartGrid({ charts, xDomain, hoverStep, onHover, asTable, endLabels }: ChartGridProps) {
  const step = useStore((state) => state.step);
  const setStep = useStore((state) => state.setStep);
  const [grid, width] = useElementWidth<HTMLDivElement>();
  const least = endLabels ? narrowest.named : narrowest.plain;
  const columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
  const chartWidth = Math.floor((width - gap * (columns - 1)) / columns) - chartFrame;
  return (
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
            onHover={onHover}
            onPick={setStep}
            asTable={asTable}
            endLabels={endLabels}
          />
        ))}
    </div>
  );
}

/** The steps that all charts span. */
export function useStepDomain(runs: readonly ChartRun[], version: number): readonly [number, number] {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the contents of the buffers
  return useMemo(() => {
    const steps = runs.map(({ series }) => series.steps()).filter(({ length }) => length > 0);
    if (steps.length === 0) return [0, 1];
    const first = Math.min(...steps.map((one) => one[0] as number));
    return [first, Math.max(first + 1, ...steps.map((one) => one.at(-1) as number))];
  }, [runs, version]);
}
