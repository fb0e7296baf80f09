// What is wrong with settings that are each fine alone, or fine for asking and not for training: one sentence per field, for the
// settings panel and for whoever starts a training; and what this device cannot do. Pure; limits of single values are in the rows, all
// rules in `protocol/trainingChecks.ts`, by which the engine checks everything again.

import type { DeviceReport } from "@/protocol/engine";
import { trainSettingsErrors } from "@/protocol/trainingChecks";
import { tasks } from "@/tasks/registry";
import { trainSettingsOf } from "./requests";
import { type SettingKey, type Settings, settingsTable } from "./settings";

export type SettingProblems = Readonly<Partial<Record<SettingKey, string>>>;

/** Names that differ between the messages to the engine and the settings table. */
const otherNames: Readonly<Record<string, SettingKey>> = {
  "mask.ratio": "maskRatio",
  "mask.cellSize": "maskCellSize",
  "mask.strategy": "maskStrategy",
  "reward.kind": "rewardKind",
  "reward.tolerance": "rewardTolerance",
  "reward.source": "rewardSource",
};

const cache = new WeakMap<Settings, SettingProblems>();

/** The sentence of every field whose value cannot be used for training, or not on this device; empty when all are fine. */
export function settingProblems(settings: Settings, device: DeviceReport | null = null): SettingProblems {
  let problems = cache.get(settings);
  if (!problems) {
    problems = findProblems(settings);
    cache.set(settings, problems);
  }
  return device ? { ...deviceProblems(settings, device), ...problems } : problems;
}

/** The first reason why no training can start with these settings, on this device; null when one can. */
export function trainingBlockedBy(settings: Settings, device: DeviceReport | null = null): string | null {
  return Object.values(settingProblems(settings, device))[0] ?? null;
}

function deviceProblems(settings: Settings, device: DeviceReport): SettingProblems {
  const problems: Partial<Record<SettingKey, string>> = {};
  for (const row of settingsTable) {
    const why = row.kind === "choice" ? row.missing?.(settings[row.key], device) : undefined;
    if (why) problems[row.key] = `${row.label} cannot be used: ${why}. Choose another.`;
  }
  return problems;
}

function findProblems(settings: Settings): SettingProblems {
  const problems: Partial<Record<SettingKey, string>> = {};
  for (const error of trainSettingsErrors(trainSettingsOf(settings), tasks)) {
    const row = rowOf(error.key);
    // A knob that is fine for asking is not said to be wrong altogether.
    const what = row?.group === "sampling" || row?.group === "mask" ? "cannot be used for training" : "cannot be used";
    // The field's own name, where the engine's sentence has the one of the message.
    if (row) problems[row.key] = `${row.label} ${what}: ${error.why}. ${error.todo}.`;
    else problems.preset = error.message;
  }
  return problems;
}

function rowOf(key: string) {
  const name = otherNames[key] ?? key.replace(/^(policy|sampling)\./, "");
  return settingsTable.find((row) => row.key === name);
}
