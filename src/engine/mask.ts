// The page's mask settings as the mask the image module draws: regions come as fractions of the picture.

import { type MaskSpec, maskStrategies } from "@/image/masks";
import type { RgbImage } from "@/image/rgbImage";
import type { MaskSettings } from "@/protocol/image";

/** Settings → mask of a picture of this size. */
export function maskSpecOf(settings: MaskSettings, image: Pick<RgbImage, "width" | "height">): MaskSpec {
  switch (settings.strategy) {
    case "patch_blackening":
      return { kind: "patch_blackening", cellSize: settings.cellSize, probability: settings.ratio };
    case "gaussian_noise":
      return maskStrategies.gaussian_noise.defaults;
    case "blur":
      return maskStrategies.blur.defaults;
    case "grey":
      return maskStrategies.grey.defaults;
    case "whole":
      return maskStrategies.whole.defaults;
    case "region": {
      const [x0, y0, x1, y1] = settings.region ?? [0, 0, 1, 1];
      const { width, height } = image;
      return {
        kind: "region",
        rectangles: [{ x: x0 * width, y: y0 * height, width: (x1 - x0) * width, height: (y1 - y0) * height }],
      };
    }
    default:
      return settings.strategy satisfies never;
  }
}
