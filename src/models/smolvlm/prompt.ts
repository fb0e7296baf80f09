// Messages and pictures → token ids: each `<image>` of the template becomes the frame tokens of its picture (transformers'
// SmolVLMProcessor); newlines around frames merge as in Python, since the whole is tokenised at once.
// The k-th image token of the result receives row k of the concatenated frame features.
import type { ModelPrompt, ProcessedImage } from "@/models/family";
import { type Conversation, imagePrompt, imageTokenOf } from "@/models/imagePrompt";
import { PromptError } from "@/models/promptError";
import type { PromptPiece, TextTokenizer } from "@/text/tokenizer";
import type { SmolVlmConfig } from "./config";

/** How a picture was split: 0 × 0 when it was not. */
type FrameGrid = Pick<ProcessedImage, "rows" | "columns">;

const special = (text: string): PromptPiece => ({ kind: "special", text });
const lineBreak: PromptPiece = { kind: "text", text: "\n" };

interface ImageTokens {
  readonly image: string;
  readonly fake: string;
  readonly global: string;
}

function imageTokens(tokenizer: TextTokenizer, config: SmolVlmConfig): ImageTokens {
  const names = tokenizer.namedTokens;
  return {
    image: imageTokenOf(tokenizer, config, "<image>"),
    fake: names.fake_image_token ?? "<fake_token_around_image>",
    global: names.global_image_token ?? "<global-img>",
  };
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
 * Throws PromptError (number of pictures, length, more tiles than the tokenizer knows), ModelConfigError or ChatTemplateError.
 * @param grids One per image item of the messages, in order.
 */
export function smolVlmPrompt(conversation: Conversation, grids: readonly FrameGrid[], config: SmolVlmConfig): ModelPrompt {
  const { tokenizer } = conversation;
  const tokens = imageTokens(tokenizer, config);
  const pictures = grids.map((grid) => expandImage(grid, tokens, config.imageSequenceLength));
  // A tokenizer of a smaller grid lacks tile tokens: Python would spell them out as text, which the model never saw.
  const unknown = pictures.flat().find(({ kind, text }) => kind === "special" && !tokenizer.specialTokens.includes(text));
  if (unknown) {
    throw new PromptError(
      "This picture is too long or too wide for the model",
      `the tokenizer has no ${unknown.text}`,
      "Crop the picture",
    );
  }
  return imagePrompt(conversation, config, { token: tokens.image, pictures });
}
