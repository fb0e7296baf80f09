// What happened in a run, step by step: steps without a gradient, updates that were left out, settings that changed. Pure.

import type { RunInfo } from "@/protocol/runs";
import { knobDifferences } from "@/state/runs/runsKnobs";
import type { ChartMark } from "@/ui/charts/chartMarks";
import type { ChartRun, SeriesSource } from "./charts";

/** The marks of a run, in the order of the steps. */
export function marksOf({ series, settings = [], colour, name }: ChartRun): readonly ChartMark[] {
  const marks = [...flatSteps(series), ...skippedSteps(series), ...settingChanges(settings)];
  return marks.map((mark) => ({ ...mark, text: `${name}, ${mark.text}`, colour })).sort((a, b) => a.step - b.step);
}

type Mark = Omit<ChartMark, "colour">;

/** Every group's rewards were equal: all advantages are 0. */
function flatSteps(series: SeriesSource): readonly Mark[] {
  const steps = series.steps();
  const [highest, lowest] = [series.values("critic/advantages/max"), series.values("critic/advantages/min")];
  return Array.from(steps).flatMap((step, i) =>
    highest[i] === 0 && lowest[i] === 0
      ? [{ step, kind: "flat", text: `step ${step}: no gradient, because all rewards of each group were equal.` } as const]
      : [],
  );
}

function skippedSteps(series: SeriesSource): readonly Mark[] {
  const steps = series.steps();
  const skipped = series.values("vppo/skipped");
  return Array.from(steps).flatMap((step, i) => {
    const count = skipped[i] as number;
    if (!(count > 0)) return [];
    const updates = count === 1 ? "an update was" : `${count} updates were`;
    return [
      { step, kind: "skipped", text: `step ${step}: ${updates} left out, because loss or gradient was not finite.` } as const,
    ];
  });
}

function settingChanges(changes: RunInfo["settings"]): readonly Mark[] {
  return changes.slice(1).flatMap(({ fromStep, settings }, i) => {
    const differences = knobDifferences([changes[i]?.settings, settings]);
    const what = differences.map(({ label, values: [before, after] }) => `${label} ${before} → ${after}`).join(", ");
    return [{ step: fromStep, kind: "settings", text: `step ${fromStep}: ${what || "settings changed"}.` } as const];
  });
}
