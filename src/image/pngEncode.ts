// RgbImage → PNG file, the same bytes everywhere: 8-bit colour, one filter (none), no metadata. A canvas could do it, but may be
// disturbed by privacy settings, and exported pictures must hold exactly what the model saw. Deflation is the platform's CompressionStream.
import { crc32 } from "@/lib/crc32";
import type { RgbImage } from "./rgbImage";

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] as const;

/** The picture as a PNG file. */
export async function encodePng({ width, height, data }: RgbImage): Promise<Uint8Array<ArrayBuffer>> {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  // Bit depth 8, colour type 2 (RGB), deflate, adaptive filters, not interlaced.
  header.set([8, 2, 0, 0, 0], 8);
  const rows = new Uint8Array(height * (width * 3 + 1));
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * width * 3, (y + 1) * width * 3), y * (width * 3 + 1) + 1);
  const parts = [chunk("IHDR", header), chunk("IDAT", await deflate(rows)), chunk("IEND", new Uint8Array())];
  const file = new Uint8Array(signature.length + parts.reduce((size, part) => size + part.length, 0));
  file.set(signature);
  let at: number = signature.length;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

/** Length, name, body, checksum of name and body. */
function chunk(name: string, body: Uint8Array): Uint8Array {
  const part = new Uint8Array(body.length + 12);
  const view = new DataView(part.buffer);
  view.setUint32(0, body.length);
  part.set(
    Array.from(name, (letter) => letter.charCodeAt(0)),
    4,
  );
  part.set(body, 8);
  view.setUint32(body.length + 8, crc32(part.subarray(4, body.length + 8)));
  return part;
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
