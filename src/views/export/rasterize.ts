// An SVG file as a PNG of twice its size. Canvases have a largest area, so very tall texts come out smaller rather than not at all.
import { UserError } from "@/lib/errors";
import type { DrawnSvg } from "./elementSvg";

/** The picture could not be drawn. */
export class PictureError extends UserError {
  override readonly name = "PictureError";
  constructor(why: string) {
    super("The PNG was not made", why, "Export it as SVG");
  }
}

const scale = 2;
/** Of a canvas' side and area in the browsers that have least. */
const mostSide = 16_384;
const mostArea = 16_777_216 * 4;

/** The drawing as a PNG file. */
export async function pngOf({ text, width, height }: DrawnSvg): Promise<Blob> {
  const fit = Math.min(scale, mostSide / width, mostSide / height, Math.sqrt(mostArea / (width * height)));
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(width * fit));
    canvas.height = Math.max(1, Math.round(height * fit));
    const context = canvas.getContext("2d");
    if (!context) throw new PictureError("the browser gave no canvas");
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise<Blob>((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new PictureError("the browser could not write it"))), "image/png");
    });
  } catch (error) {
    throw error instanceof PictureError ? error : new PictureError("the browser could not draw it");
  } finally {
    URL.revokeObjectURL(url);
  }
}
