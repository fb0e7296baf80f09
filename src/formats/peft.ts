// LoRA adapters in the layout of Hugging Face PEFT: adapter_config.json and adapter_model.safetensors, read and written.
// y = W·x + scaling · B·(A·x) with scaling = alpha / r (rank-stabilised: alpha / √r). Plain LoRA on linear layers only: DoRA,
// biases, embeddings and fully saved modules are refused by name, because ignoring them would silently change the model.
import * as v from "valibot";
import { UserError } from "@/lib/errors";
import { readSafetensors, type TensorToWrite, writeSafetensors } from "./safetensors";

/** Names of the reasons an adapter is refused. */
export type AdapterCheck =
  | "badConfig"
  | "unsupported"
  | "badKey"
  | "missingHalf"
  | "badShape"
  | "notFinite"
  | "empty"
  | "untargeted"
  | "unknownModule"
  | "otherModel";

/** An adapter that cannot be used; `check` names why. */
export class AdapterError extends UserError {
  override readonly name = "AdapterError";
  constructor(
    readonly check: AdapterCheck,
    why: string,
    options?: ErrorOptions,
  ) {
    super("The adapter cannot be used", why, "Choose a plain LoRA adapter made for the loaded model", options);
  }
}

const configSchema = v.looseObject({
  peft_type: v.literal("LORA"),
  r: v.pipe(v.number(), v.integer(), v.minValue(1)),
  lora_alpha: v.pipe(v.number(), v.finite()),
  target_modules: v.nullish(v.union([v.string(), v.array(v.string())]), null),
  bias: v.nullish(v.string(), "none"),
  use_rslora: v.nullish(v.boolean(), false),
  use_dora: v.nullish(v.boolean(), false),
  lora_bias: v.nullish(v.boolean(), false),
  fan_in_fan_out: v.nullish(v.boolean(), false),
  modules_to_save: v.nullish(v.array(v.string()), null),
  rank_pattern: v.nullish(v.record(v.string(), v.number()), {}),
  alpha_pattern: v.nullish(v.record(v.string(), v.number()), {}),
  base_model_name_or_path: v.nullish(v.string(), null),
});

/** adapter_config.json after validation; keys this program does not know are kept. */
export type AdapterConfig = v.InferOutput<typeof configSchema>;

/** The two matrices of one module. */
export interface AdapterModule {
  /** Down projection [rank, in]. */
  readonly a: Float32Array<ArrayBuffer>;
  /** Up projection [out, rank]. */
  readonly b: Float32Array<ArrayBuffer>;
  readonly in: number;
  readonly out: number;
  readonly rank: number;
  readonly scaling: number;
}

/** A LoRA adapter; module paths are those in memory, e.g. `model.text_model.layers.0.self_attn.q_proj`. */
export interface Adapter {
  readonly rank: number;
  readonly alpha: number;
  readonly scaling: number;
  readonly modules: ReadonlyMap<string, AdapterModule>;
  readonly config: AdapterConfig;
}

const prefix = "base_model.model.";
const suffixes = { a: ".lora_A.weight", b: ".lora_B.weight" } as const;

function parseConfig(input: unknown): AdapterConfig {
  const result = v.safeParse(configSchema, input);
  if (!result.success) {
    const issue = result.issues[0];
    throw new AdapterError(
      "badConfig",
      `adapter_config.json has an unexpected ${v.getDotPath(issue) ?? "content"} (${issue.message})`,
    );
  }
  const config = result.output;
  const unsupported = [
    config.use_dora && "DoRA",
    config.lora_bias && "LoRA biases",
    config.bias !== "none" && "trained biases",
    config.fan_in_fan_out && "transposed weights",
    (config.modules_to_save?.length ?? 0) > 0 && "fully saved modules",
  ].find((name) => typeof name === "string");
  if (unsupported) throw new AdapterError("unsupported", `it uses ${unsupported}, which this page does not support`);
  return config;
}

