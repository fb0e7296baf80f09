// Runs: what is kept of a training run so that it can go on after the tab was closed, be forked, compared, exported. The engine
// writes through `RunJournal` after every step; the page reads. Both sides of the worker boundary share one database.

import type { ModelSource, PrecisionChoice } from "./model";
import type { StepReport, TrainSettings } from "./training";

/** The model a run trains, as much as is needed to load it again and to refuse another. */
export interface RunModel {
  readonly name: string;
  readonly family: string;
  /** Absent for a local folder, which has to be chosen again. */
  readonly source?: ModelSource;
  readonly precision: PrecisionChoice;
  readonly parameters: number;
}

/** Settings that hold from a step on, until the next change. */
export interface SettingsChange {
  readonly fromStep: number;
  readonly settings: TrainSettings;
}

/** "running" is also what stays when the page was closed in the middle of a step. */
export type RunStatus = "running" | "paused" | "failed" | "finished";

export interface RunInfo {
  readonly id: string;
  readonly name: string;
  readonly note: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly status: RunStatus;
  /** Where it came from: trained here, or a log file of another trainer. */
  readonly origin: "trained" | "log";
  readonly model?: RunModel;
  readonly settings: readonly SettingsChange[];
  /** Steps that are stored. */
  readonly lastStep: number;
  /** Steps it was asked to take in all; absent when it plays until paused. */
  readonly targetStep?: number;
  readonly forkedFrom?: { readonly run: string; readonly step: number };
}

/** What one step leaves behind. */
export interface StepEntry {
  readonly report: StepReport;
  /** The settings the step was taken with. */
  readonly settings: TrainSettings;
  /** Adapter, optimizer state and counters after the step (`engine/training/trainerState.ts`). */
  readonly state: Uint8Array;
}

/** Where the engine stores the steps of a run. */
export interface RunJournal {
  /** Stores what a run begins with, where its settings alone do not say it: an adapter that was loaded. Rejects as `commit` does. */
  begin(run: string, state: Uint8Array): Promise<void>;
  /** The newest stored state of a run; undefined for a run without steps that began with a fresh adapter. */
  lastState(run: string): Promise<{ readonly step: number; readonly state: Uint8Array } | undefined>;
  /** Stores a step and the state after it: both or neither. Rejects with a UserError when the storage is full. */
  commit(run: string, entry: StepEntry): Promise<void>;
}
