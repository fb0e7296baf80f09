// What a row of the runs table says, as words. Pure.

import type { RunInfo } from "@/protocol/runs";
import type { ExportTable } from "@/state/exportSources";

/** A run's status, with what the stored word does not know: whether it really trains, and where. */
export function statusText(
  { status, origin }: RunInfo,
  { trains, here }: { readonly trains: boolean; readonly here: boolean },
): string {
  if (trains) return here ? "training" : "trains in another tab";
  if (origin === "log") return "log";
  return status === "running" ? "interrupted" : status;
}

/** "7 of 12"; a run that was taken beyond its target has none. */
export function stepsText({ lastStep, targetStep }: RunInfo): string {
  return targetStep === undefined || targetStep < lastStep ? String(lastStep) : `${lastStep} of ${targetStep}`;
}

/** Where a run comes from: its model, the run it was forked from, or a file of another trainer. */
export function originText({ origin, model, forkedFrom }: RunInfo, runs: readonly RunInfo[]): string {
  if (origin === "log") return "log file";
  const name = model?.name ?? "no model";
  if (!forkedFrom) return name;
  const parent = runs.find(({ id }) => id === forkedFrom.run)?.name ?? "a deleted run";
  return `${name}, from ${parent}, step ${forkedFrom.step}`;
}

/** A run's name as that of a file, in letters every disk takes. */
export function fileNameOf({ name }: RunInfo): string {
  const plain = name
    .normalize("NFKD")
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
    .replaceAll(/^[-.]+|[-.]+$/g, "")
    .slice(0, 60);
  return `${plain || "run"}.vppo-run.zip`;
}

/** The table of runs as a file has it; times as ISO text, accuracy of the newest step as a share. */
export function runsTable(runs: readonly RunInfo[], accuracies: Readonly<Record<string, number>>): ExportTable {
  return {
    columns: ["name", "note", "status", "steps", "target_step", "accuracy", "created", "changed", "origin"],
    rows: runs.map((run) => {
      const accuracy = accuracies[run.id];
      return [
        run.name,
        run.note,
        run.status,
        run.lastStep,
        run.targetStep ?? "",
        accuracy === undefined || Number.isNaN(accuracy) ? "" : accuracy,
        new Date(run.createdAt).toISOString(),
        new Date(run.updatedAt).toISOString(),
        originText(run, runs),
      ];
    }),
  };
}
