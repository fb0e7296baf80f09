// The gate for everything a run is stored as: what comes out of the database or out of a file passes one of these, then is trusted.

import * as v from "valibot";
import type { RgbImage } from "@/image/rgbImage";
import type { TokenChunk } from "@/protocol/generation";
import type { ModelSource, PrecisionChoice } from "@/protocol/model";
import type { RunInfo, RunModel } from "@/protocol/runs";
import type { StepMetrics, StepRecipe, TrainRollout } from "@/protocol/training";
import { RunDataError } from "./runErrors";
import { finite, recipeSchema, type Schema, trainSettingsSchema } from "./settingsSchema";

/** Most steps, settings changes and rollouts of a step that are read: far above any run, far below what stops the page. */
const most = { steps: 1_000_000, changes: 10_000, rollouts: 65_536, images: 8192, metrics: 1000, texts: 300_000 } as const;
export const longestName = 120;
export const longestNote = 10_000;

const text = (length: number) => v.pipe(v.string(), v.maxLength(length));
const stepNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(most.steps));
const idSchema = v.pipe(v.string(), v.regex(/^[0-9a-z-]{1,64}$/));

const ggufSchema = v.object({ model: text(1000), projector: text(1000) });
// A token is never stored, and local files cannot be.
const sourceSchema: Schema<ModelSource> = v.variant("kind", [
  v.object({ kind: v.literal("url"), url: v.pipe(text(4000), v.regex(/^https?:\/\//)), gguf: v.exactOptional(ggufSchema) }),
  v.object({ kind: v.literal("hub"), repo: text(300), revision: text(300), gguf: v.exactOptional(ggufSchema) }),
]);
const formatSchema = v.picklist(["f32", "f16", "int8", "int4"]);
const precisionSchema: Schema<PrecisionChoice> = v.object({
  text: formatSchema,
  vision: formatSchema,
  head: formatSchema,
  groupSize: v.picklist([32, 64, 128]),
});
const modelSchema: Schema<RunModel> = v.object({
  name: text(300),
  family: text(100),
  source: v.exactOptional(sourceSchema),
  precision: precisionSchema,
  parameters: finite,
});

/** A run's entry. */
export const runInfoSchema: Schema<RunInfo> = v.object({
  id: idSchema,
  name: text(longestName),
  note: text(longestNote),
  createdAt: finite,
  updatedAt: finite,
  status: v.picklist(["running", "paused", "failed", "finished"]),
  origin: v.picklist(["trained", "log"]),
  model: v.exactOptional(modelSchema),
  settings: v.pipe(v.array(v.object({ fromStep: stepNumber, settings: trainSettingsSchema })), v.maxLength(most.changes)),
  lastStep: stepNumber,
  targetStep: v.exactOptional(stepNumber),
  forkedFrom: v.exactOptional(v.object({ run: idSchema, step: stepNumber })),
});

/** The metrics of one step. */
export interface StepRow {
  readonly run: string;
  readonly step: number;
  readonly metrics: StepMetrics;
}

export const stepRowSchema: Schema<StepRow> = v.object({
  run: idSchema,
  step: stepNumber,
  // A metric may be infinite or not a number; charts draw a gap.
  metrics: v.pipe(
    v.record(text(200), v.union([v.number(), v.nan()])),
    v.check((metrics) => Object.keys(metrics).length <= most.metrics),
  ),
});

const floats = v.instance(Float32Array);
const ints = v.instance(Int32Array);
const chunkSchema: Schema<TokenChunk> = v.object({
  rollout: ints,
  ids: ints,
  stats: floats,
  topIds: ints,
  topLogp: floats,
  topOther: floats,
});
const number = v.union([v.number(), v.nan()]);
const rolloutSchema: Schema<TrainRollout> = v.object({
  prompt: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  question: text(100_000),
  answer: text(100_000),
  family: text(200),
  text: text(1_000_000),
  reward: number,
  advantage: number,
  alpha: number,
  meanDependency: number,
  length: finite,
  dependency: floats,
  mask: floats,
  logp: v.exactOptional(floats),
  logpAtUpdate: v.exactOptional(floats),
  moves: v.exactOptional(floats),
  tokens: v.exactOptional(chunkSchema),
});
const imageSchema: Schema<RgbImage> = v.pipe(
  v.object({ width: stepNumber, height: stepNumber, data: v.instance(Uint8Array) }),
  v.check(({ width, height, data }) => data.length === width * height * 3),
);

/** The rollouts of one step with what is needed to draw them. */
export interface RolloutRow {
  readonly run: string;
  readonly step: number;
  readonly rollouts: readonly TrainRollout[];
  readonly images: readonly RgbImage[];
  readonly texts: Readonly<Record<number, string>>;
  readonly recipe?: StepRecipe;
}

export const rolloutRowSchema: Schema<RolloutRow> = v.object({
  run: idSchema,
  step: stepNumber,
  rollouts: v.pipe(v.array(rolloutSchema), v.maxLength(most.rollouts)),
  images: v.pipe(v.array(imageSchema), v.maxLength(most.images)),
  texts: v.pipe(
    v.record(v.string(), text(1000)),
    v.check((texts) => Object.keys(texts).length <= most.texts),
  ),
  recipe: v.exactOptional(recipeSchema),
});

/** The value when it has the schema's form; throws RunDataError that names `what` and the first wrong place. */
export function checked<T>(schema: Schema<T>, value: unknown, what: string): T {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = v.getDotPath(issue);
  const why = place ? `its ${place} is not what a run has there` : "it has not the form of a run";
  throw new RunDataError(`${what} cannot be read`, why, "Delete it, or import an undamaged file of it");
}
