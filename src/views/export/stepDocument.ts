// A training step as JSON: everything its report holds, its settings, and which functions of the official trainer compute what, so that a
// reader can put the same numbers through them.
import type { StepReport } from "@/protocol/training";
import { useRuns } from "@/state/runs/runs";
import { equations } from "@/views/equations/equations";
import { provenance } from "./provenance";

/** Every equation of the table with the official function and this page's own. */
const reproducedBy = Object.entries(equations).map(([quantity, { code, official, paper }]) => ({
  quantity,
  official: official ? `${official.file}: ${official.function}` : null,
  here: code,
  paper,
}));

/** The step as plain data. */
export function stepDocument(report: StepReport): unknown {
  const { open, runs } = useRuns.getState();
  const info = runs?.find(({ id }) => id === open?.id);
  const settings = info?.settings.findLast(({ fromStep }) => fromStep <= report.step)?.settings;
  const { images, ...rest } = report;
  return {
    format: "vppo-playground/step",
    version: 1,
    ...provenance(),
    run: info ? { name: info.name, model: info.model ?? null } : null,
    trainSettings: settings ?? null,
    reproducedBy,
    data: { ...rest, pictures: images.map(({ width, height, data }) => ({ width, height, rgb: data })) },
  };
}
