import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "@/lib/errors";
import { BrokenImageError, ImageSizeError, inspectImage, NotAnImageError } from "./inspect";

const read = (name: string) => Uint8Array.from(readFileSync(`fixtures/images/${name}`));
const withSize = (width: number, height: number) => {
  const bytes = read("rgb.png");
  new DataView(bytes.buffer).setUint32(16, width);
  new DataView(bytes.buffer).setUint32(20, height);
  return bytes;
};

describe("inspectImage", () => {
  it.each([
    ["rgb.png", "png", 16, 12, false, false],
    ["rgba.png", "png", 16, 12, false, true],
    ["grey.png", "png", 16, 12, false, false],
    ["animated.png", "png", 16, 12, true, false],
    ["lossless.webp", "webp", 16, 12, false, false],
    ["lossy.webp", "webp", 16, 12, false, false],
    ["transparent.webp", "webp", 16, 12, false, true],
    ["plain.jpg", "jpeg", 16, 12, false, false],
    ["rotated.jpg", "jpeg", 16, 12, false, false],
  ])("reads the header of %s", (name, type, width, height, animated, hasAlpha) => {
    expect(inspectImage(read(name), name)).toMatchObject({ type, width, height, animated, hasAlpha });
  });

  it("says that an animation shows its first frame and that transparency is dropped", () => {
    expect(inspectImage(read("animated.webp")).notices).toEqual([expect.stringMatching(/first frame/)]);
    expect(inspectImage(read("rgba.png")).notices).toEqual([expect.stringMatching(/transparency is dropped/)]);
    expect(inspectImage(read("rgb.png")).notices).toEqual([]);
  });

  it("reads a mislabelled file as what it is, with a notice", () => {
    const info = inspectImage(read("plain.jpg"), "cat.png");
    expect(info.type).toBe("jpeg");
    expect(info.notices).toEqual([expect.stringMatching(/says PNG but is JPEG/)]);
    expect(inspectImage(read("plain.jpg"), "image/jpg").notices).toEqual([]);
    expect(inspectImage(read("plain.jpg"), "photo").notices).toEqual([]);
  });

  it.each([
    ["nothing", new Uint8Array(), /empty/],
    ["text", new TextEncoder().encode("hello, this is text"), /not an image/],
    ["a GIF", read("animated.gif"), /it is a GIF.*PNG, JPEG or WebP/],
    ["an SVG", new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>'), /SVG/],
    ["a PDF", new TextEncoder().encode("%PDF-1.7"), /PDF/],
  ])("refuses %s with a reason", (_, bytes, message) => {
    expect(() => inspectImage(bytes)).toThrow(NotAnImageError);
    expect(() => inspectImage(bytes)).toThrow(message);
  });

  it.each(["rgb.png", "plain.jpg", "lossless.webp", "animated.webp", "lossy.webp"])(
    "notices at every length that %s is cut off",
    (name) => {
      const bytes = read(name);
      for (let length = 16; length < bytes.length; length++) {
        // The last 4 bytes of a PNG are a checksum nobody needs.
        if (name.endsWith(".png") && length >= bytes.length - 4) continue;
        expect(() => inspectImage(bytes.subarray(0, length)), `${length} bytes`).toThrow(BrokenImageError);
      }
    },
  );

  it("refuses pictures without pixels and pictures of 20000 by 20000 before decoding", () => {
    expect(() => inspectImage(withSize(0, 0))).toThrow(/no pixels/);
    expect(() => inspectImage(withSize(20_000, 20_000))).toThrow(ImageSizeError);
    expect(() => inspectImage(withSize(20_000, 20_000))).toThrow(/20000 × 20000.*64 megapixels/);
    expect(() => inspectImage(withSize(0xffffffff, 1))).toThrow(ImageSizeError);
    expect(inspectImage(withSize(8000, 8000))).toMatchObject({ width: 8000 });
  });

  it("never throws anything but a UserError on damaged headers", () => {
    const names = ["rgb.png", "plain.jpg", "transparent.webp", "lossy.webp"];
    const damage = fc.array(fc.tuple(fc.nat(150), fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(...names), damage, fc.nat(1100), (name, changes, length) => {
        const bytes = read(name).slice(0, length);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        try {
          inspectImage(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
    );
  });
});
