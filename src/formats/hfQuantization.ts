// Checkpoints whose safetensors hold already quantised weights (GPTQ, AWQ, bitsandbytes, MLX, ...). Each packs numbers in its own
// way and none is read here; taking their tensors for plain numbers would give a model that talks nonsense, so they are recognised
// from config.json and, where that is silent, from the names of their side tensors, before any weight is fetched.
import { UserError } from "@/lib/errors";

/** A checkpoint in a quantised format that is not read; `method` is its name ("GPTQ"). */
export class QuantizedCheckpointError extends UserError {
  override readonly name = "QuantizedCheckpointError";
  constructor(
    readonly method: string,
    detail = "",
    original?: string,
  ) {
    const choose = original ? `Choose the original, ${original},` : "Choose the original checkpoint it was made from";
    super(
      `This checkpoint is already quantised with ${method}${detail}`,
      "this page reads BF16, F16 and F32 safetensors, which it quantises itself, and GGUF files",
      `${choose} or a GGUF file`,
    );
  }
}

/** quant_method → the name people use. */
const methodNames: Readonly<Record<string, string>> = {
  gptq: "GPTQ",
  awq: "AWQ",
  bitsandbytes: "bitsandbytes",
  fp8: "FP8",
  fbgemm_fp8: "FP8 (FBGEMM)",
  "compressed-tensors": "compressed-tensors",
  torchao: "torchao",
  hqq: "HQQ",
  aqlm: "AQLM",
  quanto: "Quanto",
  mxfp4: "MXFP4",
  modelopt: "ModelOpt",
  "auto-round": "AutoRound",
};

function tableOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

/** Name and bits of one quantization_config. */
function methodOf(settings: Readonly<Record<string, unknown>>): { method: string; detail: string } {
  const { quant_method: stated, bits, group_size: groupSize } = settings;
  const in4 = settings.load_in_4bit === true || settings._load_in_4bit === true;
  const in8 = settings.load_in_8bit === true || settings._load_in_8bit === true;
  const width = typeof bits === "number" ? bits : in4 ? 4 : in8 ? 8 : undefined;
  const detail = width === undefined ? "" : ` (${width} bits)`;
  if (typeof stated === "string") {
    const known = Object.hasOwn(methodNames, stated) ? methodNames[stated] : undefined;
    return { method: known ?? `a format this page does not know (${stated.slice(0, 40)})`, detail };
  }
  if (in4 || in8) return { method: "bitsandbytes", detail };
  // MLX writes the same table without a method.
  if (typeof bits === "number" && typeof groupSize === "number") return { method: "MLX", detail };
  return { method: "a format that config.json does not name", detail };
}

/** The un-quantised model's name, where the config tells one that is not a local folder or quantised itself. */
function originalOf(config: Readonly<Record<string, unknown>>): string | undefined {
  const quantised = /awq|gptq|bnb|[48][-_]?bit|int[48]|fp8|nvfp4|mxfp4|w\da\d|mlx|quant/i;
  return [config.base_model, config.base_model_name_or_path, config._name_or_path].find(
    (name): name is string => typeof name === "string" && /^\w[\w.-]{0,95}\/\w[\w.-]{0,95}$/.test(name) && !quantised.test(name),
  );
}

/** Refuses a parsed config.json that says its weights are quantised; throws QuantizedCheckpointError. Other content passes. */
export function checkHfQuantization(config: unknown): void {
  const root = tableOf(config);
  if (!root) return;
  const places = [root, tableOf(root.text_config), tableOf(root.vision_config), tableOf(root.llm_config)];
  for (const place of places) {
    for (const key of ["quantization_config", "compression_config", "quantization"]) {
      const value = place?.[key];
      if (value === undefined || value === null) continue;
      const settings = tableOf(value);
      const { method, detail } = methodOf(settings ?? {});
      throw new QuantizedCheckpointError(method, detail, originalOf(root));
    }
  }
}

/** Endings of tensors that only quantised checkpoints have. */
const sideTensors: readonly (readonly [ending: RegExp, method: string])[] = [
  [/\.(qweight|qzeros|g_idx)$/, "GPTQ or AWQ"],
  [/\.(absmax|quant_map|nested_absmax|SCB)$|\.quant_state\./, "bitsandbytes"],
  [/\.weight_(packed|scale_2|global_scale|zero_point|shape)$/, "compressed-tensors"],
  [/\.(weight_scale(_inv)?|input_scale)$/, "FP8 or INT8 scales"],
  [/\.(scales|biases)$/, "MLX"],
];

/** Refuses tensor names of quantised weights, for checkpoints whose config.json is silent; throws QuantizedCheckpointError. */
export function checkQuantizedNames(names: Iterable<string>): void {
  for (const name of names) {
    const method = sideTensors.find(([ending]) => ending.test(name))?.[1];
    if (method) throw new QuantizedCheckpointError(method, `, as its tensor ${name.slice(0, 120)} shows`);
  }
}
