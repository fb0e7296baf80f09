// What the configuration readers of all model families share: the error, the schemas of single values, and the reading of the
// files that look alike everywhere (generation_config.json, a processor nested in processor_config.json). It knows no family;
// each family's config.ts says which keys it reads and what it refuses.

import * as v from "valibot";
import type { ResizeFilter } from "@/image/resize";
import { UserError } from "@/lib/errors";
import type { ConfigFiles } from "./family";

/** The checkpoint's configuration is damaged or describes something this program does not run. */
export class ModelConfigError extends UserError {
  override readonly name = "ModelConfigError";
  constructor(why: string) {
    super(
      "The model cannot be loaded",
      why,
      "Load a SmolVLM, SmolVLM2, Idefics3, Qwen2.5-VL or Qwen3-VL checkpoint in Hugging Face layout",
    );
  }
}

/** A size: 1, 2, 3, ... */
export const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000_000));
/** A token id or an index: 0, 1, 2, ... */
export const id = v.pipe(v.number(), v.integer(), v.minValue(0));
export const positive = v.pipe(v.number(), v.finite(), v.minValue(Number.MIN_VALUE));
/** The side of a square, which some files write as [side, side]. */
export const side = v.pipe(
  v.union([count, v.pipe(v.array(count), v.minLength(1))]),
  v.transform((value) => (typeof value === "number" ? [value] : value)),
  v.check((sides) => new Set(sides).size === 1, "is not square"),
  v.transform((sides) => sides[0] as number),
);
/** A switch that must be off. */
export const off = v.nullish(v.literal(false, "is switched on, which is not supported"), false);
/** A switch that must be on. */
export const on = v.nullish(v.literal(true, "is switched off, which is not supported"), true);
/** One token id or several. */
export const ids = v.pipe(
  v.union([id, v.array(id)]),
  v.transform((value) => (typeof value === "number" ? [value] : value)),
);
/** Mean of the three colours. */
export const colourMean = v.pipe(v.array(v.pipe(v.number(), v.finite())), v.length(3));
/** Standard deviation of the three colours. */
export const colourStd = v.pipe(v.array(positive), v.length(3));
/** PIL's number of a resampling filter. */
export const resample = v.picklist([1, 2, 3], "names a resampling filter that is not supported");

const filters: Readonly<Record<1 | 2 | 3, ResizeFilter>> = { 1: "lanczos", 2: "bilinear", 3: "bicubic" };

/** The filter of PIL's number. */
export function filterOf(number: 1 | 2 | 3): ResizeFilter {
  return filters[number];
}

/** Checks one JSON file against its schema; throws ModelConfigError with the key that is wrong. */
export function parseFile<T>(schema: v.GenericSchema<unknown, T>, input: unknown, file: string): T {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new ModelConfigError(`${file}: ${v.getDotPath(issue) ?? "its content"} ${issue.message}`);
}

/** Throws ModelConfigError with the reason unless the condition holds. */
export function requireThat(holds: boolean, why: string): asserts holds {
  if (!holds) throw new ModelConfigError(why);
}

/** Checks a size of attention heads against what ops/attention computes; rotary positions need no more. */
export function requireHeadSize(part: "text_config" | "vision_config", headDim: number): void {
  const size = Number.isInteger(headDim) ? `${headDim}` : headDim.toFixed(2);
  requireThat(
    Number.isInteger(headDim) && headDim % 8 === 0 && headDim <= 128,
    `${part}: attention heads of size ${size} are not supported, only multiples of 8 up to 128`,
  );
}

/** Checks that attention heads divide as grouped-query attention needs. */
export function requireHeads(heads: number, keyValueHeads: number, headDim: number): void {
  requireHeadSize("text_config", headDim);
  requireThat(heads % keyValueHeads === 0, "text_config: num_attention_heads is no multiple of num_key_value_heads");
}

const processorSchema = v.looseObject({ image_processor: v.optional(v.unknown()) });
const generationSchema = v.looseObject({ eos_token_id: v.nullish(ids) });

/** The image processor's settings: preprocessor_config.json, or nested in the newer processor_config.json. */
export function imageProcessorFile(files: ConfigFiles): unknown {
  const file =
    files.preprocessorConfig ?? parseFile(processorSchema, files.processorConfig ?? {}, "processor_config.json").image_processor;
  requireThat(file !== undefined, "it has no preprocessor_config.json");
  return file;
}

/** The end tokens that generation_config.json names, if it does. */
export function generationEosIds(files: ConfigFiles): readonly number[] | undefined {
  return parseFile(generationSchema, files.generationConfig ?? {}, "generation_config.json").eos_token_id ?? undefined;
}
