// Draws a scene of the shapes world into pixels: anti-aliased by the signed distance to each outline, plus a little
// noise that depends on the pixel and the scene only. Pure; no canvas.

import { createRgbImage, type RgbImage } from "@/image/rgbImage";
import { pcg3d } from "@/lib/rng";
import { imageSize, type Scene, type SceneObject } from "./scene";

/** How well a picture shows its scene. */
export interface PictureQuality {
  /** Noise amplitude in levels of 255, to both sides. */
  readonly noise: number;
  /** Share of the colour distance between an object and the background that is left, in (0, 1]. */
  readonly contrast: number;
}

/** Strong colours and hardly any noise. */
export const clearQuality: PictureQuality = { noise: 7, contrast: 1 };

/** The image of a scene, 64×64. */
export function renderScene(scene: Scene, { noise: noiseLevels, contrast }: PictureQuality = clearQuality): RgbImage {
  const canvas = new Float32Array(imageSize * imageSize * 3);
  paintBackground(canvas, scene);
  for (const object of scene.objects) paintObject(canvas, object, contrast);
  const image = createRgbImage(imageSize, imageSize);
  for (let pixel = 0; pixel < imageSize * imageSize; pixel++) {
    const noise = pcg3d(scene.noiseSeed, pixel, 0x6e6f6973);
    for (let channel = 0; channel < 3; channel++) {
      const shift = (((noise[channel] as number) >>> 8) / 0x800000 - 1) * noiseLevels;
      const level = (canvas[pixel * 3 + channel] as number) + shift;
      image.data[pixel * 3 + channel] = Math.min(255, Math.max(0, Math.round(level)));
    }
  }
  return image;
}

function paintBackground(canvas: Float32Array, scene: Scene): void {
  for (let y = 0; y < imageSize; y++) {
    for (let x = 0; x < imageSize; x++) {
      const light = (x / imageSize - 0.5) * scene.gradient[0] + (y / imageSize - 0.5) * scene.gradient[1];
      for (let channel = 0; channel < 3; channel++) {
        canvas[(y * imageSize + x) * 3 + channel] = (scene.background[channel] as number) + light;
      }
    }
  }
}

function paintObject(canvas: Float32Array, object: SceneObject, contrast: number): void {
  const radius = object.diameter / 2;
  const left = Math.max(0, Math.floor(object.centerX - radius - 1));
  const right = Math.min(imageSize - 1, Math.ceil(object.centerX + radius + 1));
  const top = Math.max(0, Math.floor(object.centerY - radius - 1));
  const bottom = Math.min(imageSize - 1, Math.ceil(object.centerY + radius + 1));
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const distance = outlineDistance(object, x + 0.5 - object.centerX, y + 0.5 - object.centerY, radius);
      const covered = Math.min(1, Math.max(0, 0.5 - distance));
      if (covered === 0) continue;
      const coverage = covered * contrast;
      for (let channel = 0; channel < 3; channel++) {
        const at = (y * imageSize + x) * 3 + channel;
        const below = canvas[at] as number;
        canvas[at] = below + coverage * ((object.rgb[channel] as number) - below);
      }
    }
  }
}

/** Distance in pixels of a point (relative to the centre) to the outline; negative inside. */
function outlineDistance(object: SceneObject, x: number, y: number, radius: number): number {
  switch (object.shape) {
    case "circle":
      return Math.hypot(x, y) - radius;
    case "square":
      return Math.max(Math.abs(x), Math.abs(y)) - radius;
    case "triangle":
      // Apex up, base as wide as the box: the farther of the base and the slanted side on this half.
      return Math.max(y - radius, (2 * Math.abs(x) - (y + radius)) / Math.sqrt(5));
    default:
      return object.shape satisfies never;
  }
}
