// The model families this program runs: one line each. Everything else about a family is in its folder.

import { UserError } from "@/lib/errors";
import type { ModelConfig, ModelFamily } from "./family";
import { qwen2_5Vl } from "./qwen2_5_vl/family";
import { qwen3Vl } from "./qwen3_vl/family";
import { smolVlm } from "./smolvlm/family";

/** Every family. */
export const families: readonly ModelFamily[] = [asFamily(smolVlm), asFamily(qwen2_5Vl), asFamily(qwen3Vl)];

/** The checkpoint is of an architecture that is not implemented. */
export class UnsupportedModelError extends UserError {
  override readonly name = "UnsupportedModelError";
}

/** The family of a parsed config.json; throws UnsupportedModelError. */
export function familyOf(config: unknown): ModelFamily {
  const type = typeof config === "object" && config !== null && "model_type" in config ? config.model_type : undefined;
  const family = families.find(({ modelTypes }) => modelTypes.some((known) => known === type));
  if (family) return family;
  const known = families.map(({ name, modelTypes }) => `${name} (${modelTypes.join(", ")})`).join(", ");
  throw new UnsupportedModelError(
    "This model cannot be run here",
    typeof type === "string" ? `its architecture is ${type}` : "its config.json names no model_type",
    `Choose a model of a supported family: ${known}`,
  );
}

/** Forgets the family's own config type: a config goes only to the family that parsed it. */
function asFamily<C extends ModelConfig>(family: ModelFamily<C>): ModelFamily {
  return family as unknown as ModelFamily;
}
