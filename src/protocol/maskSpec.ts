// From the mask settings both sides share to the mask that `image/masks.ts` draws: the page's preview and the engine use the same.

import { type MaskSpec, maskStrategies } from "@/image/masks";
import { pcg3d } from "@/lib/rng";
import type { MaskSettings } from "./image";

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

/** Seed of one trajectory's mask: the chosen seed itself for the first, so that the preview shows what is used. */
export function maskSeed(mask: MaskSettings, stream: number): number {
  return stream === 0 ? mask.seed : (pcg3d(mask.seed, stream, 0x6d61)[0] ?? 0);
}
