// The files of a checkpoint's `golden/` folder: what the reference implementation computed (case-*/case.json, tensors.safetensors,
// vppo/vppo.json and its tensors). One gate: after these functions the data is of the described form. It computes nothing.

import * as v from "valibot";
import type { CheckpointFolder } from "@/fetching/folder";
import { readSafetensors, type SafetensorsFile } from "@/formats/safetensors";
import { decodePng } from "@/image/pngDecode";
import type { RgbImage } from "@/image/rgbImage";
import { UserError } from "@/lib/errors";
import type { GgufFiles } from "@/protocol/model";

/** A checkpoint to verify: its folder and what lies in `golden/`. */
export interface GoldenCheckpoint {
  readonly folder: CheckpointFolder;
  /** Names of the folders golden/case-*. */
  readonly cases: readonly string[];
  /** Whether there is golden/vppo/vppo.json. */
  readonly hasUpdate: boolean;
  /** How often the same answers are scored to see whether the numbers repeat; 20 without it. */
  readonly scorings?: number;
  /** Weights and small files come from this pair inside the folder instead of from safetensors. */
  readonly gguf?: GgufFiles;
}

/** A file in `golden/` is not what it should be. */
export class GoldenFileError extends UserError {
  override readonly name = "GoldenFileError";
  constructor(file: string, why: string) {
    super(`The file ${file} cannot be compared with`, why, "Make the golden files again");
  }
}

const id = v.pipe(v.number(), v.integer(), v.minValue(0));
const ids = v.array(id);
const numbers = v.array(v.number());
const names = v.array(v.string());
const part = v.variant("type", [v.object({ type: v.literal("text"), text: v.string() }), v.object({ type: v.literal("image") })]);

const caseSchema = v.object({
  messages: v.array(v.object({ role: v.picklist(["system", "user", "assistant"]), content: v.array(part) })),
  prompt: v.string(),
  response: v.string(),
  input_ids: ids,
  prompt_length: id,
  greedy_16: ids,
  images: names,
  masked_images: names,
  mask_seeds: ids,
  /** Qwen: [3][T] of prompt and response. */
  position_ids: v.optional(v.array(ids)),
  rope_delta: v.optional(v.pipe(v.number(), v.integer())),
});

const outcomeSchema = v.object({
  loss: v.number(),
  alpha: numbers,
  beta_max: v.number(),
  keep: v.array(numbers),
  grad_norm_before_clip: v.number(),
  dependency: v.array(numbers),
});

const updateSchema = v.object({
  prompt: v.string(),
  prompt_ids: ids,
  responses: v.array(ids),
  rewards: numbers,
  advantages: numbers,
  old_logp: v.array(numbers),
  masked_logp: v.array(numbers),
  k: v.number(),
  beta_min: v.number(),
  entropy_penalty_coef: v.number(),
  clip_low: v.number(),
  clip_high: v.number(),
  clip_dual: v.number(),
  aggregation: v.picklist(["token", "seq"]),
  optimizer: v.object({
    name: v.literal("AdamW"),
    lr: v.number(),
    betas: v.tuple([v.number(), v.number()]),
    eps: v.number(),
    weight_decay: v.number(),
    max_grad_norm: v.number(),
  }),
  mask_seeds: ids,
  results: v.object({ k3: v.optional(outcomeSchema), kl: v.optional(outcomeSchema) }),
});

/** One update of golden/vppo by one dependency measure. */
export type GoldenOutcome = v.InferOutput<typeof outcomeSchema>;

/** golden/vppo/vppo.json. */
export type GoldenUpdate = v.InferOutput<typeof updateSchema>;

/** golden/case-x: case.json, pictures and tensors. */
export interface GoldenCase extends v.InferOutput<typeof caseSchema> {
  readonly pictures: readonly RgbImage[];
  readonly maskedPictures: readonly RgbImage[];
  readonly tensors: SafetensorsFile;
}

function parse<T>(schema: v.GenericSchema<unknown, T>, json: unknown, file: string): T {
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new GoldenFileError(file, `at "${v.getDotPath(issue) ?? "the top"}": ${issue.message}`);
}

async function picture(folder: CheckpointFolder, file: string): Promise<RgbImage> {
  const image = await decodePng(await folder.bytes(file));
  if (!image) throw new GoldenFileError(file, "it is not a plain 8-bit PNG");
  return image;
}

/** A tensor of a golden file as float32; throws GoldenFileError when it is not there. */
export function goldenTensor(file: SafetensorsFile, name: string): Float32Array {
  if (!file.tensors.has(name)) throw new GoldenFileError("tensors.safetensors", `it has no tensor ${name}`);
  return file.float32(name);
}

/** Reads golden/<name>. */
export async function readGoldenCase(folder: CheckpointFolder, name: string): Promise<GoldenCase> {
  const at = `golden/${name}`;
  const info = parse(caseSchema, await folder.json(`${at}/case.json`), `${at}/case.json`);
  return {
    ...info,
    pictures: await Promise.all(info.images.map((file) => picture(folder, `${at}/${file}`))),
    maskedPictures: await Promise.all(info.masked_images.map((file) => picture(folder, `${at}/${file}`))),
    tensors: readSafetensors(await folder.bytes(`${at}/tensors.safetensors`)),
  };
}

/** Reads golden/vppo/vppo.json. */
export async function readGoldenUpdate(folder: CheckpointFolder): Promise<GoldenUpdate> {
  const file = "golden/vppo/vppo.json";
  return parse(updateSchema, await folder.json(file), file);
}

/** Reads a picture of golden/vppo. */
export function updatePicture(folder: CheckpointFolder, name: string): Promise<RgbImage> {
  return picture(folder, `golden/vppo/${name}`);
}
