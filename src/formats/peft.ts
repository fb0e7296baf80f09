// LoRA adapters in the layout of Hugging Face PEFT: adapter_config.json and adapter_model.safetensors, read and written.
// y = W·x + scaling · B·(A·x) with scaling = alpha / r (rank-stabilised: alpha / √r). Plain LoRA on linear layers only: DoRA,
// biases, embeddings and fully saved modules are refused by name, because ignoring them would silently change the model.
// Module paths are those of the model in memory; files of transformers < 4.52 spell Qwen's otherwise and are translated on import.
import { type AdapterConfig, AdapterError, isTargeted, moduleScaling, parseAdapterConfig, rankOf, scalingOf } from "./peftConfig";
import { readSafetensors, type SafetensorsFile, type TensorToWrite, writeSafetensors } from "./safetensors";

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

/** Tensors that are no half of a LoRA pair, and what they mean. */
const foreignTensors: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\.lora_magnitude_vector(\.|$)/, "DoRA"],
  [/\.lora_embedding_[AB](\.|$)/, "a LoRA on an embedding"],
  [/\.lora_[AB](\.default)?\.bias$/, "LoRA biases"],
  [/\.(token_adapter|trainable_tokens_delta)(\.|$)/, "trained tokens"],
  [/\.modules_to_save\.|^base_model\.model\.(?!.*\.(?:lora_|bias$)).*\.weight$/, "fully saved modules"],
  [/\.bias$/, "trained biases"],
];

