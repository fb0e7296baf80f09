// A table of a study: its rows as dot plots side by side where there is room and under each other where not, or as numbers; and under it
// what the intervals allow to say.
import { useMemo, useRef } from "react";
import { useExportSource } from "@/state/exportSources";
import type { StudyPlan } from "@/study/plan";
import type { ArmSummary, StudyResult } from "@/study/results";
import { DotPlot } from "./DotPlot";
import { measuresOf } from "./measures";
import styles from "./StudyTable.module.css";
import { percentText, pointsText, rangeText, rowName, stepsText, verdictOf } from "./wording";

export interface StudyTableProps {
  readonly plan: StudyPlan;
  readonly results: readonly StudyResult[];
  readonly title: string;
  readonly rows: readonly ArmSummary[];
  readonly width: number;
  readonly asTable: boolean;
}

const gap = 24;
/** Below it the plots stand under each other. */
const wideFrom = 860;
/** Shares of the width, in the order of the measures; the first holds the rows' names too. */
const shares = [0.34, 0.26, 0.22, 0.18];

/** One table with its verdict. */
export function StudyTable({ plan, results, title, rows, width, asTable }: StudyTableProps) {
  const measures = useMemo(() => measuresOf(plan, results, { title, rows }), [plan, results, title, rows]);
  const section = useRef<HTMLElement>(null);
  useExportSource({
    id: `study-${title}`,
    title,
    panel: "study",
    figure: () => section.current,
    table: () => ({
      columns: [
        ...["arm", "label", "seeds", "accuracy", "accuracy_low_95", "accuracy_high_95", "difference", "difference_low_95"],
        ...["difference_high_95", "masked_accuracy", "steps_to_target", "seeds_that_reach_it"],
      ],
      rows: rows.map(({ arm, label, seeds, accuracy, againstFirst, masked, stepsToTarget, reached }) => [
        ...[arm, label, seeds, accuracy.value, accuracy.low, accuracy.high],
        ...[againstFirst?.difference ?? "", againstFirst?.low ?? "", againstFirst?.high ?? ""],
        ...[masked.value, stepsToTarget.value, reached],
      ]),
    }),
  });
  const isWide = width >= wideFrom;
  const room = width - gap * (measures.length - 1);
  return (
    <section ref={section} className={styles.section} aria-label={title}>
      <h3 className={styles.title}>{title}</h3>
      {asTable ? (
        <Numbers {...{ plan, title, rows }} />
      ) : (
        <div className={styles.plots} data-stacked={!isWide || undefined}>
          {measures.map((measure, i) => (
            <DotPlot
              key={measure.id}
              measure={measure}
              width={isWide ? Math.floor(room * (shares[i] ?? 0)) : width}
              hasLabels={!isWide || i === 0}
            />
          ))}
        </div>
      )}
      <p className={styles.verdict}>{verdictOf(title, rows)}</p>
    </section>
  );
}

/** Like the table that `npm run study` prints. */
function Numbers({ plan, title, rows }: Pick<StudyTableProps, "plan" | "title" | "rows">) {
  const first = rows[0] ? rowName(title, rows[0].label) : "the first row";
  return (
    // Wide tables scroll, by keyboard too.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable
    <section className={styles.scroll} aria-label={`${title}, as a table`} tabIndex={0}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{title}</th>
            <th scope="col">Seeds</th>
            <th scope="col">{`Accuracy@${plan.evaluation.rollouts}, %`}</th>
            <th scope="col">95 %</th>
            <th scope="col">{`Against ${first}, points`}</th>
            <th scope="col">95 %</th>
            <th scope="col">Image masked, %</th>
            <th scope="col">95 %</th>
            <th scope="col">{`Steps to ${percentText(plan.targetAccuracy).replace(/\.0$/, "")} %`}</th>
            <th scope="col">Seeds that reach it</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ label, arm, seeds, accuracy, againstFirst, masked, stepsToTarget, reached }) => (
            <tr key={arm}>
              <th scope="row">{label}</th>
              <td>{seeds}</td>
              <td>{percentText(accuracy.value)}</td>
              <td>{rangeText(accuracy, percentText) ?? "–"}</td>
              <td>{againstFirst ? pointsText(againstFirst.difference) : "–"}</td>
              <td>{(againstFirst && rangeText(againstFirst, pointsText)) ?? "–"}</td>
              <td>{percentText(masked.value)}</td>
              <td>{rangeText(masked, percentText) ?? "–"}</td>
              <td>{stepsText(stepsToTarget.value)}</td>
              <td>{reached}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
