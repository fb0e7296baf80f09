// From a conversation to token ids, as every family does it: render the chat template, put what stands for a picture in the
// place of each image token, tokenise the whole. What a user typed stays text. What stands for a picture is the family's.

import { type ChatMessage, renderChat } from "@/text/chat";
import type { PromptPiece, TextTokenizer } from "@/text/tokenizer";
import { ModelConfigError } from "./configSchemas";
import type { ModelConfig, ModelPrompt } from "./family";
import { PromptError } from "./promptError";

/** What a prompt is built from, besides the pictures. */
export interface Conversation {
  readonly tokenizer: TextTokenizer;
  readonly chatTemplate: string;
  /** End with the user's turn: the assistant speaks next. */
  readonly messages: readonly ChatMessage[];
}

/** The tokenizer's image token; throws ModelConfigError when it is not the one of config.json. */
export function imageTokenOf(tokenizer: TextTokenizer, { imageTokenId }: ModelConfig, usual: string): string {
  const token = tokenizer.namedTokens.image_token ?? usual;
  if (tokenizer.tokenId(token) === imageTokenId) return token;
  throw new ModelConfigError(`the tokenizer's ${token} is not the image token of config.json`);
}

/**
 * Builds the prompt of a conversation; throws PromptError (number of pictures, length) or ChatTemplateError.
 * @param pictures What stands for each picture, in the order of the messages.
 */
export function imagePrompt(
  { tokenizer, chatTemplate, messages }: Conversation,
  { imageTokenId, text: { maxPositionEmbeddings } }: ModelConfig,
  { token, pictures }: { readonly token: string; readonly pictures: readonly (readonly PromptPiece[])[] },
): ModelPrompt {
  const { text, pieces } = renderChat(tokenizer, chatTemplate, messages);
  const isImage = (piece: PromptPiece) => piece.kind === "special" && piece.text === token;
  const places = pieces.filter(isImage).length;
  if (places !== pictures.length) throw pictureMismatch(`the prompt has a place for ${places} and there are ${pictures.length}`);
  let next = 0;
  const expanded = pieces.flatMap((piece) => (isImage(piece) ? (pictures[next++] ?? []) : [piece]));
  const ids = Int32Array.from(tokenizer.encodePieces(expanded));
  if (ids.length >= maxPositionEmbeddings) {
    throw new PromptError(
      pictures.length > 0 ? "The question and its pictures are too long" : "The question is too long",
      `it makes ${ids.length} tokens, the model takes ${maxPositionEmbeddings}`,
      pictures.length > 0 ? "Shorten the question or allow fewer pixels" : "Shorten it",
    );
  }
  return { text, ids, imageTokenPositions: Int32Array.from(ids.keys()).filter((i) => ids[i] === imageTokenId) };
}

/** More or fewer pictures than places for them. */
export function pictureMismatch(why: string): PromptError {
  return new PromptError("The prompt and the pictures do not match", why, "Add or remove a picture");
}
