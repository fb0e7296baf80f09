// Two evaluations of the same problems: the paired difference overall and by family, in words and with intervals. Where the two cannot
// be compared, why not.
import type { Comparison } from "@/rl/evaluation";
import { compareByFamily, type Evaluation, notComparable } from "@/state/evaluation";
import { useEvaluations } from "@/state/evaluations";
import { Message } from "@/ui/Message";
import styles from "./EvaluationPanel.module.css";
import { IntervalBar } from "./IntervalBar";
import { pointsText, rangeText, settingsText, subjectTexts, verdict } from "./wording";

/** Comparison of the two that are chosen; says how to choose while there are not two. */
export function ComparisonView({ evaluations }: { evaluations: readonly Evaluation[] }) {
  const before = useEvaluations((state) => state.before);
  const after = useEvaluations((state) => state.after);
  const [first, second] = [before, after].map((id) => evaluations.find((one) => one.id === id));
  if (evaluations.length < 2) return null;
  return (
    <section className={styles.comparison} aria-label="Comparison">
      <h3 className={styles.heading}>Before and after</h3>
      {first && second ? (
        <Chosen before={first} after={second} />
      ) : (
        <p className={styles.note}>Choose one result under Before and one under After to see what changed.</p>
      )}
    </section>
  );
}

function Chosen({ before, after }: { before: Evaluation; after: Evaluation }) {
  const refusal = notComparable(before, after);
  if (refusal) return <Message tone="warn">{refusal}</Message>;
  const { all, perFamily } = compareByFamily(before.seen, after.seen);
  const hasMasked = before.masked.length > 0 && after.masked.length > 0;
  const blind = hasMasked ? compareByFamily(before.masked, after.masked).all : null;
  const rows = Object.entries(perFamily);
  return (
    <>
      <p className={styles.verdict} role="status">
        {verdict(all, namesOf(before, after))}
      </p>
      {settingsText({ ...before.plan, problems: 1 }) !== settingsText({ ...after.plan, problems: 1 }) && (
        <Message tone="warn">
          The two drew their answers with different settings, so the change is not of the weights alone.
        </Message>
      )}
      <table className={styles.families}>
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
          {rows.map(([name, comparison]) => (
            <ChangeRow key={name} name={name} comparison={comparison} />
          ))}
          <ChangeRow name="all" comparison={all} />
          {blind && <ChangeRow name="all, image masked" comparison={blind} />}
        </tbody>
      </table>
    </>
  );
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
