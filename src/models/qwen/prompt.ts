// Messages and pictures → token ids: renders the chat template, repeats each `<|image_pad|>` of the template once per image
// feature (transformers' Qwen2_5_VLProcessor, Qwen3VLProcessor), and tokenises the whole. What a user typed stays text.
// The k-th image token of the result receives row k of the concatenated features.
import { ModelConfigError } from "@/models/configSchemas";
import type { ModelPrompt, ProcessedImage } from "@/models/family";
import { PromptError } from "@/models/promptError";
import { type ChatMessage, renderChat } from "@/text/chat";
import type { PromptPiece, TextTokenizer } from "@/text/tokenizer";
import type { QwenConfig } from "./config";

function imageToken(tokenizer: TextTokenizer, config: QwenConfig): string {
  const token = tokenizer.namedTokens.image_token ?? "<|image_pad|>";
  if (tokenizer.tokenId(token) !== config.imageTokenId) {
    throw new ModelConfigError(`the tokenizer's ${token} is not the image token of config.json`);
  }
  return token;
}

/** What a prompt is built from. */
export interface QwenPromptParts {
  readonly tokenizer: TextTokenizer;
  readonly chatTemplate: string;
  readonly messages: readonly ChatMessage[];
  /** One per image item of the messages, in order. */
  readonly images: readonly Pick<ProcessedImage, "featureCount">[];
}

/**
 * Builds the prompt of a conversation that ends with the assistant's turn to speak.
 * Throws PromptError (number of pictures, length), ModelConfigError or ChatTemplateError.
 */
export function qwenPrompt({ tokenizer, chatTemplate, messages, images }: QwenPromptParts, config: QwenConfig): ModelPrompt {
  const token = imageToken(tokenizer, config);
  const { text, pieces } = renderChat(tokenizer, chatTemplate, messages);
  const isImage = (piece: PromptPiece) => piece.kind === "special" && piece.text === token;
  const places = pieces.filter(isImage).length;
  if (places !== images.length) {
    throw new PromptError(
      "The prompt and the pictures do not match",
      `the prompt has a place for ${places} and there are ${images.length}`,
      "Add or remove a picture",
    );
  }
  let next = 0;
  const expanded = pieces.flatMap((piece) =>
    isImage(piece) ? Array.from({ length: images[next++]?.featureCount ?? 0 }, () => piece) : [piece],
  );
  const ids = Int32Array.from(tokenizer.encodePieces(expanded));
  const limit = config.text.maxPositionEmbeddings;
  if (ids.length >= limit) {
    throw new PromptError(
      images.length ? "The question and its pictures are too long" : "The question is too long",
      `they make ${ids.length} tokens, the model takes ${limit}`,
      images.length ? "Shorten the question or allow fewer pixels" : "Shorten it",
    );
  }
  const imageTokenPositions = Int32Array.from(
    Array.from(ids, (id, i) => (id === config.imageTokenId ? i : -1)).filter((position) => position >= 0),
  );
  return { text, ids, imageTokenPositions };
}
