// The training curves of a study, one small chart per arm on common scales: every seed thin, their mean thick, and the mean of the first
// arm dashed to compare with.
import { useMemo, useRef } from "react";
import { useExportSource } from "@/state/exportSources";
import type { StudyPlan } from "@/study/plan";
import { runsOf, type StudyResult } from "@/study/results";
import { type ChartSeries, describeSeries, lineGeometry } from "@/ui/charts/lineGeometry";
import { formatPercent } from "@/ui/formatNumber";
import styles from "./CurveGrid.module.css";
import { curveOf, meanCurve } from "./measures";
import { percentText } from "./wording";

export interface CurveGridProps {
  readonly plan: StudyPlan;
  readonly results: readonly StudyResult[];
  readonly width: number;
  readonly asTable: boolean;
  /** Charts in a row where there is room for them: those of a sweep stand like its cells. */
  readonly columns?: number;
}

const gap = 12;
const least = 168;
const widest = 420;
const height = 112;
/** Step numbers stand so far apart, in pixels. */
const tickRoom = 24;

const seriesOf = (label: string, ys: readonly number[]): ChartSeries => ({ label, xs: ys.map((_, i) => i + 1), ys });

/** The charts or, as a table, the means. */
export function CurveGrid({ plan, results, width, asTable, columns: wanted }: CurveGridProps) {
  const curves = useMemo(
    () =>
      plan.arms.flatMap(({ id, label }) => {
        const runs = runsOf(plan, results, id);
        return runs.length === 0 ? [] : [{ id, label, seeds: runs.map(curveOf), mean: meanCurve(runs) }];
      }),
    [plan, results],
  );
  const values = curves.flatMap(({ seeds }) => seeds.flat()).filter(Number.isFinite);
  const first = curves[0];
  const section = useRef<HTMLElement>(null);
  useExportSource({
    id: "study-curves",
    title: "Accuracy of the training answers, by step",
    panel: "study",
    figure: () => section.current,
    table: () => ({
      columns: ["arm", "label", "seed", "step", "accuracy"],
      rows: curves.flatMap(({ id, label, seeds }) =>
        seeds.flatMap((ys, seed) => ys.map((accuracy, i) => [id, label, seed, i + 1, accuracy])),
      ),
    }),
  });
  if (!first || values.length === 0) return null;
  const room = Math.max(1, Math.floor((width + gap) / (least + gap)));
  const columns = wanted === undefined ? room : Math.min(room, wanted);
  const chartWidth = Math.min(widest, Math.floor((width - gap * (columns - 1)) / columns));
  const title = "Accuracy of the training answers, by step";
  const frame = {
    width: chartWidth,
    height,
    include: [Math.min(...values), Math.max(...values)],
    xDomain: [1, plan.steps] as const,
  };
  return (
    <section ref={section} className={styles.section} aria-label={title}>
      <h3 className={styles.title}>{title}</h3>
      {asTable ? (
        <MeanTable curves={curves} steps={plan.steps} title={title} />
      ) : (
        <div className={styles.grid} style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, ${widest}px))` }}>
          {curves.map(({ id, label, seeds, mean }) => {
            const shown = [
              ...(id === first.id ? [] : [seriesOf("first", first.mean)]),
              ...seeds.map((ys, i) => seriesOf(`seed ${i}`, ys)),
              seriesOf("mean", mean),
            ];
            const { lines, yTicks, xTicks, plot } = lineGeometry(shown, frame);
            const isCrowded = (xTicks[1]?.x ?? 0) - (xTicks[0]?.x ?? 0) < tickRoom;
            const steps = xTicks.filter((_, i) => !isCrowded || i % 2 === 0);
            const kind = (i: number) => (i === lines.length - 1 ? "mean" : id !== first.id && i === 0 ? "first" : "seed");
            return (
              <figure key={id} className={styles.figure}>
                <figcaption className={styles.caption}>{label}</figcaption>
                <svg
                  width={chartWidth}
                  height={height}
                  viewBox={`0 0 ${chartWidth} ${height}`}
                  role="img"
                  aria-label={`${describeSeries(label, mean)}, mean of ${seeds.length} ${seeds.length === 1 ? "seed" : "seeds"}`}
                >
                  {yTicks.map(({ y, label: tick }) => (
                    <g key={tick}>
                      <line className={styles.rule} x1={plot.left} x2={plot.right} y1={y} y2={y} />
                      <text className={styles.tick} x={plot.left - 6} y={y} dy="0.32em" textAnchor="end">
                        {formatPercent(Number(tick))}
                      </text>
                    </g>
                  ))}
                  {steps.map(({ x, label: tick, anchor }) => (
                    <text key={tick} className={styles.tick} x={x} y={height - 4} textAnchor={anchor}>
                      {tick}
                    </text>
                  ))}
                  {lines.map(({ label: line, path }, i) => (
                    <path key={line} className={styles[kind(i)]} d={path} />
                  ))}
                </svg>
              </figure>
            );
          })}
        </div>
      )}
      <p className={styles.note}>
        {asTable
          ? "Means over seeds."
          : `Thick: mean over seeds. Thin: single seeds.${curves.length > 1 ? ` Dashed: ${first.label}, to compare with.` : ""}`}
      </p>
    </section>
  );
}

function MeanTable({
  curves,
  steps,
  title,
}: {
  curves: readonly { readonly id: string; readonly label: string; readonly mean: readonly number[] }[];
  steps: number;
  title: string;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable
    <section className={styles.scroll} aria-label={`${title}, as a table`} tabIndex={0}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Step</th>
            {curves.map(({ id, label }) => (
              <th key={id} scope="col">{`${label}, %`}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: steps }, (_, i) => i).map((i) => (
            <tr key={i}>
              <th scope="row">{i + 1}</th>
              {curves.map(({ id, mean }) => (
                <td key={id}>{percentText(mean[i] ?? Number.NaN)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
