// Picture → frames for the SigLIP tower, as transformers' Idefics3ImageProcessor / SmolVLMImageProcessor with PIL do it: resize
// the longest edge, stretch to whole multiples of a frame, cut into frames, add the whole picture as a last frame, normalise.
// Every resize gives bytes (PIL's resampler); only the last step is float32.
import { type ResizeFilter, resize } from "@/image/resize";
import { createRgbImage, type RgbImage } from "@/image/rgbImage";
import { normalizedBytes } from "@/models/normalizedBytes";
import type { SmolVlmImageConfig } from "./config";

/** A picture as frames. */
export interface FramedPicture {
  /** [frames, 3, frameSize, frameSize], row-major; tiles by rows, then the whole picture. */
  readonly pixelValues: Float32Array<ArrayBuffer>;
  readonly frames: number;
  /** How it was split; rows = columns = 0 means one frame that is the picture. */
  readonly rows: number;
  readonly columns: number;
}

interface Tiles {
  readonly rows: number;
  readonly columns: number;
  readonly frames: readonly RgbImage[];
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const largestSide = 4096;

/** Longest edge = `edge`, the other one truncated and made even (`_resize_output_size_rescale_to_max_len`), at most 4096. */
function sizeOfLongestEdge({ width, height }: Size, edge: number): Size {
  const ratio = width / height;
  const even = (value: number) => Math.max(1, value + (value % 2));
  const size =
    width >= height
      ? { width: edge, height: even(Math.trunc(edge / ratio)) }
      : { width: even(Math.trunc(edge * ratio)), height: edge };
  return capSize(size);
}

function capSize({ width, height }: Size): Size {
  const ratio = width / height;
  if (width >= height && width > largestSide) return { width: largestSide, height: Math.max(1, Math.trunc(largestSide / ratio)) };
  if (height > width && height > largestSide) return { width: Math.max(1, Math.trunc(largestSide * ratio)), height: largestSide };
  return { width, height };
}

/** Both sides up to multiples of the frame size (`resize_for_vision_encoder`); the aspect ratio is not kept. */
function sizeOfWholeFrames({ width, height }: Size, frame: number): Size {
  const ratio = width / height;
  const up = (value: number) => Math.ceil(value / frame) * frame;
  if (width >= height) return { width: up(width), height: up(Math.trunc(up(width) / ratio)) };
  return { width: up(Math.trunc(up(height) * ratio)), height: up(height) };
}

function crop(image: RgbImage, left: number, top: number, size: number): RgbImage {
  const tile = createRgbImage(size, size);
  for (let y = 0; y < size; y++) {
    const from = ((top + y) * image.width + left) * 3;
    tile.data.set(image.data.subarray(from, from + size * 3), y * size * 3);
  }
  return tile;
}

function split(image: RgbImage, size: number, filter: ResizeFilter): Tiles {
  if (image.width <= size && image.height <= size) return { rows: 0, columns: 0, frames: [image] };
  const rows = image.height / size;
  const columns = image.width / size;
  const frames: RgbImage[] = [];
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) frames.push(crop(image, c * size, r * size, size));
  frames.push(resize(image, size, size, filter));
  return { rows, columns, frames };
}

/** Writes normalised colours, channels first. */
function normalize(frames: readonly RgbImage[], size: number, config: SmolVlmImageConfig): Float32Array<ArrayBuffer> {
  const pixels = size * size;
  const values = new Float32Array(frames.length * 3 * pixels);
  for (const channel of [0, 1, 2] as const) {
    const table = normalizedBytes(channel, config);
    for (const [f, frame] of frames.entries()) {
      const to = (f * 3 + channel) * pixels;
      for (let i = 0; i < pixels; i++) values[to + i] = table[frame.data[i * 3 + channel] as number] as number;
    }
  }
  return values;
}

/** The picture after both resizes and before splitting; processing it again changes nothing. */
export function seenImage(image: RgbImage, config: SmolVlmImageConfig): RgbImage {
  const { frameSize, resample } = config;
  const first = sizeOfLongestEdge(image, config.longestEdge);
  const resized = resize(image, first.width, first.height, resample);
  const { width, height } = config.doImageSplitting
    ? sizeOfWholeFrames(first, frameSize)
    : { width: frameSize, height: frameSize };
  return resize(resized, width, height, resample);
}

/** Turns a picture into the model's frames. */
export function processImage(image: RgbImage, config: SmolVlmImageConfig): FramedPicture {
  const { frameSize: size, resample } = config;
  const seen = seenImage(image, config);
  const { rows, columns, frames } = config.doImageSplitting
    ? split(seen, size, resample)
    : { rows: 0, columns: 0, frames: [seen] };
  return { pixelValues: normalize(frames, size, config), frames: frames.length, rows, columns };
}
