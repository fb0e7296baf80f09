// Answers that are already there, compared under many masks: the pass with the picture as it is runs once, every mask is one more. The
// numbers are those that decoding gives for the same mask, because a row's numbers depend on that row alone.

import { dispose, type Tensor } from "@tensorflow/tfjs-core";
import { coverRectangles } from "@/image/cover";
import type { PatchGrid } from "@/image/occlusionGrid";
import type { RgbImage } from "@/image/rgbImage";
import type { ProcessedImage } from "@/models/family";
import type { CoverMask, MeasureEvent, MeasureRequest } from "@/protocol/measure";
import { withInstruction } from "@/tasks/instruction";
import { maskSet, prepare } from "./decoding/rollouts";
import { RequestError } from "./requestChecks";
import { ScoredRows } from "./score";
import type { Session } from "./session";

/** Rows of the decoder that are computed together: a small model's pass costs more for its many steps than for its rows. */
const rowsPerPass = 1024;

export interface MeasureOptions {
  readonly emit: (event: MeasureEvent) => void;
  readonly signal: AbortSignal;
}

/** Measures every response under every mask, in order; ends early when stopped. Throws RequestError before anything is computed. */
export async function measure(session: Session, request: MeasureRequest, { emit, signal }: MeasureOptions): Promise<void> {
  const { image, moreImages, question, plain, pixels, responses, masks } = request;
  const [prepared] = prepare(session, {
    questions: [{ image, moreImages, text: plain ? question : withInstruction(question) }],
    rollouts: 1,
    pixels,
  });
  if (!prepared) return;
  const { prompt, seen, images } = prepared;
  const patches = patchGrid(images[0]);
  const longest = responses.reduce((most, { length }) => Math.max(most, length), 0);
  if (longest === 0) throw new RequestError("Nothing was measured", "there is no answer yet", "Ask first");
  if (prompt.ids.length + longest > session.contextTokens) {
    const why = `question and answer have ${prompt.ids.length + longest} tokens and the model reads ${session.contextTokens}`;
    throw new RequestError("The answer cannot be measured", why, "Ask for a shorter answer");
  }
  const scored = (features: readonly Tensor[]) => {
    try {
      return new ScoredRows(
        session,
        features.map((one) => ({ prompt, responses, features: one })),
      );
    } finally {
      dispose([...features]);
    }
  };
  const rows = prompt.ids.length + responses.reduce((sum, { length }) => sum + length, 0);
  const together = Math.max(1, Math.floor(rowsPerPass / rows));
  const original = scored([session.encodeTogether(images)]);
  try {
    for (let first = 0; first < masks.length && !signal.aborted; first += together) {
      const sets = masks.slice(first, first + together).map((mask) => picturesUnder(session, seen, mask));
      const started = performance.now();
      const masked = scored(session.encodeSets(sets, pixels));
      try {
        const stats = await original.againstEach(masked, sets.length);
        const passMs = (performance.now() - started) / sets.length;
        stats.forEach((one, i) => {
          if (!signal.aborted) emit({ type: "measured", mask: first + i, total: masks.length, patches, passMs, stats: one });
        });
      } finally {
        masked[Symbol.dispose]();
      }
    }
  } finally {
    original[Symbol.dispose]();
  }
}

function picturesUnder(session: Session, seen: readonly RgbImage[], mask: MeasureRequest["masks"][number]): readonly RgbImage[] {
  if (mask.strategy !== "cover") return maskSet(session, seen, mask, mask.seed);
  return seen.map((picture, i) => (i === 0 ? covered(picture, mask) : picture));
}

function covered(picture: RgbImage, { regions, ...cover }: CoverMask): RgbImage {
  const { width, height } = picture;
  const rectangles = regions.map(([x0, y0, x1, y1]) => ({
    x: x0 * width,
    y: y0 * height,
    width: (x1 - x0) * width,
    height: (y1 - y0) * height,
  }));
  return coverRectangles(picture, rectangles, cover);
}

/** Qwen's grid is one of patches; SmolVLM's is one of square tiles, beside which the whole picture is seen once more. */
function patchGrid(image: ProcessedImage | undefined): PatchGrid {
  if (!image) return { rows: 1, columns: 1 };
  const { rows, columns, patchCount } = image;
  if (rows * columns === patchCount) return { rows, columns };
  const perTile = Math.round(Math.sqrt(patchCount / (rows * columns + 1)));
  return { rows: Math.max(1, rows) * perTile, columns: Math.max(1, columns) * perTile };
}
