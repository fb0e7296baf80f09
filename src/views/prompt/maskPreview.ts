// The masked twin as the engine will make it, computed in the page, so that a change of the mask shows at once. Pure. The mask
// acts on the picture in the size the model sees.

import { maskImage } from "@/image/masks";
import { resize } from "@/image/resize";
import type { RgbImage } from "@/image/rgbImage";
import type { MaskSettings } from "@/protocol/image";
import { maskSpecOf } from "@/protocol/maskSpec";

/** The picture as the model sees it and its masked twin. `side` is the model's image size in pixels. */
export function maskPreview(
  image: RgbImage,
  mask: MaskSettings,
  side: number,
): { readonly seen: RgbImage; readonly masked: RgbImage } {
  const seen = image.width === side && image.height === side ? image : resize(image, side, side, "lanczos");
  return { seen, masked: maskImage(seen, maskSpecOf(mask, seen), mask.seed) };
}
