// A small PNG reader, the same bytes everywhere: 1, 2, 4 and 8 bits, grey, palette and colour, not interlaced. It follows PIL's
// convert("RGB"): alpha is dropped, gamma and colour profiles are ignored, of an animation the default picture is read. Used in
// Node (tests, verify) and by `decode.ts`, because a canvas premultiplies alpha and may be disturbed by privacy settings.
// Inflation is the platform's DecompressionStream. 16-bit and interlaced files are left to the browser's decoder.
import { BrokenImageError } from "./inspect";
import { createRgbImage, type RgbImage } from "./rgbImage";

interface PngParts {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  readonly colorType: number;
  readonly interlaced: boolean;
  readonly palette: Uint8Array;
  readonly data: readonly Uint8Array[];
}

const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

function readParts(bytes: Uint8Array): PngParts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Omit<PngParts, "palette" | "data"> | undefined;
  let palette = new Uint8Array();
  const data: Uint8Array[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (body.length < length) throw new BrokenImageError("the file ends in the middle");
    if (type === "IHDR" && length >= 13) {
      header = {
        width: view.getUint32(at + 8),
        height: view.getUint32(at + 12),
        bitDepth: body[8] ?? 0,
        colorType: body[9] ?? 0,
        interlaced: body[12] !== 0,
      };
    }
    if (type === "PLTE") palette = body.slice();
    if (type === "IDAT") data.push(body);
    if (type === "IEND") break;
    at += 12 + length;
  }
  if (!header || data.length === 0) throw new BrokenImageError("the PNG has no picture in it");
  return { ...header, palette, data };
}

function isSupported({ bitDepth, colorType, interlaced }: PngParts): boolean {
  if (interlaced || channelsOf[colorType] === undefined) return false;
  return bitDepth === 8 || ((colorType === 0 || colorType === 3) && [1, 2, 4].includes(bitDepth));
}

/** Inflates at most `size` bytes: a small file cannot grow without bound. */
async function inflate(parts: readonly Uint8Array[], size: number): Promise<Uint8Array> {
  const blob = new Blob(parts.map((part) => part.slice()));
  const reader = blob.stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const out = new Uint8Array(size);
  let filled = 0;
  try {
    while (filled < size) {
      const { done, value } = await reader.read();
      if (done) break;
      const chunk = value.subarray(0, size - filled);
      out.set(chunk, filled);
      filled += chunk.length;
    }
    await reader.cancel();
  } catch (cause) {
    throw new BrokenImageError("its compressed data is damaged", { cause });
  }
  if (filled < size) throw new BrokenImageError("its compressed data ends too early");
  return out;
}

function paeth(a: number, b: number, c: number): number {
  const pa = Math.abs(b - c);
  const pb = Math.abs(a - c);
  const pc = Math.abs(a + b - 2 * c);
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/** Undoes the row filters in place; every row of `raw` starts with its filter number. */
function unfilter(raw: Uint8Array, height: number, rowBytes: number, pixelBytes: number): void {
  for (let y = 0; y < height; y++) {
    const row = y * (rowBytes + 1) + 1;
    const filter = raw[row - 1] as number;
    if (filter > 4) throw new BrokenImageError("it uses an unknown row filter");
    if (filter === 0) continue;
    for (let x = 0; x < rowBytes; x++) {
      const a = x >= pixelBytes ? (raw[row + x - pixelBytes] as number) : 0;
      const b = y > 0 ? (raw[row + x - rowBytes - 1] as number) : 0;
      const c = x >= pixelBytes && y > 0 ? (raw[row + x - rowBytes - 1 - pixelBytes] as number) : 0;
      const predicted = filter === 1 ? a : filter === 2 ? b : filter === 3 ? (a + b) >> 1 : paeth(a, b, c);
      raw[row + x] = (raw[row + x] as number) + predicted;
    }
  }
}

/** Decodes a PNG to RGB; undefined when it is of a kind this reader leaves to the browser. Throws BrokenImageError. */
export async function decodePng(bytes: Uint8Array): Promise<RgbImage | undefined> {
  const parts = readParts(bytes);
  if (!isSupported(parts)) return undefined;
  const { width, height, bitDepth, colorType, palette } = parts;
  const channels = channelsOf[colorType] as number;
  const rowBytes = Math.ceil((width * channels * bitDepth) / 8);
  const raw = await inflate(parts.data, height * (rowBytes + 1));
  unfilter(raw, height, rowBytes, Math.max(1, (channels * bitDepth) >> 3));
  const image = createRgbImage(width, height);
  const levels = 2 ** bitDepth - 1;
  for (let y = 0; y < height; y++) {
    const row = y * (rowBytes + 1) + 1;
    for (let x = 0; x < width; x++) {
      const to = (y * width + x) * 3;
      if (colorType === 2 || colorType === 6) {
        const from = row + x * channels;
        image.data.set(raw.subarray(from, from + 3), to);
        continue;
      }
      const bit = x * channels * bitDepth;
      const value = ((raw[row + (bit >> 3)] as number) >> (8 - bitDepth - (bit & 7))) & levels;
      if (colorType === 3) image.data.set(palette.subarray(value * 3, value * 3 + 3), to);
      else image.data.fill((value * 255) / levels, to, to + 3);
    }
  }
  return image;
}
