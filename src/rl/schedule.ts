// The learning rate over a run (`worker.actor.optim.*`). Equations: get_constant_schedule_with_warmup and
// get_cosine_schedule_with_warmup in the official verl/utils/torch_functional.py; "linear" is transformers'
// get_linear_schedule_with_warmup with the same floor as the cosine. Two things to know:
// - as there, warm-up starts at 0: the first of its steps moves nothing but the optimizer's moments;
// - steps after `maxSteps`, which the official trainer never takes, keep the floor, where its cosine would rise again.

/** What the learning rate of a step depends on; names as in protocol/training.ts. */
export interface LearningRateSettings {
  readonly learningRate: number;
  /** `warmup_style`. */
  readonly lrSchedule: "constant" | "cosine" | "linear";
  /** `lr_warmup_steps`. */
  readonly lrWarmupSteps: number;
  /** `min_lr_ratio`: the floor as a share of `learningRate`; a constant schedule has none. */
  readonly minLrRatio: number;
  /** `trainer.max_steps`: where the floor is reached. */
  readonly maxSteps: number;
}

/** From progress p in [0, 1] after warm-up to the share of what lies above the floor. */
const decays = {
  cosine: (p: number) => 0.5 * (1 + Math.cos(Math.PI * p)),
  linear: (p: number) => 1 - p,
} as const satisfies Record<Exclude<LearningRateSettings["lrSchedule"], "constant">, (p: number) => number>;

/** The learning rate of a training step, counted from 0; all its optimizer steps have the same. */
export function learningRateAt(settings: LearningRateSettings, step: number): number {
  const { learningRate, lrSchedule, lrWarmupSteps, minLrRatio, maxSteps } = settings;
  if (step < lrWarmupSteps) return (learningRate * step) / Math.max(1, lrWarmupSteps);
  if (lrSchedule === "constant") return learningRate;
  const progress = Math.min(1, (step - lrWarmupSteps) / Math.max(1, maxSteps - lrWarmupSteps));
  return learningRate * (minLrRatio + (1 - minLrRatio) * decays[lrSchedule](progress));
}
