// Picture file → RgbImage, in a page or a worker. The only file of this folder that uses a browser API. The header is checked
// first (`inspect.ts`), PNG goes through our own reader (exact bytes, hidden colours under transparency kept as PIL does),
// everything else through the browser's decoder with colour management off and the EXIF orientation applied.
import { BrokenImageError, inspectImage } from "./inspect";
import { decodePng } from "./pngDecode";
import { createRgbImage, type RgbImage } from "./rgbImage";

/** A decoded picture and what the user should know about it. */
export interface DecodedImage {
  readonly image: RgbImage;
  readonly notices: readonly string[];
}

async function decodeWithBrowser(blob: Blob): Promise<RgbImage> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(blob, {
      imageOrientation: "from-image",
      premultiplyAlpha: "none",
      colorSpaceConversion: "none",
    });
  } catch (cause) {
    throw new BrokenImageError("the browser could not decode it", { cause });
  }
  try {
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    if (!context) throw new BrokenImageError("the browser gave no canvas for it");
    context.drawImage(bitmap, 0, 0);
    const rgba = context.getImageData(0, 0, width, height).data;
    const image = createRgbImage(width, height);
    for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
      image.data[to] = rgba[from] as number;
      image.data[to + 1] = rgba[from + 1] as number;
      image.data[to + 2] = rgba[from + 2] as number;
    }
    return image;
  } finally {
    bitmap.close();
  }
}

/** Decodes a picked, dropped or pasted file; throws the UserErrors of `inspect.ts`. */
export async function decodeImage(blob: Blob): Promise<DecodedImage> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const claim = blob instanceof File && blob.name.includes(".") ? blob.name : blob.type;
  const info = inspectImage(bytes, claim);
  const exact = info.type === "png" ? await decodePng(bytes) : undefined;
  const notices = [...info.notices];
  if (!exact && info.hasAlpha) notices.push("Fully transparent parts are black.");
  // The type is set from the content: browsers trust a blob's label over its bytes.
  const image = exact ?? (await decodeWithBrowser(new Blob([bytes], { type: `image/${info.type}` })));
  return { image, notices };
}
