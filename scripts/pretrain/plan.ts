// What a pretraining run is: its size, schedule and the layout of the shared state (weights, then both AdamW moments).

import { listWeights, storedShape } from "@/engine/loading/listing";
import { familyOf } from "@/models/registry";
import type { SmolVlmConfig } from "@/models/smolvlm/config";
import type { SampleMix } from "./data";

export interface PretrainPlan {
  readonly folder: string;
  /** Task whose problems are learnt; problems of the shapes world are mixed in when it is another. */
  readonly task: "shapes" | "sums";
  /** Share of samples from the shapes world when `task` is another, so that what was learnt there is not lost. */
  readonly shapesShare: number;
  /** Answers per problem of a task other than the shapes world: they share the picture and the question. */
  readonly answers: number;
  /** True when the run goes on from trained weights: descriptions and damaged pictures come evenly from the start. */
  readonly continued: boolean;
  readonly config: SmolVlmConfig;
  readonly backend: "wasm" | "webgpu";
  readonly replicas: number;
  readonly seed: number;
  readonly batch: number;
  readonly steps: number;
  readonly firstStep: number;
  /** The run ends here; the schedule is still that of `steps`, so it can go on later with the same or a longer one. */
  readonly lastStep: number;
  readonly learningRate: number;
  readonly warmUpSteps: number;
  readonly weightDecay: number;
  readonly maxGradNorm: number;
  readonly checkpointEvery: number;
}

/** Learning rate: linear warm-up, constant, cosine to a twentieth over the last 40 %. Descriptions
 * come with every sample in the first third, with 30 % later; black pictures join after a fifth. A run that continues keeps one mix. */
export function scheduleAt(plan: PretrainPlan, step: number): { learningRate: number; mix: SampleMix } {
  const progress = step / plan.steps;
  const decay = progress < 0.6 ? 1 : 0.05 + 0.95 * 0.5 * (1 + Math.cos(Math.PI * ((progress - 0.6) / 0.4)));
  const warm = Math.min(1, (step + 1) / plan.warmUpSteps);
  const learningRate = plan.learningRate * warm * decay;
  if (plan.continued) return { learningRate, mix: { captionShare: 0.3, blindShare: 0.1 } };
  const mix = { captionShare: progress < 0.35 ? 1 : 0.3, blindShare: progress < 0.22 ? 0 : 0.05 };
  return { learningRate, mix };
}

/** Name and shape of every tensor of the checkpoint, in the family's order. */
export function checkpointShapes(config: SmolVlmConfig): readonly (readonly [string, readonly number[]])[] {
  return listWeights(familyOf({ model_type: config.modelType }), config).map((request) => [request.name, storedShape(request)]);
}

/** Place of every tensor in the flat weight vector, in checkpoint order. */
export function stateOffsets(config: SmolVlmConfig): Map<string, { start: number; size: number; shape: readonly number[] }> {
  const offsets = new Map<string, { start: number; size: number; shape: readonly number[] }>();
  let start = 0;
  for (const [name, shape] of checkpointShapes(config)) {
    const size = shape.reduce((a, b) => a * b, 1);
    offsets.set(name, { start, size, shape });
    start += size;
  }
  return offsets;
}

/** Number of weights. */
export function parameterCount(config: SmolVlmConfig): number {
  return [...stateOffsets(config).values()].reduce((sum, { size }) => sum + size, 0);
}
