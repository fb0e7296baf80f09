// What is open in the Step tab: stage, question, rollout, token, and rewards that were edited for a training step. The shown answer's
// edits are the session's (state/session.ts), because the whole page follows them. Not undoable, not in the address.

import { create } from "zustand";
import type { StepReport } from "@/protocol/training";

/** The stages of a step, in their order. */
export const stageIds = ["rollouts", "rewards", "advantages", "shaping", "mask", "loss", "change"] as const;
export type StageId = (typeof stageIds)[number];

interface StepViewState {
  /** Null takes the training step when there is one. */
  readonly kind: "step" | "answer" | null;
  readonly stage: StageId;
  readonly group: number;
  /** Index of the rollout in the step; null takes the group's first. */
  readonly rollout: number | null;
  /** Null takes the token that depends most on the image. */
  readonly token: number | null;
  /** What-if rewards of one step, by index of the rollout. */
  readonly edits: { readonly report: StepReport; readonly rewards: Readonly<Record<number, number>> } | null;
  set(values: Partial<Pick<StepViewState, "kind" | "stage" | "group" | "rollout" | "token">>): void;
  /** Null goes back to the measured one. */
  editReward(report: StepReport, rollout: number, reward: number | null): void;
  clearEdits(): void;
}

/** The tab's own store. */
export const useStepView = create<StepViewState>()((set) => ({
  kind: null,
  stage: "rollouts",
  group: 0,
  rollout: null,
  token: null,
  edits: null,
  set: (values) => set(values),
  editReward: (report, rollout, reward) =>
    set(({ edits }) => {
      const { [rollout]: _, ...others } = edits?.report === report ? edits.rewards : {};
      const rewards = reward === null ? others : { ...others, [rollout]: reward };
      return { edits: Object.keys(rewards).length > 0 ? { report, rewards } : null };
    }),
  clearEdits: () => set({ edits: null }),
}));
