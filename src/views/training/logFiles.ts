// Saves the shown run as the official logger's files and takes such files in (state/runs/logRuns.ts keeps them). Texts from files are only
// shown as text.

import {
  type ConfigValue,
  type ExperimentLog,
  ExperimentLogError,
  type LoggedStep,
  readExperimentConfig,
  readExperimentLog,
  writeExperimentConfig,
  writeExperimentLog,
} from "@/formats/experimentLog";
import type { TrainSettings } from "@/protocol/training";
import { keepLog } from "@/state/runs/logRuns";
import { useStore } from "@/state/store";
import type { SeriesSource } from "./charts";
import { officialConfig } from "./officialConfig";

export const logName = "experiment_log.jsonl";
export const configName = "experiment_config.json";
const largestBytes = 256 * 2 ** 20;
const toldProblems = 5;
/** Configuration values that a run's note names, where the file has them. */
const notedKeys = [
  "worker.actor.model.model_path",
  "algorithm.adv_estimator",
  "algorithm.use_vppo_on_perception",
  "algorithm.top_p_perception_tokens",
  "algorithm.use_advantage_shaping",
  "algorithm.advantage_scaling_min",
  "algorithm.entropy_penalty_coef",
  "worker.actor.optim.lr",
  "worker.rollout.n",
] as const;

/** The files of a run; the configuration only where its settings are known. */
export function logFilesOf(
  series: SeriesSource,
  name: string,
  settings: TrainSettings | undefined,
): readonly { readonly name: string; readonly blob: Blob }[] {
  const log = { name: logName, blob: new Blob([writeExperimentLog(loggedSteps(series))], { type: "application/jsonl" }) };
  if (!settings) return [log];
  const config = writeExperimentConfig(officialConfig(settings, name));
  return [log, { name: configName, blob: new Blob([config], { type: "application/json" }) }];
}

/** The rows of a series; a metric that a step lacks is left out, one that was not a number cannot be told from it. */
export function* loggedSteps(series: SeriesSource): Generator<LoggedStep> {
  const columns = series.keys().flatMap((key) => (key === "step" ? [] : [[key, series.values(key)] as const]));
  for (const [i, step] of series.steps().entries()) {
    const present = columns.flatMap(([key, values]) => {
      const value = values[i];
      return value === undefined || Number.isNaN(value) ? [] : [[key, value] as const];
    });
    yield { step, metrics: Object.fromEntries(present) };
  }
}

/** Takes the chosen files in and says what came of it; failures become messages, nothing else changes. */
export async function importLogs(files: readonly File[]): Promise<void> {
  const { notify, fail } = useStore.getState();
  const configs = files.filter(({ name }) => name.endsWith(".json"));
  const logs = files.filter((file) => !configs.includes(file));
  try {
    if (logs.length === 0 && files.length > 0)
      throw new ExperimentLogError(`there is no log among the files, only ${configs[0]?.name}`);
    const config = configs[0] && logs.length === 1 ? readExperimentConfig(await textOf(configs[0])) : {};
    for (const file of logs) {
      const log = readExperimentLog(await textOf(file));
      const name = nameOf(config, file.name);
      await keepLog(log.steps, name, noteOf(config, log));
      notify("notice", importedText(name, log));
    }
  } catch (error) {
    fail(error);
  }
}

/** What is said about an imported log. */
export function importedText(name: string, { steps, problems, otherNames }: ExperimentLog): string {
  const told = problems.slice(0, toldProblems).map(({ line, reason }) => `line ${line}: ${reason}`);
  if (problems.length > toldProblems) told.push(`and ${problems.length - toldProblems} more`);
  const lines = `${problems.length} ${problems.length === 1 ? "line was" : "lines were"} left out (${told.join("; ")})`;
  return [
    `${steps.length} ${steps.length === 1 ? "step" : "steps"} of ${name} imported`,
    ...(problems.length > 0 ? [lines] : []),
    ...(otherNames.length > 0
      ? [`values that are no numbers were left out: ${otherNames.slice(0, toldProblems).join(", ")}`]
      : []),
  ]
    .join("; ")
    .concat(".");
}

function nameOf(config: Readonly<Record<string, ConfigValue>>, fileName: string): string {
  const name = config["trainer.experiment_name"];
  const chosen = typeof name === "string" && name.trim() !== "" ? name.trim() : fileName.replace(/\.[a-z]+$/i, "");
  return chosen.slice(0, 120) || "Imported log";
}

function noteOf(config: Readonly<Record<string, ConfigValue>>, log: ExperimentLog): string {
  const known = notedKeys.flatMap((key) => (config[key] === undefined ? [] : [`${key}: ${String(config[key])}`]));
  const left = log.problems.length > 0 ? [`${log.problems.length} broken lines of the file were left out.`] : [];
  return [...known, ...left].join("\n").slice(0, 4000);
}

function textOf(file: File): Promise<string> {
  if (file.size > largestBytes) throw new ExperimentLogError(`${file.name} is larger than ${largestBytes / 2 ** 20} MiB`);
  return file.text();
}
