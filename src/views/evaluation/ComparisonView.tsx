// Two evaluations of the same problems: the paired difference overall and by family, in words and with intervals. Where the two cannot
// be compared, why not.
import { useRef } from "react";
import type { Comparison } from "@/rl/evaluation";
import { compareByFamily, type Evaluation, notComparable } from "@/state/evaluations/evaluation";
import { useEvaluations } from "@/state/evaluations/evaluations";
import { useExportSource } from "@/state/exportSources";
import { Message } from "@/ui/Message";
import styles from "./EvaluationPanel.module.css";
import { IntervalBar } from "./IntervalBar";
import { familyText, pointsText, rangeText, settingsText, subjectTexts, verdict } from "./wording";

interface ComparisonProps {
  readonly evaluations: readonly Evaluation[];
}

/** What changed, in one sentence; how to choose while there are not two, and why not where the two cannot be compared. */
export function Verdict({ evaluations }: ComparisonProps) {
  const { before, after } = useChosen(evaluations);
  if (evaluations.length < 2) return null;
  if (!before || !after) {
    return <p className={styles.note}>Choose one result under Before and one under After to see what changed.</p>;
  }
  const refusal = notComparable(before, after);
  if (refusal) return <Message tone="warn">{refusal}</Message>;
  const { all } = compareByFamily(before.seen, after.seen);
  return (
    <p className={styles.verdict} role="status" aria-label="What changed">
      {verdict(all, namesOf(before, after))}
    </p>
  );
}

/** The change by family of problems; nothing while no two are chosen that can be compared. */
export function Changes({ evaluations }: ComparisonProps) {
  const { before, after } = useChosen(evaluations);
  const table = useRef<HTMLTableElement>(null);
  const compared = before && after && !notComparable(before, after) ? compareByFamily(before.seen, after.seen) : null;
  useExportSource(
    compared && {
      id: "evaluation-change",
      title: "Change by family",
      panel: "evaluation",
      figure: () => table.current,
      table: () => ({
        columns: ["family", "problems", "difference", "low_95", "high_95"],
        rows: Object.entries({ ...compared.perFamily, all: compared.all }).map(([name, { problems, difference, low, high }]) => [
          name,
          problems,
          difference,
          low,
          high,
        ]),
      }),
    },
  );
  if (!before || !after || !compared) return null;
  const { all, perFamily } = compared;
  const hasMasked = before.masked.length > 0 && after.masked.length > 0;
  const isDrawnAlike = settingsText({ ...before.plan, problems: 1 }) === settingsText({ ...after.plan, problems: 1 });
  return (
    <section className={styles.comparison} aria-label="Change by family">
      <h3 className={styles.heading}>From before to after</h3>
      {!isDrawnAlike && (
        <Message tone="warn">
          The two drew their answers with different settings, so the change is not of the weights alone.
        </Message>
      )}
      <table ref={table} className={styles.families}>
        <caption className="sr-only">Change by family of problems</caption>
        <thead>
          <tr>
            <th scope="col">Family</th>
            <th scope="col">Problems</th>
            <th scope="col">Change</th>
            <th scope="col">95 %</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {Object.entries(perFamily).map(([name, comparison]) => (
            <ChangeRow key={name} name={familyText(name)} comparison={comparison} />
          ))}
          <ChangeRow name="all" comparison={all} />
          {hasMasked && <ChangeRow name="all, image masked" comparison={compareByFamily(before.masked, after.masked).all} />}
        </tbody>
      </table>
    </section>
  );
}

function useChosen(evaluations: readonly Evaluation[]) {
  const before = useEvaluations((state) => state.before);
  const after = useEvaluations((state) => state.after);
  return { before: evaluations.find(({ id }) => id === before), after: evaluations.find(({ id }) => id === after) };
}

/** Names that tell the two apart: what they carry, else the models, else their places. */
function namesOf(before: Evaluation, after: Evaluation): { readonly before: string; readonly after: string } {
  const [first, second] = [subjectTexts(before), subjectTexts(after)];
  if (first.model !== second.model) return { before: first.model, after: second.model };
  if (first.adapter === second.adapter) return { before: "the first", after: "the second" };
  const name = (adapter: string) => (adapter === "without adapter" ? `${first.model} ${adapter}` : adapter);
  return { before: name(first.adapter), after: name(second.adapter) };
}

function ChangeRow({ name, comparison }: { name: string; comparison: Comparison }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{comparison.problems}</td>
      <td>{pointsText(comparison.difference)}</td>
      <td>{rangeText(comparison) ?? "–"}</td>
      <td>
        <IntervalBar interval={{ ...comparison, value: comparison.difference }} domain={[-1, 1]} />
      </td>
    </tr>
  );
}
