// THE table of panels: what stands where. The shell lays out the rows; a new tab is a folder under `views/` and one line here.
import type { ComponentType } from "react";
import { AnswerPanel } from "@/views/answer/AnswerPanel";
import { DistributionPanel } from "@/views/distribution/DistributionPanel";
import { EvaluationPanel } from "@/views/evaluation/EvaluationPanel";
import { InsightPanel } from "@/views/insight/InsightPanel";
import { InspectorPanel } from "@/views/inspector/InspectorPanel";
import { PromptPanel } from "@/views/prompt/PromptPanel";
import { RolloutsPanel } from "@/views/rollouts/RolloutsPanel";
import { RunsPanel } from "@/views/runs/RunsPanel";
import { SettingsPanel } from "@/views/settings/SettingsPanel";
import { StudyPanel } from "@/views/study/StudyPanel";
import { SystemPanel } from "@/views/system/SystemPanel";
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

/** The tabs of the training drawer. */
export const drawerPanels: readonly (Panel & { readonly id: DrawerTab })[] = [
  { id: "charts", title: "Charts", Component: TrainingPanel },
  { id: "rollouts", title: "Rollouts", Component: RolloutsPanel },
  { id: "insight", title: "Insight", Component: InsightPanel },
  { id: "evaluation", title: "Evaluation", Component: EvaluationPanel },
  { id: "runs", title: "Runs", Component: RunsPanel },
  { id: "study", title: "Study", Component: StudyPanel },
  { id: "settings", title: "Settings", Component: SettingsPanel },
  { id: "system", title: "System", Component: SystemPanel },
];
