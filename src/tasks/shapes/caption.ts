// A description of the whole scene: every object with cell, size, colour and shape. Pretraining asks for it beside each
// question, because it supervises all objects of an image at once; it is not a family of the task and earns no reward.

import type { Rng } from "@/lib/rng";
import { cellNames, type Scene } from "./scene";

export const captionQuestion = "Describe the image.";

/** A response to `captionQuestion`; the box holds the number of objects. */
export function writeCaption(scene: Scene, rng: Rng): string {
  const objects = scene.objects.map(
    ({ cell, large, color, shape }) => `${cellNames[cell]} ${large ? "large" : "small"} ${color} ${shape}`,
  );
  return `<think> ${rng.pick(["I see", "Looking:", "Checking:"])} ${objects.join(", ")}.</think> \\boxed{${objects.length}}`;
}
