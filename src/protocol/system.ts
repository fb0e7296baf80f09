// What the engine tells of itself: memory by purpose, the work of the last answer and the last training step, kernel times, and the
// adapter's ceilings. Numbers only; the System panel makes tables and bars of them.

import type { MemoryPlan } from "./model";

/** What GPU memory is there for; "work" lives no longer than a pass or a job: activations, features, parameters. */
export type MemoryPurpose = "weights" | "trained" | "cache" | "step" | "work";

export interface PurposeMemory {
  readonly what: MemoryPurpose;
  readonly bytes: number;
  /** The most since the answer or the training step began. */
  readonly peakBytes: number;
  readonly buffers: number;
}

/** Work of a job on the GPU, stock operations included. */
export interface WorkCounts {
  readonly dispatches: number;
  readonly submits: number;
  readonly passes: number;
  readonly maps: number;
  readonly mapBytes: number;
  readonly uploads: number;
  readonly uploadBytes: number;
  readonly bindGroups: number;
  /** New ones; those taken from the pool do not count. */
  readonly buffers: number;
  readonly pipelines: number;
}

/** A stretch of a job; an answer's end when the GPU has done their work. */
export interface PhaseTime {
  readonly name: string;
  readonly ms: number;
}

export interface KernelTime {
  readonly phase: string;
  readonly name: string;
  readonly calls: number;
  readonly ms: number;
}

/** Times by timestamp queries, longest first. */
export interface KernelReport {
  readonly kernels: readonly KernelTime[];
  /** Smallest difference between two times that was seen, in ns: how coarse the browser makes them. */
  readonly stepNs: number;
  /** Dispatches without a time. */
  readonly untimed: number;
}

/** What an answer or a training step cost. */
export interface JobReport {
  readonly kind: "answer" | "step";
  readonly elapsedMs: number;
  readonly phases: readonly PhaseTime[];
  /** At its end; empty without a GPU. */
  readonly memory: readonly PurposeMemory[];
  /** Absent without a GPU. */
  readonly work?: WorkCounts;
  /** Absent unless kernels were measured. */
  readonly kernels?: KernelReport;
  /** Tokens that were written. */
  readonly tokens: number;
  /** Passes of the decoder that wrote them, all rollouts and twins together; 0 of a training step. */
  readonly decodeSteps: number;
  /** Rows that went through the decoder: of an answer, those of its prompts; of a step, those of one update. */
  readonly rows: number;
  /** Products with every weight that a row takes: 1 in a prompt, more in an update. */
  readonly productsPerRow: number;
}

/** How many weights a row meets in the decoder, for the roofline. */
export interface DecoderCost {
  /** Bytes of weights that one decoding step reads: the decoder's and the head's. */
  readonly stepBytes: number;
  /** Numbers in the decoder's matrices, without embedding and head. */
  readonly weights: number;
}

/** Which of the kernels that give the same bits are used on this adapter, as numbers by the name of the choice. */
export interface KernelChoice {
  /** The standard, measured on this adapter when the model was loaded, or on an earlier visit. */
  readonly from: "standard" | "measurement" | "store";
  readonly variants: Readonly<Record<string, number>>;
}

export interface SystemReport {
  readonly tensors: number;
  readonly gpuBytes: number;
  readonly gpuPeakBytes: number;
  /** Empty without a GPU. */
  readonly purposes: readonly PurposeMemory[];
  /** Buffers kept for the next tensor of their size. */
  readonly idle: { readonly bytes: number; readonly buffers: number };
  /** JavaScript heap of the engine's worker; absent where the browser does not tell. */
  readonly heapBytes?: number;
  /** Made when the model was loaded. */
  readonly plan?: MemoryPlan;
  readonly decoder?: DecoderCost;
  /** On WebGPU, once a model is loaded. */
  readonly kernels?: KernelChoice;
  readonly answer?: JobReport;
  readonly step?: JobReport;
  /** Whether kernels can be measured. */
  readonly hasTimestamps: boolean;
}

/** The adapter's ceilings. */
export interface RoofReport {
  readonly bytesPerSecond: number;
  readonly flopsPerSecond: number;
  readonly copyBytes: number;
}
