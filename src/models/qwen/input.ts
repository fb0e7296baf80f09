// The pure half of Qwen2.5-VL and Qwen3-VL, which is the same for both: their configurations say all that differs.
import type { ModelInput } from "@/models/family";
import type { QwenConfig } from "./config";
import { qwenProcess, qwenSee } from "./imageProcessor";
import { qwenPositions } from "./positions";
import { qwenPrompt } from "./prompt";

/** Pictures and messages to numbers, by this configuration. */
export function qwenInput(config: QwenConfig): ModelInput {
  return {
    see: (image, limits) => qwenSee(image, config.image, limits),
    process: (image, limits) => qwenProcess(image, config.image, limits),
    prompt: (tokenizer, chatTemplate, messages, images) => qwenPrompt({ tokenizer, chatTemplate, messages }, images, config),
    positions: (ids, images) => qwenPositions(ids, images, config),
  };
}
