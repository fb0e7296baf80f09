// One evaluation in detail: accuracy by family of problems with intervals, what the image is worth, and the result as a file.
import { Download, Play, Trash2 } from "lucide-react";
import { type Estimate, summarise } from "@/rl/evaluation";
import { compareByFamily, type Evaluation, isFinished } from "@/state/evaluations/evaluation";
import { continueEvaluation, deleteEvaluation } from "@/state/evaluations/evaluationJob";
import { useEvaluations } from "@/state/evaluations/evaluations";
import { Button } from "@/ui/Button";
import { saveFile } from "@/ui/saveFile";
import styles from "./EvaluationPanel.module.css";
import { evaluationCsv, evaluationFileName, evaluationJson } from "./evaluationFiles";
import { IntervalBar } from "./IntervalBar";
import { familyText, intervalText, pointsText, rangeText, shareText } from "./wording";

/** Details below the row of a result. */
export function ResultDetails({ evaluation }: { evaluation: Evaluation }) {
  const { seen, masked, createdAt } = evaluation;
  return (
    <div className={styles.details}>
      {seen.length > 0 && <FamilyTable evaluation={evaluation} />}
      <div className={styles.side}>
        {masked.length > 0 && <p>{imageWorth(evaluation)}</p>}
        {logText(evaluation) && <p>{logText(evaluation)}</p>}
        <p className={styles.note}>{`Begun ${new Date(createdAt).toLocaleString()}. ${gradingText(evaluation)}`}</p>
        <Files evaluation={evaluation} />
      </div>
    </div>
  );
}

function imageWorth({ seen, masked }: Evaluation): string {
  const { all } = compareByFamily(masked, seen);
  const range = rangeText(all);
  const rest = all.low > 0 ? "; the rest is guessed." : ": no gain can be told.";
  return `Seeing the image is worth ${pointsText(all.difference)}${range ? ` (95 % ${range})` : ""}${rest}`;
}

/** Where a result stands besides here; null where it belongs to no step. */
function logText(evaluation: Evaluation): string | null {
  const { run, step } = evaluation.subject;
  if (step === undefined || !isFinished(evaluation)) return null;
  return `In charts and log of ${run?.name ?? "the run"} it stands at step ${step} as val/accuracy_reward, the official name.`;
}

const rewardNames = {
  official: "official grading",
  official_format: "official grading",
  exact: "exact match",
  choice: "multiple choice",
  numeric: "number within a tolerance",
  custom: "the user's own function",
} as const;

function gradingText({ plan }: Evaluation): string {
  return `Graded by ${rewardNames[plan.reward.kind]}; answers of at most ${plan.sampling.maxNewTokens} tokens.`;
}

function FamilyTable({ evaluation: { seen, masked } }: { evaluation: Evaluation }) {
  const { perFamily, accuracy } = summarise(seen);
  const blind = masked.length > 0 ? summarise(masked) : null;
  const rows = Object.entries(perFamily).sort(([a], [b]) => a.localeCompare(b));
  return (
    <table className={styles.families}>
      <caption className="sr-only">Accuracy by family of problems</caption>
      <thead>
        <tr>
          <th scope="col">Family</th>
          <th scope="col">Problems</th>
          <th scope="col">Accuracy</th>
          <th scope="col">95 %</th>
          <td />
          {blind && <th scope="col">Image masked</th>}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, estimate]) => (
          <FamilyRow key={name} name={familyText(name)} estimate={estimate} blind={blind?.perFamily[name] ?? null} />
        ))}
        <FamilyRow name="all" estimate={accuracy} blind={blind?.accuracy ?? null} />
      </tbody>
    </table>
  );
}

function FamilyRow({ name, estimate, blind }: { name: string; estimate: Estimate; blind: Estimate | null }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{estimate.problems}</td>
      <td>{shareText(estimate.value)}</td>
      <td>{intervalText(estimate)}</td>
      <td>
        <IntervalBar interval={estimate} second={blind ?? undefined} />
      </td>
      {blind && <td>{shareText(blind.value)}</td>}
    </tr>
  );
}

function Files({ evaluation }: { evaluation: Evaluation }) {
  const isRunning = useEvaluations((state) => state.running !== null);
  const save = (extension: "csv" | "json", text: string, type: string) =>
    saveFile(evaluationFileName(evaluation, extension), new Blob([text], { type }));
  return (
    <div className={styles.files}>
      <Button label="CSV" icon={<Download aria-hidden />} onPress={() => save("csv", evaluationCsv(evaluation), "text/csv")} />
      <Button
        label="JSON"
        icon={<Download aria-hidden />}
        onPress={() => save("json", evaluationJson(evaluation), "application/json")}
      />
      {!isFinished(evaluation) && (
        <Button
          label="Continue this one"
          icon={<Play aria-hidden />}
          disabled={isRunning}
          onPress={() => void continueEvaluation(evaluation.id)}
        />
      )}
      <Button
        label="Delete the evaluation"
        iconOnly
        tone="danger"
        icon={<Trash2 aria-hidden />}
        onPress={() => void deleteEvaluation(evaluation.id)}
      />
    </div>
  );
}
