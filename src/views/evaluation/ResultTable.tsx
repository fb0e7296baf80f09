// All evaluations, newest first: what was evaluated, how, accuracy with its 95 % interval, with the image masked, form of the answers;
// the choice of two to compare; and details on request.
import { ChevronDown, ChevronRight } from "lucide-react";
import { Fragment, useId, useRef } from "react";
import { summarise } from "@/rl/evaluation";
import { type Evaluation, isFinished, progressOf } from "@/state/evaluations/evaluation";
import { useEvaluations } from "@/state/evaluations/evaluations";
import { useExportSource } from "@/state/exportSources";
import { formatNumber } from "@/ui/formatNumber";
import { IntervalBar } from "./IntervalBar";
import { ResultDetails } from "./ResultDetails";
import styles from "./ResultTable.module.css";
import { intervalText, settingsText, shareText, subjectTexts, taskText } from "./wording";

/** Table of results. */
export function ResultTable({ evaluations }: { evaluations: readonly Evaluation[] }) {
  const opened = useEvaluations((state) => state.opened);
  const table = useRef<HTMLTableElement>(null);
  useExportSource({
    id: "evaluations",
    title: "Evaluations",
    panel: "evaluation",
    figure: () => table.current,
    table: () => ({
      columns: ["model", "adapter", "task", "settings", "problems", "accuracy", "low_95", "high_95", "masked_accuracy"],
      rows: evaluations.map((one) => {
        const { model, adapter } = subjectTexts(one);
        const { value, low, high } =
          one.seen.length > 0 ? summarise(one.seen).accuracy : { value: Number.NaN, low: Number.NaN, high: Number.NaN };
        const masked = one.masked.length > 0 ? summarise(one.masked).accuracy.value : Number.NaN;
        return [model, adapter, taskText(one.plan), settingsText(one.plan), one.seen.length, value, low, high, masked];
      }),
    }),
    json: () => evaluations,
  });
  return (
    <section className={styles.box} aria-label="Results">
      <table ref={table} className={styles.table}>
        <caption className="sr-only">Evaluations, the newest first</caption>
        <thead>
          <tr>
            <th scope="col">Evaluated</th>
            <th scope="col">Problems</th>
            <th scope="col" colSpan={2} title="Mean over problems of the share of right answers, with its 95 % interval">
              Accuracy, 95 %
            </th>
            <th scope="col" className={styles.number} title="The same with the image blacked out: what guessing gives">
              <span className={styles.hollow} aria-hidden />
              Image masked
            </th>
            <th scope="col" className={styles.number} title="Answers with a closed \boxed{}">
              Boxed
            </th>
            <th scope="col" className={styles.number} title="Mean number of tokens per answer">
              Tokens
            </th>
            <th scope="col" className={styles.choice}>
              Before
            </th>
            <th scope="col" className={styles.choice}>
              After
            </th>
          </tr>
        </thead>
        <tbody>
          {evaluations.map((evaluation) => (
            <Fragment key={evaluation.id}>
              <ResultRow evaluation={evaluation} isOpen={evaluation.id === opened} />
              {evaluation.id === opened && (
                <tr>
                  <td colSpan={9} className={styles.details}>
                    <ResultDetails evaluation={evaluation} />
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function ResultRow({ evaluation, isOpen }: { evaluation: Evaluation; isOpen: boolean }) {
  const set = useEvaluations((state) => state.set);
  const { model, adapter } = subjectTexts(evaluation);
  const { seen, masked, plan } = evaluation;
  const summary = seen.length > 0 ? summarise(seen) : null;
  const blind = masked.length > 0 ? summarise(masked).accuracy : undefined;
  const { done, total } = progressOf(evaluation);
  const Chevron = isOpen ? ChevronDown : ChevronRight;
  return (
    <tr className={styles.row}>
      <th scope="row">
        <button
          type="button"
          className={styles.name}
          aria-expanded={isOpen}
          onClick={() => set({ opened: isOpen ? null : evaluation.id })}
        >
          <Chevron aria-hidden />
          <span>
            {model}
            <span className={styles.second}>{adapter}</span>
          </span>
        </button>
      </th>
      <td>
        {taskText(plan)}
        <span className={styles.second}>
          {settingsText(plan)}
          {!isFinished(evaluation) && `; ${done} of ${total} so far`}
        </span>
      </td>
      <td className={styles.number}>
        {summary ? shareText(summary.accuracy.value) : "–"}
        {summary && <span className={styles.second}>{intervalText(summary.accuracy)}</span>}
      </td>
      <td>{summary && <IntervalBar interval={summary.accuracy} second={blind} />}</td>
      <td className={styles.number}>
        {blind ? shareText(blind.value) : "–"}
        {blind && <span className={styles.second}>{intervalText(blind)}</span>}
      </td>
      <td className={styles.number}>{summary ? shareText(summary.parseable) : "–"}</td>
      <td className={styles.number}>{summary ? formatNumber(summary.meanLength) : "–"}</td>
      <ChoiceCell evaluation={evaluation} side="before" />
      <ChoiceCell evaluation={evaluation} side="after" />
    </tr>
  );
}

function ChoiceCell({ evaluation, side }: { evaluation: Evaluation; side: "before" | "after" }) {
  const id = useId();
  const chosen = useEvaluations((state) => state[side] === evaluation.id);
  const set = useEvaluations((state) => state.set);
  const { model, adapter } = subjectTexts(evaluation);
  const label = `${side === "before" ? "Before" : "After"}: ${model}, ${adapter}, ${settingsText(evaluation.plan)}`;
  return (
    <td className={styles.choice}>
      <label htmlFor={id} className={styles.radio}>
        <span className="sr-only">{label}</span>
        <input
          id={id}
          type="radio"
          name={`evaluation-${side}`}
          checked={chosen}
          onChange={() => set({ [side]: evaluation.id })}
        />
      </label>
    </td>
  );
}
