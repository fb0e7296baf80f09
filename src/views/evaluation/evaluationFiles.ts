// An evaluation as files: a table of its problems (CSV), and everything with the summary (JSON). Pure.
import { summarise } from "@/rl/evaluation";
import { type Evaluation, isFinished, metricsOf } from "@/state/evaluations/evaluation";

/** One row per problem, in order; the columns of the masked image are empty where it was not asked. */
export function evaluationCsv({ seen, masked }: Evaluation): string {
  const header = "problem,family,answers,right,accuracy,parseable,tokens,masked_right,masked_accuracy";
  const rows = seen.map(({ family, answers, right, parseable, tokens }, i) => {
    const blind = masked[i];
    const blindCells = blind ? [blind.right, blind.right / blind.answers] : ["", ""];
    return [i, quoted(family), answers, right, right / answers, parseable, tokens, ...blindCells].join(",");
  });
  return `${[header, ...rows].join("\n")}\n`;
}

/** The evaluation with what it says: metrics under their names in the log, estimates with 95 % intervals, outcomes. */
export function evaluationJson(evaluation: Evaluation): string {
  const { seen, masked } = evaluation;
  const summary = {
    metrics: metricsOf(evaluation),
    seen: seen.length > 0 ? summarise(seen) : null,
    masked: masked.length > 0 ? summarise(masked) : null,
  };
  return `${JSON.stringify({ finished: isFinished(evaluation), summary, ...evaluation }, null, 2)}\n`;
}

/** A name without what file systems refuse: "evaluation-shapes-vlm-trained-step-12.csv". */
export function evaluationFileName({ subject }: Evaluation, extension: "csv" | "json"): string {
  const words = `evaluation ${subject.model} ${subject.adapter ?? "base"}`.toLowerCase();
  return `${words
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")
    .slice(0, 80)}.${extension}`;
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
