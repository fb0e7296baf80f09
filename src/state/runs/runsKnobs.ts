// The way back from a run's settings to the knobs: what `requests.ts` makes of knobs, undone, so that opening a run can move them and two
// runs can be compared knob by knob. Pure.

import type { TrainSettings } from "@/protocol/training";
import type { PolicySettings } from "@/rl/settings";
import { formatNumber } from "@/ui/formatNumber";
import { knobsOfPolicy, type PresetName, presets } from "../presets";
import { type Setting, type SettingKey, type Settings, settingsTable } from "../settings";
import { sameValue } from "./runsCurrent";

/** The knobs that stand for a run's settings; the method is the one whose policy is nearest. */
export function knobsOfRun(train: TrainSettings): Partial<Settings> {
  const { policy, sampling, mask, reward, pixels, loraTargets, difficulty, ...rest } = train;
  const { temperature, topP, topK, maxNewTokens } = sampling;
  const targets = loraTargetsOf(loraTargets);
  return {
    ...plainKnobs(rest),
    ...knobsOfPolicy(policy),
    preset: nearestPreset(policy),
    temperature,
    topP,
    topK,
    maxNewTokens,
    maskStrategy: mask.strategy,
    maskRatio: mask.ratio,
    maskCellSize: mask.cellSize,
    maskSeed: mask.seed,
    maskSharing: mask.sharing,
    minPixels: pixels?.minPixels ?? 0,
    maxPixels: pixels?.maxPixels ?? 0,
    difficulty: difficulty === undefined ? "0" : String(difficulty),
    rewardKind: reward.kind,
    rewardTolerance: reward.tolerance,
    ...(reward.source === undefined ? {} : { rewardSource: reward.source }),
    ...(targets ? { loraTargets: targets } : {}),
  };
}

/** Settings of a run that have the same name as their knob. */
function plainKnobs(
  rest: Omit<TrainSettings, "policy" | "sampling" | "mask" | "reward" | "pixels" | "loraTargets" | "difficulty">,
): Partial<Settings> {
  return rest satisfies Partial<Settings>;
}

function loraTargetsOf(targets: TrainSettings["loraTargets"]): Settings["loraTargets"] | undefined {
  const name = (["text", "projector", "vision"] as const).filter((part) => targets.includes(part)).join("_");
  return name === "text" || name === "text_projector" || name === "text_projector_vision" ? name : undefined;
}

/** The first method with this policy, or the one that differs from it in the fewest places. */
export function nearestPreset(policy: PolicySettings): PresetName {
  const names = Object.keys(presets).filter((name): name is PresetName => name in presets);
  const distance = (name: PresetName) =>
    Object.entries(presets[name].policy).filter(([key, value]) => !sameValue(value, Reflect.get(policy, key))).length;
  return names.reduce((best, name) => (distance(name) < distance(best) ? name : best));
}

/** A knob that runs do not share, with its value in each as text; a dash where a run has none. */
export interface KnobDifference {
  readonly key: SettingKey;
  readonly label: string;
  readonly help: string;
  readonly values: readonly string[];
}

/** The knobs in which runs differ, in the order of the settings table. A run without settings has a dash everywhere. */
export function knobDifferences(runs: readonly (TrainSettings | undefined)[]): readonly KnobDifference[] {
  const knobs = runs.map((train) => (train ? knobsOfRun(train) : undefined));
  const known = knobs.filter((one) => one !== undefined);
  return settingsTable.flatMap((row) => {
    const [first, ...others] = known.map((one) => one[row.key]);
    if (others.every((value) => sameValue(value, first))) return [];
    return [{ key: row.key, label: row.label, help: row.help, values: knobs.map((one) => knobText(row, one?.[row.key])) }];
  });
}

/** A knob's value as its control says it. */
export function knobText(row: Setting, value: Settings[SettingKey] | undefined): string {
  if (value === undefined) return "–";
  switch (row.kind) {
    case "number":
      if (value === 0 && row.zeroText) return row.zeroText;
      return `${formatNumber(Number(value))}${row.unit ? ` ${row.unit}` : ""}`;
    case "choice":
      return row.options.find((option) => option.value === value)?.label ?? String(value);
    case "switch":
      return value ? "on" : "off";
    case "text":
      return `${String(value).split("\n").length} lines`;
    default:
      return row satisfies never;
  }
}
