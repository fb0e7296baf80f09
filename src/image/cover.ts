// Parts of a picture covered with something: what occlusion maps and deletion curves ask about. A mask of `masks.ts` hides the picture
// by one method of the paper or of this page; here the parts are chosen and the fill is varied, so that what the fill itself does to
// the model can be told apart from what was hidden.

import { pcg3d } from "@/lib/rng";
import type { PixelRectangle } from "./masks";
import type { RgbImage } from "./rgbImage";

/** What covers: the picture's mean colour, black, or uniform noise in every channel of every pixel. */
export type CoverFill = "mean" | "black" | "noise";

export interface Cover {
  readonly fill: CoverFill;
  /** Draws the noise; the other fills do not use it. */
  readonly seed: number;
}

/** A copy of the picture with rectangles (in pixels, rounded to the nearest edge) covered; parts outside are ignored. */
export function coverRectangles(image: RgbImage, rectangles: readonly PixelRectangle[], cover: Cover): RgbImage {
  const { width, height } = image;
  const data = new Uint8Array(image.data);
  const paint = painter(image, cover);
  for (const rectangle of rectangles) {
    const [left, right] = span(rectangle.x, rectangle.width, width);
    const [top, bottom] = span(rectangle.y, rectangle.height, height);
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) paint(data, y * width + x);
  }
  return { width, height, data };
}

/** Mean of each channel, rounded. */
export function meanColour({ data }: RgbImage): readonly [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < data.length; i += 3) {
    sums[0] += data[i] as number;
    sums[1] += data[i + 1] as number;
    sums[2] += data[i + 2] as number;
  }
  const pixels = Math.max(1, data.length / 3);
  return [Math.round(sums[0] / pixels), Math.round(sums[1] / pixels), Math.round(sums[2] / pixels)];
}

function painter(image: RgbImage, { fill, seed }: Cover): (data: Uint8Array, pixel: number) => void {
  switch (fill) {
    case "mean":
      return flat(meanColour(image));
    case "black":
      return flat([0, 0, 0]);
    case "noise":
      return (data, pixel) => {
        // By place, so that a pixel has the same noise whatever else is covered.
        const [red, green, blue] = pcg3d(seed, pixel, 0x636f7672);
        data[pixel * 3] = red >>> 24;
        data[pixel * 3 + 1] = green >>> 24;
        data[pixel * 3 + 2] = blue >>> 24;
      };
    default:
      return fill satisfies never;
  }
}

function flat([red, green, blue]: readonly [number, number, number]): (data: Uint8Array, pixel: number) => void {
  return (data, pixel) => {
    data[pixel * 3] = red;
    data[pixel * 3 + 1] = green;
    data[pixel * 3 + 2] = blue;
  };
}

function span(start: number, length: number, limit: number): readonly [number, number] {
  return [Math.max(0, Math.round(start)), Math.min(limit, Math.round(start + length))];
}
