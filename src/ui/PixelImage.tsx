// Draws an RgbImage into a canvas at its own size; CSS scales it up with hard pixel edges, so that what the model sees is shown
// as it is.
import { useEffect, useRef } from "react";
import type { RgbImage } from "@/image/rgbImage";
import { classes } from "./classes";
import styles from "./PixelImage.module.css";

/** RGBA bytes of an RGB picture, opaque. */
export function toRgba(image: RgbImage): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(image.width * image.height * 4);
  for (let from = 0, to = 0; to < rgba.length; from += 3, to += 4) {
    rgba[to] = image.data[from] as number;
    rgba[to + 1] = image.data[from + 1] as number;
    rgba[to + 2] = image.data[from + 2] as number;
    rgba[to + 3] = 255;
  }
  return rgba;
}

/** A picture; `label` is its text alternative, empty for decoration. */
export function PixelImage({ image, label, className }: { image: RgbImage; label: string; className?: string | undefined }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = ref.current?.getContext("2d");
    context?.putImageData(new ImageData(toRgba(image), image.width, image.height), 0, 0);
  }, [image]);
  return (
    <canvas
      ref={ref}
      width={image.width}
      height={image.height}
      className={classes(styles.canvas, image.width <= 256 && styles.pixelated, className)}
      {...(label === "" ? { "aria-hidden": true } : { role: "img", "aria-label": label })}
    />
  );
}