/** Python's re.fullmatch; undefined when the pattern is not valid in JavaScript. */
function fullMatch(pattern: string, path: string): boolean | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`).test(path);
  } catch {
    return undefined;
  }
}

/** Whether PEFT would put a LoRA on this module; undefined when that cannot be told here. */
export function isTargeted(targets: string | readonly string[] | null, path: string): boolean | undefined {
  if (targets === null || targets === "all-linear") return undefined;
  if (typeof targets === "string") return fullMatch(targets, path);
  return targets.some((target) => path === target || path.endsWith(`.${target}`));
}

/** rank_pattern and alpha_pattern: the first key that matches the end of the path wins. */
function patternValue(patterns: Readonly<Record<string, number>>, path: string, fallback: number): number {
  const key = Object.keys(patterns).find((pattern) => fullMatch(`(.*\\.)?(${pattern})`, path));
  return key === undefined ? fallback : (patterns[key] ?? fallback);
}

function scalingOf(config: AdapterConfig, alpha: number, rank: number): number {
  return config.use_rslora ? alpha / Math.sqrt(rank) : alpha / rank;
}

interface Half {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

/**
 * Reads an adapter from the parsed adapter_config.json and the bytes of adapter_model.safetensors.
 * Throws AdapterError or SafetensorsError. Whether it fits a model is `checkAdapter`'s question.
 */
export function readAdapter(configJson: unknown, weights: Uint8Array): Adapter {
  const config = parseConfig(configJson);
  const file = readSafetensors(weights);
  const halves = new Map<string, { a?: Half; b?: Half }>();
  for (const { name, shape, dtype } of file.tensors.values()) {
    const which = name.endsWith(suffixes.a) ? "a" : name.endsWith(suffixes.b) ? "b" : undefined;
    if (!which || !name.startsWith(prefix) || shape.length !== 2 || !["F32", "F16", "BF16"].includes(dtype)) {
      throw new AdapterError("badKey", `its tensor "${name.slice(0, 120)}" is not part of a plain LoRA`);
    }
    const data = file.float32(name);
    if (!data.every(Number.isFinite))
      throw new AdapterError("notFinite", `its tensor "${name}" holds values that are not numbers`);
    const path = name.slice(prefix.length, -suffixes[which].length);
    halves.set(path, { ...halves.get(path), [which]: { shape, data } });
  }
  if (halves.size === 0) throw new AdapterError("empty", "it holds no weights");
  const modules = new Map<string, AdapterModule>();
  for (const [path, { a, b }] of halves) {
    if (!a || !b) throw new AdapterError("missingHalf", `it has only one of the two matrices of ${path}`);
    const rank = patternValue(config.rank_pattern, path, config.r);
    const [rankOfA, input = 0] = a.shape;
    const [output = 0, rankOfB] = b.shape;
    if (rankOfA !== rank || rankOfB !== rank) {
      throw new AdapterError(
        "badShape",
        `the matrices of ${path} are [${a.shape}] and [${b.shape}], which does not fit rank ${rank}`,
      );
    }
    if (isTargeted(config.target_modules, path) === false) {
      throw new AdapterError("untargeted", `it holds weights for ${path}, which its target_modules leave out`);
    }
    const scaling = scalingOf(config, patternValue(config.alpha_pattern, path, config.lora_alpha), rank);
    modules.set(path, { a: a.data, b: b.data, in: input, out: output, rank, scaling });
  }
  return { rank: config.r, alpha: config.lora_alpha, scaling: scalingOf(config, config.lora_alpha, config.r), modules, config };
}

/**
 * Checks that an adapter fits a model and returns it; paths of the time before transformers 4.52 (`model.layers.…`) are
 * translated where the model has a language_model. Throws AdapterError.
 * @param moduleShapes Path → [out, in] of every linear module that may carry a LoRA.
 */
export function checkAdapter(adapter: Adapter, moduleShapes: ReadonlyMap<string, readonly [number, number]>): Adapter {
  const modules = new Map<string, AdapterModule>();
  for (const [stored, module] of adapter.modules) {
    const path = moduleShapes.has(stored) ? stored : stored.replace(/^model\./, "model.language_model.");
    const shape = moduleShapes.get(path);
    if (!shape) throw new AdapterError("unknownModule", `the loaded model has no module ${stored}`);
    if (shape[0] !== module.out || shape[1] !== module.in) {
      const found = `${module.out} × ${module.in}`;
      throw new AdapterError(
        "otherModel",
        `it was made for another model: ${path} is ${shape[0]} × ${shape[1]} here and ${found} there`,
      );
    }
    modules.set(path, module);
  }
  return { ...adapter, modules };
}

/** A new adapter's config with every key PEFT needs; `targetModules` should be a regular expression on the full path. */
export function createAdapterConfig(options: {
  readonly rank: number;
  readonly alpha: number;
  readonly targetModules: string | readonly string[];
  readonly baseModel?: string;
}): AdapterConfig {
  return parseConfig({
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: options.baseModel ?? null,
    r: options.rank,
    lora_alpha: options.alpha,
    lora_dropout: 0,
    bias: "none",
    target_modules: options.targetModules,
    inference_mode: true,
    init_lora_weights: true,
  });
}

/** Writes the two files that PEFT loads; all numbers as float32. */
export function writeAdapter(adapter: Adapter): { readonly config: string; readonly weights: Uint8Array<ArrayBuffer> } {
  const asBytes = (data: Float32Array) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const tensors: TensorToWrite[] = [];
  for (const [path, { a, b, in: input, out, rank }] of adapter.modules) {
    tensors.push({ name: prefix + path + suffixes.a, dtype: "F32", shape: [rank, input], bytes: asBytes(a) });
    tensors.push({ name: prefix + path + suffixes.b, dtype: "F32", shape: [out, rank], bytes: asBytes(b) });
  }
  const config = `${JSON.stringify(adapter.config, null, 2)}\n`;
  return { config, weights: writeSafetensors(tensors, new Map([["format", "pt"]])) };
}
