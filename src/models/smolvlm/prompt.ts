// Messages and frame grids → token ids: renders the chat template, replaces each `<image>` of the template by the frame tokens
// of its picture (transformers' SmolVLMProcessor), and tokenises the whole, so that newlines around frames merge as in Python.
// The k-th image token of the result receives row k of the concatenated frame features.
import { ModelConfigError } from "@/models/configSchemas";
import { PromptError } from "@/models/promptError";
import { type ChatMessage, renderChat } from "@/text/chat";
import type { PromptPiece, TextTokenizer } from "@/text/tokenizer";
import type { SmolVlmConfig } from "./config";
import type { FrameGrid } from "./imageProcessor";

/** A prompt ready for the model. */
export interface SmolVlmPrompt {
  /** The rendered template, before the expansion of `<image>`. */
  readonly text: string;
  readonly ids: Int32Array<ArrayBuffer>;
  /** Indices of the image tokens in `ids`, ascending. */
  readonly imageTokenPositions: Int32Array<ArrayBuffer>;
}

const special = (text: string): PromptPiece => ({ kind: "special", text });
const lineBreak: PromptPiece = { kind: "text", text: "\n" };

interface ImageTokens {
  readonly image: string;
  readonly fake: string;
  readonly global: string;
}

function imageTokens(tokenizer: TextTokenizer, config: SmolVlmConfig): ImageTokens {
  const names = tokenizer.namedTokens;
  const tokens = {
    image: names.image_token ?? "<image>",
    fake: names.fake_image_token ?? "<fake_token_around_image>",
    global: names.global_image_token ?? "<global-img>",
  };
  if (tokenizer.tokenId(tokens.image) !== config.imageTokenId) {
    throw new ModelConfigError(`the tokenizer's ${tokens.image} is not the image token of config.json`);
  }
  return tokens;
}

/** What replaces one `<image>`: tiles row by row, then the whole picture. */
function expandImage({ rows, columns }: FrameGrid, tokens: ImageTokens, sequenceLength: number): PromptPiece[] {
  const features = Array.from({ length: sequenceLength }, () => special(tokens.image));
  const whole = [special(tokens.fake), special(tokens.global), ...features, special(tokens.fake)];
  if (rows === 0 && columns === 0) return whole;
  const tiles: PromptPiece[] = [];
  for (let r = 1; r <= rows; r++) {
    for (let c = 1; c <= columns; c++) tiles.push(special(tokens.fake), special(`<row_${r}_col_${c}>`), ...features);
    tiles.push(lineBreak);
  }
  return [...tiles, lineBreak, ...whole];
}

/**
 * Builds the prompt of a conversation that ends with the assistant's turn to speak.
 * Throws PromptError (number of pictures, length), ModelConfigError or ChatTemplateError.
 * @param frameGrids One per picture, in the order of the messages.
 */
export function buildPrompt(
  tokenizer: TextTokenizer,
  chatTemplate: string,
  config: SmolVlmConfig,
  messages: readonly ChatMessage[],
  frameGrids: readonly FrameGrid[],
): SmolVlmPrompt {
  const tokens = imageTokens(tokenizer, config);
  const { text, pieces } = renderChat(tokenizer, chatTemplate, messages);
  const imageCount = pieces.filter((piece) => piece.kind === "special" && piece.text === tokens.image).length;
  if (imageCount !== frameGrids.length) {
    throw new PromptError(
      "The prompt and the pictures do not match",
      `the prompt has a place for ${imageCount} and there are ${frameGrids.length}`,
      "Add or remove a picture",
    );
  }
  let next = 0;
  const expanded = pieces.flatMap((piece) => {
    if (piece.kind !== "special" || piece.text !== tokens.image) return [piece];
    return expandImage(frameGrids[next++] ?? { rows: 0, columns: 0 }, tokens, config.imageSequenceLength);
  });
  for (const piece of expanded) {
    // A tokenizer of a smaller grid lacks tile tokens: Python would spell them out as text, which the model never saw.
    if (piece.kind === "special" && !tokenizer.specialTokens.includes(piece.text)) {
      throw new PromptError(
        "This picture is too long or too wide for the model",
        `the tokenizer has no ${piece.text}`,
        "Crop the picture",
      );
    }
  }
  const ids = Int32Array.from(tokenizer.encodePieces(expanded));
  const limit = config.text.maxPositionEmbeddings;
  if (ids.length >= limit) {
    throw new PromptError("The question is too long", `it makes ${ids.length} tokens, the model takes ${limit}`, "Shorten it");
  }
  const imageTokenPositions = Int32Array.from(
    Array.from(ids, (id, i) => (id === config.imageTokenId ? i : -1)).filter((position) => position >= 0),
  );
  return { text, ids, imageTokenPositions };
}
