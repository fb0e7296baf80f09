import { describe, expect, it } from "vitest";
import { coverRectangles, meanColour } from "./cover";
import { maskImage } from "./masks";
import type { RgbImage } from "./rgbImage";

const picture: RgbImage = { width: 8, height: 4, data: Uint8Array.from({ length: 96 }, (_, i) => 1 + ((i * 37) % 251)) };
const right = { x: 4, y: 0, width: 4, height: 4 };

/** Pixels that differ from the picture, as x.y. */
function changed(image: RgbImage): string[] {
  const places: string[] = [];
  for (let pixel = 0; pixel < image.width * image.height; pixel++) {
    const isSame = [0, 1, 2].every((channel) => image.data[pixel * 3 + channel] === picture.data[pixel * 3 + channel]);
    if (!isSame) places.push(`${pixel % image.width}.${Math.floor(pixel / image.width)}`);
  }
  return places;
}

describe("coverRectangles", () => {
  it("covered with black it is the drawn region of the masks, byte for byte", () => {
    const black = coverRectangles(picture, [right], { fill: "black", seed: 1 });
    expect(black.data).toEqual(maskImage(picture, { kind: "region", rectangles: [right] }, 1).data);
  });

  it("changes what is inside the rectangles and nothing else, whatever covers", () => {
    const rectangles = [
      { x: 0, y: 0, width: 2, height: 1 },
      { x: 7, y: 3, width: 5, height: 5 },
    ];
    for (const fill of ["mean", "black", "noise"] as const) {
      expect(changed(coverRectangles(picture, rectangles, { fill, seed: 3 })), fill).toEqual(["0.0", "1.0", "7.3"]);
    }
  });

  it("covers the mean colour with itself", () => {
    const [red, green, blue] = meanColour(picture);
    const { data } = coverRectangles(picture, [{ x: 0, y: 0, width: 8, height: 4 }], { fill: "mean", seed: 0 });
    expect([...data.subarray(93)]).toEqual([red, green, blue]);
    const sum = picture.data.reduce((total, value, i) => total + (i % 3 === 1 ? value : 0), 0);
    expect(green).toBe(Math.round(sum / 32));
  });

  it("draws noise by place and seed, so that neighbouring cells share no border effect", () => {
    const part = coverRectangles(picture, [right], { fill: "noise", seed: 5 });
    const whole = coverRectangles(picture, [{ x: 0, y: 0, width: 8, height: 4 }], { fill: "noise", seed: 5 });
    expect([...part.data.subarray(12, 24)]).toEqual([...whole.data.subarray(12, 24)]);
    expect(coverRectangles(picture, [right], { fill: "noise", seed: 6 }).data).not.toEqual(part.data);
  });
});
