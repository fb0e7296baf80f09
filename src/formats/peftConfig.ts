// adapter_config.json of Hugging Face PEFT: its schema, what of PEFT is refused, and PEFT's three pattern rules (target_modules,
// rank_pattern, alpha_pattern). The weights are peft.ts' matter.
// Same rules as peft/tuners/tuners_utils.py (check_target_module_exists) and peft/utils/other.py (get_pattern_key).
import * as v from "valibot";
import { UserError } from "@/lib/errors";

/** Names of the reasons an adapter is refused. */
export type AdapterCheck =
  | "badConfig"
  | "unsupported"
  | "badKey"
  | "duplicateModule"
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

const positiveInteger = v.pipe(v.number(), v.integer(), v.minValue(1));
const finite = v.pipe(v.number(), v.finite());

const configSchema = v.looseObject({
  peft_type: v.string(),
  r: v.optional(positiveInteger, 8),
  lora_alpha: v.optional(finite, 8),
  target_modules: v.nullish(v.union([v.string(), v.array(v.string())]), null),
  bias: v.nullish(v.string(), "none"),
  use_rslora: v.nullish(v.boolean(), false),
  use_dora: v.nullish(v.boolean(), false),
  lora_bias: v.nullish(v.boolean(), false),
  fan_in_fan_out: v.nullish(v.boolean(), false),
  modules_to_save: v.nullish(v.array(v.string()), null),
  rank_pattern: v.nullish(v.record(v.string(), positiveInteger), {}),
  alpha_pattern: v.nullish(v.record(v.string(), finite), {}),
  base_model_name_or_path: v.nullish(v.string(), null),
});

/** adapter_config.json after validation; keys this program does not know are kept. */
export type AdapterConfig = v.InferOutput<typeof configSchema>;

/** Keys that, when set, make the adapter something else than W + scaling·B·A. */
const variants: readonly (readonly [key: string, name: string])[] = [
  ["use_dora", "DoRA"],
  ["lora_bias", "LoRA biases"],
  ["fan_in_fan_out", "transposed weights"],
  ["use_qalora", "QA-LoRA"],
  ["use_bdlora", "block-diagonal LoRA"],
  ["kasa_config", "KaSA"],
  ["monteclora_config", "MonteCLoRA"],
  ["arrow_config", "Arrow routing"],
  ["alora_invocation_tokens", "activated LoRA"],
  ["layer_replication", "replicated layers"],
  ["target_parameters", "LoRA on bare parameters"],
  ["trainable_token_indices", "trained tokens"],
];

/** Values of init_lora_weights that also changed the base weights: on the original base such an adapter means something else. */
const residualStarts = /^(pissa|olora|corda|loftq|lora_ga)/i;

function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== false;
}

/**
 * Validates a parsed adapter_config.json. Throws AdapterError: for other methods than LoRA and for variants of LoRA, because
 * ignoring what they add would silently change the model.
 */
export function parseAdapterConfig(input: unknown): AdapterConfig {
  const result = v.safeParse(configSchema, input);
  if (!result.success) {
    const issue = result.issues[0];
    throw new AdapterError(
      "badConfig",
      `adapter_config.json has an unexpected ${v.getDotPath(issue) ?? "content"} (${issue.message})`,
    );
  }
  const config: AdapterConfig = result.output;
  const refuse = (what: string) => new AdapterError("unsupported", `it uses ${what}, which this page does not support`);
  if (config.peft_type !== "LORA") throw refuse(`PEFT's method ${config.peft_type.slice(0, 40)} instead of LORA`);
  const variant = variants.find(([key]) => isSet(config[key]));
  if (variant) throw refuse(variant[1]);
  const start = config.init_lora_weights;
  if (typeof start === "string" && residualStarts.test(start)) {
    throw refuse(`${start} initialisation, which changes the base weights as well`);
  }
  for (const pattern of [...Object.keys(config.rank_pattern), ...Object.keys(config.alpha_pattern)]) {
    if (fullMatch(patternKey(pattern), "") === undefined) {
      throw new AdapterError("badConfig", `adapter_config.json has the pattern "${pattern.slice(0, 120)}", which cannot be read`);
    }
  }
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

function patternKey(pattern: string): string {
  return `(.*\\.)?(${pattern})`;
}

/** rank_pattern and alpha_pattern: the first key that matches the end of the path wins. */
function patternValue(patterns: Readonly<Record<string, number>>, path: string, fallback: number): number {
  const key = Object.keys(patterns).find((pattern) => fullMatch(patternKey(pattern), path));
  return key === undefined ? fallback : (patterns[key] ?? fallback);
}

/** Rank of a module under its config. */
export function rankOf(config: AdapterConfig, path: string): number {
  return patternValue(config.rank_pattern, path, config.r);
}

/** Factor on B·A: alpha / r, or alpha / √r where rank-stabilised (arXiv 2312.03732). */
export function scalingOf(config: AdapterConfig, alpha: number, rank: number): number {
  return config.use_rslora ? alpha / Math.sqrt(rank) : alpha / rank;
}

/** The same for a module, with its own alpha where alpha_pattern gives one. */
export function moduleScaling(config: AdapterConfig, path: string, rank: number): number {
  return scalingOf(config, patternValue(config.alpha_pattern, path, config.lora_alpha), rank);
}
