// THE table of panels: what stands where. The shell lays out the rows; a new tab is a folder under `views/` and one line here.
import { type ComponentType, lazy } from "react";
import { AnswerPanel } from "@/views/answer/AnswerPanel";
import { loadBranches } from "@/views/branches/Branches";
import { DistributionPanel } from "@/views/distribution/DistributionPanel";
import { InspectorPanel } from "@/views/inspector/InspectorPanel";
import { PromptPanel } from "@/views/prompt/PromptPanel";
import { TrainingPanel } from "@/views/training/TrainingPanel";
import type { DrawerTab } from "./shell";

export interface Panel {
  readonly id: string;
  readonly title: string;
  readonly Component: ComponentType;
}

/** The panels of the upper part, left to right; Answer and Distribution share a column. */
export const panels = {
  prompt: { id: "prompt", title: "Input", Component: PromptPanel },
  answer: { id: "answer", title: "Answer", Component: AnswerPanel },
  distribution: { id: "distribution", title: "Distribution", Component: DistributionPanel },
  inspector: { id: "inspector", title: "Inspector", Component: InspectorPanel },
} as const satisfies Readonly<Record<string, Panel>>;

// What is not shown at first comes in files of its own, so that the page opens without it.
const loaders = {
  step: async () => (await import("@/views/step/StepPanel")).StepPanel,
  rollouts: async () => (await import("@/views/rollouts/RolloutsPanel")).RolloutsPanel,
  insight: async () => (await import("@/views/insight/InsightPanel")).InsightPanel,
  evaluation: async () => (await import("@/views/evaluation/EvaluationPanel")).EvaluationPanel,
  runs: async () => (await import("@/views/runs/RunsPanel")).RunsPanel,
  study: async () => (await import("@/views/study/StudyPanel")).StudyPanel,
  settings: async () => (await import("@/views/settings/SettingsPanel")).SettingsPanel,
  system: async () => (await import("@/views/system/SystemPanel")).SystemPanel,
  models: async () => (await import("@/views/models/ModelsPanel")).ModelsPanel,
} as const satisfies Partial<Record<DrawerTab | "models", () => Promise<ComponentType>>>;

function later(panel: keyof typeof loaders): ComponentType {
  return lazy(async () => ({ default: await loaders[panel]() }));
}

/** The tabs of the training drawer. */
export const drawerPanels: readonly (Panel & { readonly id: DrawerTab })[] = [
  { id: "charts", title: "Charts", Component: TrainingPanel },
  { id: "step", title: "Step", Component: later("step") },
  { id: "rollouts", title: "Rollouts", Component: later("rollouts") },
  { id: "insight", title: "Insight", Component: later("insight") },
  { id: "evaluation", title: "Evaluation", Component: later("evaluation") },
  { id: "runs", title: "Runs", Component: later("runs") },
  { id: "study", title: "Study", Component: later("study") },
  { id: "settings", title: "Settings", Component: later("settings") },
  { id: "system", title: "System", Component: later("system") },
];

/** What the dialog of models shows. */
export const modelsPanel: Panel = { id: "models", title: "Models", Component: later("models") };

/** Fetches what is not shown at first while nothing else is going on, so that it opens at once and offline. */
export async function fetchLaterPanels(): Promise<void> {
  await Promise.allSettled([...Object.values(loaders), loadBranches].map((load) => load()));
}
