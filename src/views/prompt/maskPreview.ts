// The masked twin as the engine will make it, computed in the page, so that a change of the mask shows at once. Pure. The mask
// acts on the picture in the size the model sees.

import { maskImage } from "@/image/masks";
import { resize } from "@/image/resize";
import type { RgbImage } from "@/image/rgbImage";
import type { MaskSettings, PixelLimits } from "@/protocol/image";
import { maskSpecOf } from "@/protocol/maskSpec";

/** Area in pixels above which the preview is computed smaller, so that a moved knob shows at once. */
const largestPreview = 2 ** 20;

/**
 * The picture as the model sees it and its masked twin. `side` is the model's image size in pixels; undefined where the size
 * follows the picture, within `pixels` (the model then rounds it to whole patches).
 */
export function maskPreview(
  image: RgbImage,
  mask: MaskSettings,
  side: number | undefined,
  pixels: PixelLimits = {},
): { readonly seen: RgbImage; readonly masked: RgbImage } {
  const [width, height] = side === undefined ? withinLimits(image, pixels) : [side, side];
  const seen = image.width === width && image.height === height ? image : resize(image, width, height, "lanczos");
  return { seen, masked: maskImage(seen, maskSpecOf(mask, seen), mask.seed) };
}

function withinLimits({ width, height }: RgbImage, { minPixels = 0, maxPixels = largestPreview }: PixelLimits): [number, number] {
  const area = width * height;
  const wanted = Math.min(Math.max(area, minPixels), maxPixels, largestPreview);
  if (wanted === area) return [width, height];
  const factor = Math.sqrt(wanted / area);
  return [Math.max(1, Math.round(width * factor)), Math.max(1, Math.round(height * factor))];
}
