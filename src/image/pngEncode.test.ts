import { describe, expect, it } from "vitest";
import { inspectImage } from "./inspect";
import { decodePng } from "./pngDecode";
import { encodePng } from "./pngEncode";

describe("PNG files that are written", () => {
  it.each([
    [1, 1],
    [5, 3],
    [64, 48],
  ])("of %i × %i pixels are read back to the byte", async (width, height) => {
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37 + (i >> 3)) & 255);
    const file = await encodePng({ width, height, data });
    expect(inspectImage(file, "picture.png")).toMatchObject({ type: "png", width, height, animated: false, hasAlpha: false });
    expect(await decodePng(file)).toEqual({ width, height, data });
  });
});
