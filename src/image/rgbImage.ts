// The one picture type of the project: 8-bit RGB, row-major, no alpha. Everything before the image processor (decode,
// resize, mask) works on it; everything after works on float patches.

/** 8-bit RGB image; `data` holds height·width·3 bytes, row-major, channels last. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A black image. */
export function createRgbImage(width: number, height: number): RgbImage {
  return { width, height, data: new Uint8Array(width * height * 3) };
}
