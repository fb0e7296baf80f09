// Rotary positions of a Qwen prompt on three axes (time, height, width): `get_rope_index` of transformers for text and still
// pictures. Text counts up on all axes alike; an image token stands at its row and column, and the text after a picture goes on
// where its longer side ends.
import type { ProcessedImage, PromptPositions } from "@/models/family";
import { pictureMismatch } from "@/models/imagePrompt";
import type { QwenConfig } from "./config";

/**
 * Positions [T, 3] of token ids that hold the image tokens of these pictures in order. Image tokens beyond them (a model may
 * write one) are text. Throws PromptError when a picture's tokens are missing or not together.
 */
export function qwenPositions(
  ids: Int32Array,
  images: readonly Pick<ProcessedImage, "rows" | "columns">[],
  config: QwenConfig,
): PromptPositions {
  const positions = new Int32Array(ids.length * 3);
  const merge = config.image.mergeSize;
  let next = 0;
  let picture = 0;
  for (let i = 0; i < ids.length; ) {
    const grid = ids[i] === config.imageTokenId ? images[picture] : undefined;
    if (!grid) {
      positions.fill(next++, i * 3, i * 3 + 3);
      i++;
      continue;
    }
    const rows = grid.rows / merge;
    const columns = grid.columns / merge;
    for (let token = 0; token < rows * columns; token++, i++) {
      if (ids[i] !== config.imageTokenId)
        throw pictureMismatch(`picture ${picture + 1} has fewer places in the prompt than features`);
      positions.set([next, next + Math.floor(token / columns), next + (token % columns)], i * 3);
    }
    next += Math.max(rows, columns);
    picture++;
  }
  if (picture < images.length) throw pictureMismatch(`the prompt has places for ${picture} and there are ${images.length}`);
  return { positions, axes: 3, next };
}
