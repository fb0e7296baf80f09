import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ResizeFilter, resize } from "./resize";

interface Fixture {
  cases: { size: [number, number]; rgb: string; results: { filter: ResizeFilter; size: [number, number]; rgb: string }[] }[];
}
const fixture: Fixture = JSON.parse(readFileSync("fixtures/images/resize.json", "utf8"));
const bytes = (text: string) => new Uint8Array(Buffer.from(text, "base64"));

describe("resize", () => {
  for (const { size, rgb, results } of fixture.cases) {
    const image = { width: size[0], height: size[1], data: bytes(rgb) };
    for (const result of results) {
      it(`gives Pillow's bytes for ${size.join("x")} to ${result.size.join("x")} with ${result.filter}`, () => {
        const resized = resize(image, result.size[0], result.size[1], result.filter);
        expect([resized.width, resized.height]).toEqual(result.size);
        expect(Buffer.from(resized.data).toString("base64")).toBe(result.rgb);
      });
    }
  }

  it("returns a copy when the size does not change", () => {
    const image = { width: 1, height: 1, data: new Uint8Array([1, 2, 3]) };
    const copy = resize(image, 1, 1, "lanczos");
    expect(copy.data).toEqual(image.data);
    expect(copy.data).not.toBe(image.data);
  });

  it("refuses an empty target", () => {
    expect(() => resize({ width: 1, height: 1, data: new Uint8Array(3) }, 0, 4, "bicubic")).toThrow(RangeError);
  });
});
