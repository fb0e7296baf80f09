// The size in which Qwen's towers see a picture: `smart_resize` of transformers, and on top of it what occlusion needs — a size
// that stays as it is when the resized picture is processed again. The two differ only where Python's result breaks its own
// bounds (very long pictures, bounds close together).
import { UserError } from "@/lib/errors";
import type { PixelLimits } from "@/models/family";
import type { QwenImageConfig } from "./config";

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Bounds on a picture's pixels; sides are multiples of `factor`. */
export interface SizeBounds {
  readonly factor: number;
  readonly minPixels: number;
  readonly maxPixels: number;
}

/** No size suits the model. */
export class PictureSizeError extends UserError {
  override readonly name = "PictureSizeError";
}

const largestAspect = 200;

/** Python's `round`: halves go to the even neighbour. */
function roundHalfToEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest === 0.5) return low % 2 === 0 ? low : low + 1;
  return rest < 0.5 ? low : low + 1;
}

/** `smart_resize` of transformers' Qwen2VLImageProcessor, operation by operation; throws PictureSizeError. */
export function smartResize({ width, height }: Size, { factor, minPixels, maxPixels }: SizeBounds): Size {
  const aspect = Math.max(height, width) / Math.min(height, width);
  if (aspect > largestAspect) {
    throw new PictureSizeError(
      "This picture is too long or too wide for the model",
      `one side is ${Math.round(aspect)} times the other, ${largestAspect} is the most`,
      "Crop the picture",
    );
  }
  const rows = roundHalfToEven(height / factor);
  const columns = roundHalfToEven(width / factor);
  const pixels = rows * factor * (columns * factor);
  if (pixels > maxPixels) {
    const beta = Math.sqrt((height * width) / maxPixels);
    return {
      height: Math.max(factor, Math.floor(height / beta / factor) * factor),
      width: Math.max(factor, Math.floor(width / beta / factor) * factor),
    };
  }
  if (pixels < minPixels) {
    const beta = Math.sqrt(minPixels / (height * width));
    return { height: Math.ceil((height * beta) / factor) * factor, width: Math.ceil((width * beta) / factor) * factor };
  }
  return { height: rows * factor, width: columns * factor };
}

function isWithin({ width, height }: Size, { factor, minPixels, maxPixels }: SizeBounds): boolean {
  const pixels = width * height;
  return width % factor === 0 && height % factor === 0 && pixels >= minPixels && pixels <= maxPixels;
}

/** A size within the bounds whose short side is as near to the picture's shape as they allow. */
function nearestWithin({ width, height }: Size, bounds: SizeBounds): Size {
  const { factor, minPixels, maxPixels } = bounds;
  const cell = factor * factor;
  const scale = Math.sqrt(Math.min(Math.max(width * height, minPixels), maxPixels) / (width * height)) / factor;
  const short = Math.min(width, height) * scale;
  const long = Math.max(width, height) * scale;
  for (const across of new Set([Math.max(1, Math.floor(short)), Math.ceil(short)])) {
    const least = Math.max(across, Math.ceil(minPixels / cell / across));
    const most = Math.floor(maxPixels / cell / across);
    if (least > most) continue;
    const along = Math.min(Math.max(Math.round(long), least), most) * factor;
    return width >= height ? { width: along, height: across * factor } : { width: across * factor, height: along };
  }
  throw new PictureSizeError(
    "The picture cannot be brought to a size the model takes",
    `no size of its shape has ${minPixels} to ${maxPixels} pixels in squares of ${factor}`,
    "Allow more pixels, or crop the picture",
  );
}

/** The bounds of a checkpoint with the user's limits in their place; a low maximum makes room below itself. */
export function sizeBounds(config: QwenImageConfig, limits: PixelLimits = {}): SizeBounds {
  const maxPixels = limits.maxPixels ?? Math.max(config.maxPixels, limits.minPixels ?? 0);
  const minPixels =
    limits.minPixels ?? (limits.maxPixels === undefined ? config.minPixels : Math.min(config.minPixels, maxPixels / 4));
  return { factor: config.patchSize * config.mergeSize, minPixels, maxPixels };
}

/** The size a picture is resized to; this size itself is resized to nothing else. Throws PictureSizeError. */
export function seenSize(size: Size, bounds: SizeBounds): Size {
  if (isWithin(size, bounds)) return { width: size.width, height: size.height };
  const python = smartResize(size, bounds);
  return isWithin(python, bounds) ? python : nearestWithin(size, bounds);
}
