// A sweep as small multiples in a table: k downwards, β_min across, in every cell the accuracy after training, coloured from the lowest to the
// highest cell, and the seeds it is the mean of. Numbers stand in the cells, so the colour only helps to find them.
import { type CSSProperties, useRef } from "react";
import { useExportSource } from "@/state/exportSources";
import { useStore } from "@/state/store";
import type { Grid } from "@/study/grid";
import { gridTitle } from "@/study/grid";
import type { StudyPlan } from "@/study/plan";
import { runsOf, type StudyResult } from "@/study/results";
import { classes } from "@/ui/classes";
import { binClasses } from "@/ui/color/binClasses";
import { binCount, binVariables } from "@/ui/color/maps";
import styles from "./GridTable.module.css";
import { gridValues } from "./gridValues";
import { percentText, rangeText } from "./wording";

export interface GridTableProps {
  readonly plan: StudyPlan;
  readonly results: readonly StudyResult[];
  readonly grid: Grid;
}

/** The heat table. */
export function GridTable({ plan, results, grid }: GridTableProps) {
  const colourMap = useStore((state) => state.settings.colourMap);
  const { cells, low, high } = gridValues(grid, (arm) => runsOf(plan, results, arm));
  const table = useRef<HTMLTableElement>(null);
  const title = `Accuracy@${plan.evaluation.rollouts} by k and β_min`;
  useExportSource({
    id: "study-grid",
    title,
    panel: "study",
    figure: () => table.current,
    table: () => ({
      columns: ["k", "beta_min", "seeds", "accuracy", "low_95", "high_95"],
      rows: cells.map(({ keepRatio, betaMin, seeds, accuracy }) => [
        keepRatio,
        betaMin,
        seeds,
        ...[accuracy.value, accuracy.low, accuracy.high].map((value) => (Number.isNaN(value) ? "" : value)),
      ]),
    }),
  });
  const place = (value: number) =>
    high > low ? Math.min(binCount - 1, Math.floor(((value - low) / (high - low)) * binCount)) : binCount / 2;
  return (
    <section className={styles.section} aria-label={gridTitle} style={binVariables(colourMap) as CSSProperties}>
      <h3 className={styles.title}>{`${title}, %`}</h3>
      <div className={styles.scroll}>
        <table ref={table} className={styles.table}>
          <thead>
            <tr>
              <td />
              {grid.betaMins.map((betaMin) => (
                <th key={betaMin} scope="col">{`β_min ${betaMin}`}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {grid.keepRatios.map((keepRatio) => (
              <tr key={keepRatio}>
                <th scope="row">{`k ${keepRatio}`}</th>
                {grid.betaMins.map((betaMin) => {
                  const cell = cells.find((one) => one.keepRatio === keepRatio && one.betaMin === betaMin);
                  if (!cell || cell.seeds === 0) {
                    return (
                      <td key={betaMin} className={styles.empty}>
                        {cell ? "not run yet" : "not in this sweep"}
                      </td>
                    );
                  }
                  const { value } = cell.accuracy;
                  return (
                    <td key={betaMin} className={classes(styles.cell, binClasses[place(value)], value === high && styles.best)}>
                      <span className={styles.number}>
                        {percentText(value)}
                        {value === high && high > low && " ★"}
                      </span>
                      <span className={styles.note}>
                        {rangeText(cell.accuracy, percentText) ?? `${cell.seeds} ${cell.seeds === 1 ? "seed" : "seeds"}`}
                      </span>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {Number.isFinite(low) && (
        <figure className={styles.legend}>
          <span>{percentText(low)}</span>
          <div
            className={styles.ramp}
            role="img"
            aria-label={`Colour legend: accuracy, ${percentText(low)} to ${percentText(high)} %`}
          >
            {Array.from({ length: binCount }, (_, bin) => (
              <i key={binClasses[bin]} className={binClasses[bin]} />
            ))}
          </div>
          <figcaption>{`${percentText(high)} %. ★ highest cell; below each number its 95 % interval over seeds, where it has two.`}</figcaption>
        </figure>
      )}
    </section>
  );
}