interface Half {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

/** Both halves per stored module path. PEFT strips the adapter's name from keys; a plain state dict still has ".default". */
function readHalves(file: SafetensorsFile): Map<string, { a?: Half; b?: Half }> {
  const halves = new Map<string, { a?: Half; b?: Half }>();
  for (const { name, shape, dtype } of file.tensors.values()) {
    const short = name.slice(0, 160);
    const foreign = foreignTensors.find(([pattern]) => pattern.test(name));
    if (foreign) {
      throw new AdapterError("unsupported", `it uses ${foreign[1]} (tensor "${short}"), which this page does not support`);
    }
    const [, path, letter] = /^base_model\.model\.(.+)\.lora_([AB])(?:\.default)?\.weight$/s.exec(name) ?? [];
    if (path === undefined || shape.length !== 2 || !["F32", "F16", "BF16"].includes(dtype)) {
      throw new AdapterError("badKey", `its tensor "${short}" (${dtype} [${shape}]) is not part of a plain LoRA`);
    }
    const which = letter === "A" ? "a" : "b";
    const pair = halves.get(path) ?? {};
    if (pair[which]) throw new AdapterError("duplicateModule", `it holds lora_${letter} of ${path} twice`);
    const data = file.float32(name);
    if (!data.every(Number.isFinite)) {
      throw new AdapterError("notFinite", `its tensor "${short}" holds values that are not numbers`);
    }
    pair[which] = { shape, data };
    halves.set(path, pair);
  }
  return halves;
}

/**
 * Reads an adapter from the parsed adapter_config.json and the bytes of adapter_model.safetensors.
 * Throws AdapterError or SafetensorsError. Whether it fits a model is `checkAdapter`'s question.
 */
export function readAdapter(configJson: unknown, weights: Uint8Array): Adapter {
  const config = parseAdapterConfig(configJson);
  const halves = readHalves(readSafetensors(weights));
  if (halves.size === 0) throw new AdapterError("empty", "it holds no weights");
  const modules = new Map<string, AdapterModule>();
  for (const [path, { a, b }] of halves) {
    if (!a || !b) throw new AdapterError("missingHalf", `it has only one of the two matrices of ${path}`);
    const rank = rankOf(config, path);
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
    modules.set(path, { a: a.data, b: b.data, in: input, out: output, rank, scaling: moduleScaling(config, path, rank) });
  }
  return { rank: config.r, alpha: config.lora_alpha, scaling: scalingOf(config, config.lora_alpha, config.r), modules, config };
}

/** Module paths of transformers < 4.52, when Qwen's vision and text parts lay elsewhere → today's. */
function modernPath(path: string): string {
  return path.replace(/^visual\./, "model.visual.").replace(/^model\.(?=layers\.)/, "model.language_model.");
}

/** "model.text_model.layers.0–29 (mlp.down_proj, …)": the modules of a model in few words. */
function summarise(paths: Iterable<string>): string {
  const groups = new Map<string, { readonly layers: number[]; readonly leaves: Set<string> }>();
  for (const path of paths) {
    const [, stem = path, layer, leaf] = /^(.*?)\.(\d+)\.(.*)$/.exec(path) ?? [];
    const group = groups.get(stem) ?? { layers: [], leaves: new Set() };
    if (layer !== undefined && leaf !== undefined) {
      group.layers.push(Number(layer));
      group.leaves.add(leaf);
    }
    groups.set(stem, group);
  }
  const describe = ([stem, { layers, leaves }]: [string, { layers: number[]; leaves: Set<string> }]) => {
    if (layers.length === 0) return stem;
    const [low, high] = layers.reduce(([min, max], layer) => [Math.min(min, layer), Math.max(max, layer)], [Infinity, 0]);
    return `${stem}.${low === high ? low : `${low}–${high}`} (${[...leaves].join(", ")})`;
  };
  return Array.from(groups, describe).join("; ") || "none";
}

/**
 * Checks that an adapter fits a model and returns it under the model's own module paths; its config then speaks of these paths
 * too. Throws AdapterError.
 * @param moduleShapes Path → [out, in] of every linear module that may carry a LoRA.
 * @param canonicalName The family's translation of the names in files.
 */
export function checkAdapter(
  adapter: Adapter,
  moduleShapes: ReadonlyMap<string, readonly [number, number]>,
  canonicalName: (name: string) => string = modernPath,
): Adapter {
  const modules = new Map<string, AdapterModule>();
  let renamed = false;
  for (const [stored, module] of adapter.modules) {
    const path = [stored, canonicalName(stored), modernPath(stored)].find((name) => moduleShapes.has(name));
    const shape = path === undefined ? undefined : moduleShapes.get(path);
    if (path === undefined || !shape) {
      const found = `${stored.slice(0, 160)} (${module.out} × ${module.in})`;
      throw new AdapterError(
        "unknownModule",
        `the loaded model has no module ${found}; it has ${summarise(moduleShapes.keys())}`,
      );
    }
    if (shape[0] !== module.out || shape[1] !== module.in) {
      const found = `${module.out} × ${module.in}`;
      throw new AdapterError(
        "otherModel",
        `it was made for another model: ${path} is ${shape[0]} × ${shape[1]} here and ${found} there`,
      );
    }
    if (modules.has(path)) throw new AdapterError("duplicateModule", `it holds weights for ${path} under two names`);
    modules.set(path, module);
    renamed ||= path !== stored;
  }
  if (!renamed) return { ...adapter, modules };
  // Patterns written for the old paths would match nothing, and PEFT then runs the bare model without a word.
  const patterns = patternsOf({ ...adapter, rankStabilised: adapter.config.use_rslora === true }, modules);
  const config = { ...adapter.config, target_modules: [...modules.keys()], ...patterns };
  return { ...adapter, modules, config };
}

/** rank_pattern and alpha_pattern for the modules that differ from the adapter's own rank and alpha. */
function patternsOf(
  base: { readonly rank: number; readonly alpha: number; readonly rankStabilised: boolean },
  modules: ReadonlyMap<string, AdapterModule>,
): Pick<AdapterConfig, "rank_pattern" | "alpha_pattern"> {
  const ranks: Record<string, number> = {};
  const alphas: Record<string, number> = {};
  for (const [path, { rank, scaling }] of modules) {
    const key = path.replaceAll(".", "\\.");
    if (rank !== base.rank) ranks[key] = rank;
    const alpha = scaling * (base.rankStabilised ? Math.sqrt(rank) : rank);
    if (Math.abs(alpha - base.alpha) > 1e-9 * Math.abs(base.alpha)) alphas[key] = alpha;
  }
  return { rank_pattern: ranks, alpha_pattern: alphas };
}

/**
 * PEFT's target_modules for every projection of the text decoder: a pattern that is matched with the whole path, because a list of
 * names like "q_proj" would also hit SmolVLM's vision attention and Qwen2.5-VL's vision MLP.
 * @param textPrefix Where the decoder lies in the model: "text_model" (SmolVLM) or "language_model" (Qwen).
 */
export function textTargetModules(textPrefix: "text_model" | "language_model"): string {
  return `.*\\.${textPrefix}\\.layers\\.\\d+\\.(self_attn\\.(q|k|v|o)_proj|mlp\\.(gate|up|down)_proj)`;
}

/**
 * A new adapter's config with every key PEFT needs; `targetModules` should be a regular expression on the full path. With
 * `modules`, those of another rank or scaling get their entry in rank_pattern and alpha_pattern, and where the targets leave one out,
 * the modules themselves become the targets: PEFT would skip its weights.
 */
export function createAdapterConfig(options: {
  readonly rank: number;
  readonly alpha: number;
  readonly targetModules: string | readonly string[];
  readonly baseModel?: string;
  readonly modules?: ReadonlyMap<string, AdapterModule>;
}): AdapterConfig {
  const paths = [...(options.modules?.keys() ?? [])];
  const covered = paths.every((path) => isTargeted(options.targetModules, path));
  return parseAdapterConfig({
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: options.baseModel ?? null,
    r: options.rank,
    lora_alpha: options.alpha,
    lora_dropout: 0,
    bias: "none",
    target_modules: covered ? options.targetModules : paths,
    inference_mode: true,
    init_lora_weights: true,
    ...(options.modules && patternsOf({ ...options, rankStabilised: false }, options.modules)),
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
