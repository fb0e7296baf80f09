// Pictures and masks as both sides of the worker boundary describe them.

/** How the masked twin of an image is made (paper App. B and Table 11; `image/masks.ts` draws it). */
export type MaskStrategy = "patch_blackening" | "gaussian_noise" | "blur" | "grey" | "whole" | "region";

export interface MaskSettings {
  readonly strategy: MaskStrategy;
  /** Patch blackening: probability that a cell is black, 0..1. */
  readonly ratio: number;
  /** Patch blackening and region: cell side in pixels of the image the model sees. */
  readonly cellSize: number;
  readonly seed: number;
  /** One mask per trajectory (official code) or one shared by the group (PAPO). */
  readonly sharing: "trajectory" | "shared";
  /** Region: [x0, y0, x1, y1] in fractions of the image, black inside. */
  readonly region?: readonly [number, number, number, number];
}

/** Limits of a picture's area after resizing, for models whose picture size follows the picture; the model's own without them. */
export interface PixelLimits {
  readonly minPixels?: number;
  readonly maxPixels?: number;
}
