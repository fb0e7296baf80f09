import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BrokenImageError } from "./inspect";
import { decodePng } from "./pngDecode";

const folder = "fixtures/images";
const expected: Record<string, { size: [number, number]; rgb: string }> = JSON.parse(
  readFileSync(`${folder}/expected.json`, "utf8"),
);

describe("decodePng", () => {
  for (const [name, { size, rgb }] of Object.entries(expected).filter(([name]) => name.endsWith(".png"))) {
    it(`reads ${name} as PIL does`, async () => {
      const image = await decodePng(readFileSync(`${folder}/${name}`));
      expect([image?.width, image?.height]).toEqual(size);
      expect(Buffer.from(image!.data).toString("base64")).toBe(rgb);
    });
  }

  it("leaves interlaced and 16-bit files to the browser", async () => {
    for (const [at, value] of [
      [24, 16],
      [28, 1],
    ] as const) {
      const bytes = Uint8Array.from(readFileSync(`${folder}/rgb.png`));
      bytes[at] = value;
      expect(await decodePng(bytes)).toBeUndefined();
    }
  });

  it("says so when the compressed data is damaged or too short", async () => {
    const damaged = Uint8Array.from(readFileSync(`${folder}/rgb.png`));
    damaged.fill(0xff, 45, 60);
    await expect(decodePng(damaged)).rejects.toThrow(BrokenImageError);
    const tall = Uint8Array.from(readFileSync(`${folder}/rgb.png`));
    tall[22] = 8;
    await expect(decodePng(tall)).rejects.toThrow(/damaged: its compressed data/);
  });
});
