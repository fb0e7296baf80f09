// What a training step says while it runs, and how it is asked to stop.

import type { TrainPhase } from "@/protocol/training";

export interface StepEvents {
  readonly onPhase?: (phase: TrainPhase, done: number, total: number) => void;
  /** A sentence the user should read; the step goes on. */
  readonly onNotice?: (message: string) => void;
  /** Stops at the next safe point: between tokens of the rollouts, never within an update. */
  readonly signal?: AbortSignal;
}
