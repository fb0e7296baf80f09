import { describe, expect, it } from "vitest";
import { decodeImage } from "./decode";
import { BrokenImageError, ImageSizeError, NotAnImageError } from "./inspect";
import type { RgbImage } from "./rgbImage";

const files = import.meta.glob<string>("../../fixtures/images/*.{png,jpg,webp,gif}", {
  query: "?url",
  import: "default",
  eager: true,
});
const expectedJson = import.meta.glob<Record<string, { size: number[]; rgb: string }>>("../../fixtures/images/expected.json", {
  import: "default",
  eager: true,
});
const expected = Object.values(expectedJson)[0]!;
const load = async (name: string, type = "") => {
  const blob = await (await fetch(files[`../../fixtures/images/${name}`]!)).blob();
  return new File([blob], name, { type });
};
const base64 = (image: RgbImage) => btoa(String.fromCharCode(...image.data));
const largestDifference = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

describe("decodeImage in a browser", () => {
  it.each(["rgb.png", "rgba.png", "grey.png", "palette.png", "bilevel.png", "animated.png", "lossless.webp", "animated.webp"])(
    "reads %s as PIL does, byte for byte",
    async (name) => {
      const { image } = await decodeImage(await load(name));
      expect([image.width, image.height]).toEqual(expected[name]!.size);
      expect(base64(image)).toBe(expected[name]!.rgb);
    },
  );

  it("turns a JPEG by its EXIF orientation", async () => {
    const { image: plain } = await decodeImage(await load("plain.jpg"));
    const { image: rotated } = await decodeImage(await load("rotated.jpg"));
    expect([plain.width, plain.height, rotated.width, rotated.height]).toEqual([16, 12, 12, 16]);
    // Orientation 6: shown turned clockwise, so the upper left corner becomes the upper right one.
    expect(largestDifference(plain.data.subarray(0, 3), rotated.data.subarray(33, 36))).toBeLessThanOrEqual(2);
    const png = (await decodeImage(await load("rgb.png"))).image;
    expect(largestDifference(png.data, plain.data)).toBeLessThanOrEqual(4);
  });

  it("keeps the opaque part of a transparent WebP and says what happened to the rest", async () => {
    const { image, notices } = await decodeImage(await load("transparent.webp"));
    const reference = Uint8Array.from(atob(expected["transparent.webp"]!.rgb), (c) => c.charCodeAt(0));
    const opaque = 8 * 16 * 3;
    expect(largestDifference(image.data.subarray(opaque), reference.subarray(opaque))).toBe(0);
    expect(notices.join(" ")).toMatch(/transparen.*black/);
  });

  it("trusts the content over the label and says so", async () => {
    const file = new File([await load("plain.jpg")], "cat.png", { type: "image/png" });
    const { image, notices } = await decodeImage(file);
    expect(image.width).toBe(16);
    expect(notices).toEqual([expect.stringMatching(/says PNG but is JPEG/)]);
  });

  it("refuses what is no picture, is cut off, or is too large", async () => {
    await expect(decodeImage(new Blob(["no picture"], { type: "image/png" }))).rejects.toThrow(NotAnImageError);
    await expect(decodeImage(await load("animated.gif"))).rejects.toThrow(/it is a GIF/);
    await expect(decodeImage((await load("plain.jpg")).slice(0, 700))).rejects.toThrow(BrokenImageError);
    const large = new Uint8Array(await (await load("rgb.png")).arrayBuffer());
    new DataView(large.buffer).setUint32(16, 20_000);
    new DataView(large.buffer).setUint32(20, 20_000);
    await expect(decodeImage(new Blob([large]))).rejects.toThrow(ImageSizeError);
  });

  it("turns a decoder failure into a sentence", async () => {
    const bytes = new Uint8Array(await (await load("lossless.webp")).arrayBuffer());
    bytes.fill(0xff, 26);
    await expect(decodeImage(new Blob([bytes]))).rejects.toThrow(BrokenImageError);
  });
});
