import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRgbImage, type RgbImage } from "@/image/rgbImage";
import type { QwenImageConfig } from "./config";
import { qwenProcess, qwenSee } from "./imageProcessor";
import { type GoldenCase, goldenFolders } from "./test/goldenFolder";

const { pictures } = JSON.parse(readFileSync("fixtures/qwen/processor.json", "utf8"));

function patterned(width: number, height: number): RgbImage {
  const image = createRgbImage(width, height);
  for (let i = 0; i < image.data.length; i++) image.data[i] = (i * 7919 + (i >> 5) * 104729) % 251;
  return image;
}

describe("qwenProcess", () => {
  for (const { name, cases, config, json, picture, tensors } of goldenFolders) {
    for (const [list, key] of [
      ["images", "pixel_values"],
      ["masked_images", "masked_pixel_values"],
    ] as const) {
      it.each(cases)(`gives Python's ${key} for ${name}, %s`, async (entry) => {
        const info = json(`golden/${entry}/case.json`) as GoldenCase;
        const golden = tensors(`golden/${entry}/tensors.safetensors`);
        const images = await Promise.all(info[list].map((file) => picture(`golden/${entry}/${file}`)));
        const processed = images.map((image) => qwenProcess(image, config.image));
        expect(processed.flatMap(({ rows, columns }) => [1, rows, columns])).toEqual([...golden.float32("image_grid_thw")]);
        const values = processed.flatMap(({ pixelValues }) => [...pixelValues]);
        const expected = golden.float32(key);
        expect(values.length).toBe(expected.length);
        const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
        expect(worst).toBeLessThanOrEqual(1e-6);
        expect(processed.reduce((sum, { patchCount }) => sum + patchCount, 0)).toBe(golden.tensors.get(key)!.shape[0]);
        expect(processed.reduce((sum, { featureCount }) => sum + featureCount, 0)).toBe(
          golden.tensors.get("image_features")!.shape[0],
        );
      });
    }
  }

  // Grids and checksums of transformers 5.18, see scripts/reference/make_qwen_processor_fixture.py.
  for (const { width, height, patch, min, max, mean, std, grid, sums, picks } of pictures) {
    it(`agrees with Python on ${width}x${height} in patches of ${patch}, ${min} to ${max} pixels`, () => {
      const settings: QwenImageConfig = {
        minPixels: min,
        maxPixels: max,
        patchSize: patch,
        mergeSize: 2,
        temporalPatchSize: 2,
        resample: "bicubic",
        rescaleFactor: 1 / 255,
        imageMean: mean,
        imageStd: std,
      };
      const { rows, columns, patchCount, pixelValues } = qwenProcess(patterned(width, height), settings);
      expect([1, rows, columns]).toEqual(grid);
      const length = 3 * 2 * patch * patch;
      expect(pixelValues.length).toBe(patchCount * length);
      for (const [row, sum] of sums) {
        const total = pixelValues.subarray(row * length, (row + 1) * length).reduce((all, value) => all + value, 0);
        expect(total).toBeCloseTo(sum, 3);
      }
      for (const [row, at, value] of picks) expect(Math.abs(pixelValues[row * length + at]! - value)).toBeLessThanOrEqual(1e-6);
    });
  }

  it("gives the same for a picture and for the picture as the model sees it, under any limits", () => {
    const { image: config } = goldenFolders[2]!.config;
    const side = fc.integer({ min: 1, max: 300 });
    const limit = fc.option(fc.integer({ min: 8, max: 100 }), { nil: undefined });
    fc.assert(
      fc.property(side, side, limit, (width, height, cells) => {
        fc.pre(Math.max(width, height) / Math.min(width, height) <= 200);
        const limits = { maxPixels: cells === undefined ? undefined : cells * 1024 };
        const image = patterned(width, height);
        const seen = qwenSee(image, config, limits);
        expect(seen.width * seen.height).toBeLessThanOrEqual(limits.maxPixels ?? config.maxPixels);
        const again = qwenSee(seen, config, limits);
        expect([again.width, again.height]).toEqual([seen.width, seen.height]);
        expect(Buffer.from(again.data).equals(Buffer.from(seen.data))).toBe(true);
        const direct = qwenProcess(image, config, limits);
        const twice = qwenProcess(seen, config, limits);
        expect([twice.rows, twice.columns]).toEqual([seen.height / 16, seen.width / 16]);
        expect(Buffer.from(twice.pixelValues.buffer).equals(Buffer.from(direct.pixelValues.buffer))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});
