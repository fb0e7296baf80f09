// The masked twin as the engine will make it, computed in the page, so that a change of the mask shows at once. Pure. The mask
// acts on the picture in the size the model sees.

import { type MaskSpec, maskImage, maskStrategies } from "@/image/masks";
import { resize } from "@/image/resize";
import type { RgbImage } from "@/image/rgbImage";
import type { MaskSettings } from "@/protocol/image";

/** The strategy of `image/masks.ts` that the page's mask settings stand for. */
export function maskSpecOf(mask: MaskSettings, size: { readonly width: number; readonly height: number }): MaskSpec {
  switch (mask.strategy) {
    case "patch_blackening":
      return { kind: "patch_blackening", cellSize: mask.cellSize, probability: mask.ratio };
    case "region": {
      if (!mask.region) return maskStrategies.region.defaults;
      const [x0, y0, x1, y1] = mask.region;
      const { width, height } = size;
      return {
        kind: "region",
        rectangles: [{ x: x0 * width, y: y0 * height, width: (x1 - x0) * width, height: (y1 - y0) * height }],
      };
    }
    case "gaussian_noise":
    case "blur":
    case "grey":
    case "whole":
      return maskStrategies[mask.strategy].defaults;
    default:
      return mask.strategy satisfies never;
  }
}

/** The picture as the model sees it and its masked twin. `side` is the model's image size in pixels. */
export function maskPreview(
  image: RgbImage,
  mask: MaskSettings,
  side: number,
): { readonly seen: RgbImage; readonly masked: RgbImage } {
  const seen = image.width === side && image.height === side ? image : resize(image, side, side, "lanczos");
  return { seen, masked: maskImage(seen, maskSpecOf(mask, seen), mask.seed) };
}
