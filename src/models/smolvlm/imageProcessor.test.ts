import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "@/formats/safetensors";
import { decodePng } from "@/image/pngDecode";
import { createRgbImage } from "@/image/rgbImage";
import { parseSmolVlmConfig } from "./config";
import { processImage } from "./imageProcessor";

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));
const root = "fixtures/smolvlm";
const { image: config } = parseSmolVlmConfig({
  config: json(`${root}/config.json`),
  preprocessorConfig: json(`${root}/preprocessor_config.json`),
});

describe("processImage", () => {
  for (const name of readdirSync(`${root}/golden`).filter((name) => name.startsWith("case"))) {
    const folder = `${root}/golden/${name}`;
    const info = json(`${folder}/case.json`);
    const tensors = readSafetensors(readFileSync(`${folder}/tensors.safetensors`));
    for (const [files, key] of [
      [info.images, "pixel_values"],
      [info.masked_images, "masked_pixel_values"],
    ] as const) {
      it(`gives Python's ${key} for ${name}`, async () => {
        const expected = tensors.float32(key);
        const images = await Promise.all(
          files.map(async (file: string) => (await decodePng(readFileSync(`${folder}/${file}`)))!),
        );
        const processed = images.map((image) => processImage(image, config));
        const frames = processed.reduce((sum, picture) => sum + picture.frames, 0);
        expect([1, frames, 3, config.frameSize, config.frameSize]).toEqual(tensors.tensors.get(key)!.shape);
        const values = processed.flatMap(({ pixelValues }) => [...pixelValues]);
        expect(values.length).toBe(expected.length);
        const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
        expect(worst).toBeLessThanOrEqual(1e-6);
      });
    }
  }

  // Grids and checksums of transformers 5.18's SmolVLMImageProcessorPil, see scripts/reference/make_processor_fixture.py.
  for (const { width, height, longest_edge, frame, splitting, rows, columns, sums, picks } of json(
    "fixtures/images/processor.json",
  )) {
    it(`agrees with Python on ${width}x${height}, edge ${longest_edge}, frame ${frame}, ${splitting ? "split" : "whole"}`, () => {
      const image = createRgbImage(width, height);
      for (let i = 0; i < image.data.length; i++) image.data[i] = (i * 7919 + (i >> 5) * 104729) % 251;
      const settings = { ...config, longestEdge: longest_edge, frameSize: frame, doImageSplitting: splitting };
      const processed = processImage(image, settings);
      expect([processed.rows, processed.columns, processed.frames]).toEqual([rows, columns, sums.length]);
      const frameLength = 3 * frame * frame;
      for (const [f, sum] of sums.entries()) {
        const values = processed.pixelValues.subarray(f * frameLength, (f + 1) * frameLength);
        expect(values.reduce((total, value) => total + value, 0)).toBeCloseTo(sum, 3);
        expect(Math.abs(values[(f * 131) % frameLength]! - picks[f])).toBeLessThanOrEqual(1e-6);
      }
    });
  }

  it("makes whole frames of every size of picture", () => {
    const side = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(side, side, fc.boolean(), (width, height, doImageSplitting) => {
        const settings = { ...config, longestEdge: 32, frameSize: 16, doImageSplitting };
        const { rows, columns, frames, pixelValues } = processImage(createRgbImage(width, height), settings);
        expect(frames).toBe(rows * columns + 1);
        expect(pixelValues.length).toBe(frames * 3 * 16 * 16);
        expect(new Set(pixelValues)).toEqual(new Set([-1]));
      }),
    );
  });
});
