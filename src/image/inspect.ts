// Looks at a file's first bytes before anything decodes it: what it really is, how large, whether complete, animated or
// transparent. So a wrong or hostile file costs nothing and gets one clear sentence. Reads headers only, decodes no pixels.
import { UserError } from "@/lib/errors";

/** The picture types the page takes. */
export type ImageType = "png" | "jpeg" | "webp";

/** What the header of a picture says; width and height are those of the file, before an EXIF rotation. */
export interface ImageInfo {
  readonly type: ImageType;
  readonly width: number;
  readonly height: number;
  readonly animated: boolean;
  readonly hasAlpha: boolean;
  /** Sentences the user should see although the picture is used. */
  readonly notices: readonly string[];
}

/** Largest picture that is decoded, in pixels, and its longest side. */
export const maxImagePixels = 64_000_000;
export const maxImageSide = 16_384;

/** The bytes are no picture, or none of an accepted type. */
export class NotAnImageError extends UserError {
  override readonly name = "NotAnImageError";
  constructor(why: string) {
    super("This file cannot be used as a picture", why, "Choose a PNG, JPEG or WebP file");
  }
}

/** The picture is cut off or damaged. */
export class BrokenImageError extends UserError {
  override readonly name = "BrokenImageError";
  constructor(why: string, options?: ErrorOptions) {
    super("This picture is damaged", why, "Download or export it again, then choose the new file", options);
  }
}

/** The picture has no pixels, or more than the page decodes. */
export class ImageSizeError extends UserError {
  override readonly name = "ImageSizeError";
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly animated: boolean;
  readonly hasAlpha: boolean;
}

const cutOff = () => new BrokenImageError("the file ends in the middle");

function ascii(bytes: Uint8Array, from: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(from, from + length));
}

function readPng(bytes: Uint8Array, view: DataView): Header {
  if (bytes.length < 33 || ascii(bytes, 12, 4) !== "IHDR") throw cutOff();
  const header = { width: view.getUint32(16), height: view.getUint32(20) };
  const colorType = bytes[25] ?? 0;
  let animated = false;
  let hasAlpha = colorType === 4 || colorType === 6;
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const type = ascii(bytes, at + 4, 4);
    if (type === "IEND") return { ...header, animated, hasAlpha };
    if (type === "acTL") animated = at + 12 <= bytes.length && view.getUint32(at + 8) > 1;
    if (type === "tRNS") hasAlpha = true;
  }
  // A zero size is the better explanation when both are true.
  if (header.width > 0 && header.height > 0) throw cutOff();
  return { ...header, animated, hasAlpha };
}

function readJpeg(bytes: Uint8Array, view: DataView): Header {
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) throw new BrokenImageError("its JPEG markers are out of place");
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at++;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      if (at + 9 > bytes.length) break;
      const end = bytes.length - 2;
      let complete = false;
      for (let i = end; i > at && !complete; i--) complete = bytes[i] === 0xff && bytes[i + 1] === 0xd9;
      if (!complete) throw cutOff();
      return { width: view.getUint16(at + 7), height: view.getUint16(at + 5), animated: false, hasAlpha: false };
    }
    if (marker === 0xda || marker === 0xd9) throw new BrokenImageError("the JPEG has no picture in it");
    at += 2 + view.getUint16(at + 2);
  }
  throw cutOff();
}

function readWebp(bytes: Uint8Array, view: DataView): Header {
  if (bytes.length < 30 || view.getUint32(4, true) + 8 > bytes.length) throw cutOff();
  const chunk = ascii(bytes, 12, 4);
  if (chunk === "VP8X") {
    const flags = bytes[20] ?? 0;
    const read24 = (at: number) => view.getUint16(at, true) + ((bytes[at + 2] ?? 0) << 16) + 1;
    return { width: read24(24), height: read24(27), animated: (flags & 2) !== 0, hasAlpha: (flags & 16) !== 0 };
  }
  if (chunk === "VP8L") {
    const bits = view.getUint32(21, true);
    const hasAlpha = ((bits >>> 28) & 1) === 1;
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1, animated: false, hasAlpha };
  }
  if (chunk === "VP8 ") {
    const size = { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    return { ...size, animated: false, hasAlpha: false };
  }
  throw new BrokenImageError("the WebP file has an unknown content");
}

/** Names of file types that people try and the page does not take. */
function nameForeignType(bytes: Uint8Array): string | undefined {
  const start = ascii(bytes, 0, 4);
  const brand = ascii(bytes, 4, 4) === "ftyp" ? ascii(bytes, 8, 4) : "";
  if (start === "GIF8") return "a GIF";
  if (start.startsWith("BM")) return "a BMP";
  if (start === "II*\0" || start === "MM\0*") return "a TIFF";
  if (start === "%PDF") return "a PDF";
  if (brand.startsWith("avi")) return "an AVIF";
  if (/^(hei|hev|mif)/.test(brand)) return "a HEIC photo";
  if (brand) return "a video";
  if (start.startsWith("PK")) return "a ZIP archive";
  if (/^\s*<(\?xml|svg)/.test(ascii(bytes, 0, 64))) return "an SVG drawing";
  return undefined;
}

function sniff(bytes: Uint8Array): ImageType {
  if (bytes.length === 0) throw new NotAnImageError("the file is empty");
  if (ascii(bytes, 0, 8) === "\x89PNG\r\n\x1a\n") return "png";
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return "jpeg";
  if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 4) === "WEBP") return "webp";
  const foreign = nameForeignType(bytes);
  throw new NotAnImageError(foreign ? `it is ${foreign}` : "its content is not an image");
}

/** The type a file claims by MIME type ("image/jpg") or name ("cat.JPG"); undefined when it claims none of ours. */
function claimedType(claim: string): ImageType | undefined {
  const word = claim.toLowerCase().match(/[a-z0-9]+$/)?.[0];
  if (word === "jpg" || word === "jpeg" || word === "jpe") return "jpeg";
  return word === "png" || word === "webp" ? word : undefined;
}

/**
 * Reads the header of a whole file. Throws NotAnImageError, BrokenImageError or ImageSizeError.
 * @param claim The file's name or MIME type, if any; a wrong one gives a notice, not an error.
 */
export function inspectImage(bytes: Uint8Array, claim?: string): ImageInfo {
  const type = sniff(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = type === "png" ? readPng(bytes, view) : type === "jpeg" ? readJpeg(bytes, view) : readWebp(bytes, view);
  const { width, height, animated, hasAlpha } = header;
  if (width === 0 || height === 0) {
    throw new ImageSizeError("This picture cannot be used", `it has no pixels (${width} × ${height})`, "Choose another picture");
  }
  if (width * height > maxImagePixels || Math.max(width, height) > maxImageSide) {
    throw new ImageSizeError(
      "This picture is too large",
      `it has ${width} × ${height} pixels, the limit is ${maxImagePixels / 1e6} megapixels and ${maxImageSide} on a side`,
      "Scale it down first; the model sees a small version of it anyway",
    );
  }
  const notices: string[] = [];
  const claimed = claim === undefined ? undefined : claimedType(claim);
  if (claimed && claimed !== type)
    notices.push(`The file says ${claimed.toUpperCase()} but is ${type.toUpperCase()}; it was read as what it is.`);
  if (animated) notices.push("The picture is animated; its first frame is used.");
  if (hasAlpha) notices.push("The picture is partly transparent; transparency is dropped, as the Python image processors do.");
  return { type, width, height, animated, hasAlpha, notices };
}
