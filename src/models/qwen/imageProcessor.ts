// Picture → patches for the towers of Qwen2.5-VL and Qwen3-VL, as transformers' Qwen2VLImageProcessor with PIL does it: resize
// to multiples of an image token, normalise, cut into patches. Rows come in merge-block order (the patches of one image token
// are neighbours); inside a row (channel, time, y, x), a still picture repeated over time.
import { resize } from "@/image/resize";
import type { RgbImage } from "@/image/rgbImage";
import type { PixelLimits, ProcessedImage } from "@/models/family";
import { normalizedBytes } from "@/models/normalizedBytes";
import type { QwenImageConfig } from "./config";
import { seenSize, sizeBounds } from "./smartResize";

/** The picture in the size the model sees; seeing it again changes nothing. Throws PictureSizeError. */
export function qwenSee(image: RgbImage, config: QwenImageConfig, limits?: PixelLimits): RgbImage {
  const { width, height } = seenSize(image, sizeBounds(config, limits));
  return resize(image, width, height, config.resample);
}

/** The picture as rows [patches, 3 · time · patch²] with its grid of patches. Throws PictureSizeError. */
export function qwenProcess(image: RgbImage, config: QwenImageConfig, limits?: PixelLimits): ProcessedImage {
  const seen = qwenSee(image, config, limits);
  const { patchSize, mergeSize } = config;
  const rows = seen.height / patchSize;
  const columns = seen.width / patchSize;
  const patchCount = rows * columns;
  return {
    pixelValues: cutPatches(seen, config),
    patchCount,
    featureCount: patchCount / mergeSize ** 2,
    rows,
    columns,
  };
}

function cutPatches(image: RgbImage, config: QwenImageConfig): Float32Array<ArrayBuffer> {
  const { patchSize, mergeSize, temporalPatchSize } = config;
  const tables = ([0, 1, 2] as const).map((channel) => normalizedBytes(channel, config));
  const area = patchSize * patchSize;
  const block = patchSize * mergeSize;
  const values = new Float32Array(image.width * image.height * 3 * temporalPatchSize);
  let at = 0;
  for (let top = 0; top < image.height; top += block) {
    for (let left = 0; left < image.width; left += block) {
      for (let inBlock = 0; inBlock < mergeSize ** 2; inBlock++) {
        const y = top + Math.floor(inBlock / mergeSize) * patchSize;
        const x = left + (inBlock % mergeSize) * patchSize;
        for (const [channel, table] of tables.entries()) {
          copyPatch(image, { x, y, size: patchSize, channel }, table, values.subarray(at, at + area));
          for (let time = 1; time < temporalPatchSize; time++) values.copyWithin(at + time * area, at, at + area);
          at += area * temporalPatchSize;
        }
      }
    }
  }
  return values;
}

interface PatchPlace {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly channel: number;
}

function copyPatch(image: RgbImage, { x, y, size, channel }: PatchPlace, table: Float32Array, to: Float32Array): void {
  for (let row = 0; row < size; row++) {
    const from = ((y + row) * image.width + x) * 3 + channel;
    for (let column = 0; column < size; column++) {
      to[row * size + column] = table[image.data[from + column * 3] as number] as number;
    }
  }
}
