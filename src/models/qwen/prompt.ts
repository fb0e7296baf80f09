// Messages and pictures → token ids: each `<|image_pad|>` of the template is repeated once per image feature (transformers'
// Qwen2_5_VLProcessor, Qwen3VLProcessor). The k-th image token of the result receives row k of the concatenated features.
import type { ModelPrompt, ProcessedImage } from "@/models/family";
import { type Conversation, imagePrompt, imageTokenOf } from "@/models/imagePrompt";
import type { QwenConfig } from "./config";

/**
 * Builds the prompt of a conversation that ends with the assistant's turn to speak.
 * Throws PromptError (number of pictures, length), ModelConfigError or ChatTemplateError.
 * @param images One per image item of the messages, in order.
 */
export function qwenPrompt(
  conversation: Conversation,
  images: readonly Pick<ProcessedImage, "featureCount">[],
  config: QwenConfig,
): ModelPrompt {
  const token = imageTokenOf(conversation.tokenizer, config, "<|image_pad|>");
  const pictures = images.map(({ featureCount }) =>
    Array.from({ length: featureCount }, () => ({ kind: "special" as const, text: token })),
  );
  return imagePrompt(conversation, config, { token, pictures });
}
