// What the page and the engine are doing: device, model, the running job, the input, and messages that stay until dismissed.
// Small values only, except the input picture, which is one immutable object.

import type { StateCreator } from "zustand";
import type { RgbImage } from "@/image/rgbImage";
import { describeError } from "@/lib/errors";
import type { DeviceReport, ModelReport } from "@/protocol/engine";
import type { LoadProgress, LoadTimes, MemoryPlan } from "@/protocol/model";
import type { TrainPhase } from "@/protocol/training";
import type { AppState } from "./store";

export type ModelStatus =
  | { readonly status: "none" }
  | {
      readonly status: "loading";
      /** What the model is called until it says so itself. */
      readonly name: string;
      readonly plan: MemoryPlan | null;
      /** Null until the first bytes. */
      readonly progress: LoadProgress | null;
    }
  | { readonly status: "ready"; readonly model: ModelReport; readonly times: LoadTimes | null }
  | { readonly status: "failed"; readonly name: string; readonly message: string };

export type AskStatus =
  | { readonly status: "idle" }
  | { readonly status: "running"; readonly rollouts: number }
  | { readonly status: "finished"; readonly tokensPerSecond: number; readonly stopped: boolean }
  | { readonly status: "failed"; readonly message: string };

export type TrainingStatus =
  | { readonly status: "idle"; readonly step: number }
  | {
      readonly status: "running";
      readonly step: number;
      readonly phase: TrainPhase;
      readonly done: number;
      readonly total: number;
      /** True between the wish to pause and the safe point. */
      readonly pausing: boolean;
    }
  | { readonly status: "failed"; readonly step: number; readonly message: string };

/** What Ask sends: the picture, the question and, for generated samples, the known answer. */
export interface AskInput {
  readonly image: RgbImage | null;
  /** Pictures after the first one, in the order of the prompt. */
  readonly moreImages: readonly RgbImage[];
  readonly question: string;
  readonly answer: string | null;
  readonly sample: string | null;
}

/** Where the shown answer comes from. */
export type AnswerSource = "none" | "recorded" | "live" | "training" | "file";

export interface StatusMessage {
  readonly id: number;
  readonly tone: "error" | "notice";
  readonly text: string;
}

/** What went away under the page: the GPU device, or the whole engine worker. */
export type Loss = "device" | "engine";

export interface SessionSlice {
  readonly device: DeviceReport | null;
  /** Set by a failure that only a reload mends; null while all is there. */
  readonly loss: Loss | null;
  readonly model: ModelStatus;
  readonly ask: AskStatus;
  readonly training: TrainingStatus;
  readonly input: AskInput;
  /** Tokens of the last asked question with its pictures; null before the first. */
  readonly promptTokens: number | null;
  readonly source: AnswerSource;
  /** Rewards the user set by hand, by rollout index of the shown answer. */
  readonly rewardEdits: Readonly<Record<number, number>>;
  readonly messages: readonly StatusMessage[];
  setDevice(device: DeviceReport | null): void;
  setLoss(loss: Loss | null): void;
  setModel(model: ModelStatus): void;
  setAsk(ask: AskStatus): void;
  setTraining(training: TrainingStatus): void;
  setInput(input: Partial<AskInput>): void;
  setPromptTokens(count: number): void;
  setSource(source: AnswerSource): void;
  /** Sets a what-if reward; null goes back to the measured one. */
  editReward(rollout: number, reward: number | null): void;
  clearRewardEdits(): void;
  notify(tone: StatusMessage["tone"], text: string): void;
  /** Shows any thrown thing as an error message and returns its sentence. */
  fail(error: unknown): string;
  dismiss(id: number): void;
}

const keptMessages = 20;

/** Failures after which nothing works until it is reloaded, by name (gpu/errors.ts, client/engineClient.ts). */
const losses: Readonly<Record<string, Loss>> = { DeviceLostError: "device", EngineCrashError: "engine" };

/** The session part of the store. */
export const createSessionSlice: StateCreator<AppState, [], [], SessionSlice> = (set, get) => ({
  device: null,
  loss: null,
  model: { status: "none" },
  ask: { status: "idle" },
  training: { status: "idle", step: 0 },
  input: { image: null, moreImages: [], question: "", answer: null, sample: null },
  promptTokens: null,
  source: "none",
  rewardEdits: {},
  messages: [],
  setDevice: (device) => set({ device }),
  setLoss: (loss) => set({ loss }),
  setModel: (model) => set({ model }),
  setAsk: (ask) => set({ ask }),
  setTraining: (training) => set({ training }),
  setInput: (input) => set((state) => ({ input: { ...state.input, ...input } })),
  setPromptTokens: (promptTokens) => set({ promptTokens }),
  setSource: (source) => set({ source }),
  editReward: (rollout, reward) =>
    set((state) => {
      const { [rollout]: _, ...others } = state.rewardEdits;
      return { rewardEdits: reward === null ? others : { ...others, [rollout]: reward } };
    }),
  clearRewardEdits: () => set({ rewardEdits: {} }),
  notify: (tone, text) =>
    set((state) => {
      if (state.messages.some((message) => message.text === text)) return state;
      const id = (state.messages.at(-1)?.id ?? 0) + 1;
      return { messages: [...state.messages, { id, tone, text }].slice(-keptMessages) };
    }),
  fail: (error) => {
    const report = reportOf(error);
    if (report.name !== "AbortError") get().notify("error", report.message);
    const loss = losses[report.name];
    if (loss) set({ loss });
    return report.message;
  },
  dismiss: (id) => set((state) => ({ messages: state.messages.filter((message) => message.id !== id) })),
});

/** The sentence for any thrown thing. */
export function messageOf(error: unknown): string {
  return reportOf(error).message;
}

/** True when the failure is the user's own wish. */
export function isAbort(error: unknown): boolean {
  return reportOf(error).name === "AbortError";
}

function reportOf(error: unknown): { readonly name: string; readonly message: string } {
  return isErrorReport(error) ? error : describeError(error);
}

/** True for the plain error object that a failed call of the engine rejects with. */
function isErrorReport(error: unknown): error is { readonly name: string; readonly message: string } {
  return (
    typeof error === "object" &&
    error !== null &&
    !(error instanceof Error) &&
    "name" in error &&
    typeof error.name === "string" &&
    "message" in error &&
    typeof error.message === "string"
  );
}
