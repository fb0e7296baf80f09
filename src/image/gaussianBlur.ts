// Pillow's GaussianBlur (libImaging/BoxBlur.c): three passes of an extended box blur (Gwosdek et al., SSVM 2011) in 8-bit
// fixed point, horizontally, then vertically. Bit-exact with Pillow; used by the blur masking strategy.
import type { RgbImage } from "./rgbImage";

const passes = 3;

/** Radius (with fraction) of the box whose `passes`-fold convolution has the variance of the Gaussian; float32 as in C. */
function boxRadius(radius: number): number {
  const f = Math.fround;
  const sigma2 = f(f(f(radius) * f(radius)) / passes);
  const length = f(Math.sqrt(12 * sigma2 + 1));
  const whole = f(Math.floor((length - 1) / 2));
  let fraction = f(f(2 * whole + 1) * f(f(whole * f(whole + 1)) - f(3 * sigma2)));
  fraction = f(fraction / f(6 * f(sigma2 - f(f(whole + 1) * f(whole + 1)))));
  return f(whole + fraction);
}

/** One box pass over a line of `n` bytes, from `source` to `target`; indices outside repeat the border. */
function boxLine(source: Uint8Array, target: Uint8Array, n: number, radius: number): void {
  const r = Math.trunc(radius);
  const whole = Math.trunc(Math.fround(2 ** 24 / Math.fround(radius * 2 + 1)));
  const edge = Math.trunc((2 ** 24 - (r * 2 + 1) * whole) / 2);
  const at = (i: number) => source[i < 0 ? 0 : i >= n ? n - 1 : i] as number;
  let sum = 0;
  for (let i = -r - 1; i < r; i++) sum += at(i);
  for (let x = 0; x < n; x++) {
    sum += at(x + r) - at(x - r - 1);
    target[x] = Math.floor((sum * whole + (at(x - r - 1) + at(x + r + 1)) * edge + 2 ** 23) / 2 ** 24);
  }
}

/** `image.filter(ImageFilter.GaussianBlur(radius))`; radius is the standard deviation in pixels. */
export function gaussianBlur(image: RgbImage, radius: number): RgbImage {
  const { width, height } = image;
  const data = new Uint8Array(image.data);
  const box = boxRadius(radius);
  if (!(box > 0)) return { width, height, data };
  const longest = Math.max(width, height);
  let line: Uint8Array = new Uint8Array(longest);
  let next: Uint8Array = new Uint8Array(longest);
  const blurLines = (lines: number, lineStride: number, n: number, step: number) => {
    for (let l = 0; l < lines; l++) {
      for (let channel = 0; channel < 3; channel++) {
        const start = l * lineStride + channel;
        for (let i = 0; i < n; i++) line[i] = data[start + i * step] as number;
        for (let p = 0; p < passes; p++) {
          boxLine(line, next, n, box);
          [line, next] = [next, line];
        }
        for (let i = 0; i < n; i++) data[start + i * step] = line[i] as number;
      }
    }
  };
  blurLines(height, width * 3, width, 3);
  blurLines(width, 3, height, width * 3);
  return { width, height, data };
}
