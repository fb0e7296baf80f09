// What the Settings tab shows, in which groups, and where the knobs stand that have their place elsewhere. Pure.
import { type Setting, type SettingGroup, type SettingKey, settingsTable } from "@/state/settings";

/** One heading of the Settings tab. */
export interface ShownGroup {
  readonly group: SettingGroup;
  readonly title: string;
  /** Whether it is open before anyone has touched it. */
  readonly isOpen: boolean;
}

/** The groups of the Settings tab, in their order. */
export const shownGroups: readonly ShownGroup[] = [
  { group: "method", title: "Method", isOpen: true },
  { group: "task", title: "Task and reward", isOpen: true },
  { group: "batch", title: "Batch", isOpen: true },
  { group: "optimizer", title: "Optimizer", isOpen: true },
  { group: "adapter", title: "What is trained", isOpen: false },
  { group: "loss", title: "Loss", isOpen: false },
  { group: "filtering", title: "Dynamic sampling", isOpen: false },
  { group: "insight", title: "Measurements", isOpen: false },
  { group: "view", title: "View", isOpen: false },
];

const aboveAnswer = "above the answer";
const viewOptions = "above the answer, under View options";
const placesOfKeys: Readonly<Partial<Record<SettingKey, string>>> = {
  keepRatio: aboveAnswer,
  betaMin: aboveAnswer,
  preset: aboveAnswer,
  dependencyMeasure: aboveAnswer,
  colourBy: aboveAnswer,
  scale: aboveAnswer,
  marking: viewOptions,
  granularity: aboveAnswer,
  answerAs: aboveAnswer,
  colourMap: viewOptions,
  colourMax: viewOptions,
  groupValue: viewOptions,
  density: viewOptions,
  whitespace: viewOptions,
  minPixels: "in Input, under Picture size",
  maxPixels: "in Input, under Picture size",
};
const placesOfGroups: Readonly<Partial<Record<SettingGroup, string>>> = {
  sampling: "in Input, under Sampling",
  mask: "in Input, beside the picture",
  model: "in the choice of a model",
  evaluation: "in Evaluation",
};

/** Where a knob stands that is not in the Settings tab; null for those that are. */
export function placeElsewhere({ key, group }: Setting): string | null {
  return placesOfKeys[key] ?? placesOfGroups[group] ?? null;
}

/** Rows that match every word of a search, in label, help, formula, official key or URL key; all rows for an empty one. */
export function findSettings(search: string): readonly Setting[] {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return settingsTable.filter((row) => {
    const { label, key, urlKey, help, formula = "", official = "" } = row;
    const options = row.kind === "choice" ? row.options.map((option) => option.label) : [];
    const text = [label, key, urlKey, help, formula, official, ...options].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
