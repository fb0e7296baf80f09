import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gaussianBlur } from "./gaussianBlur";
import { type MaskSpec, maskGrid, maskImage, maskStrategies } from "./masks";
import { decodePng } from "./pngDecode";

const blackening = maskStrategies.patch_blackening.defaults;
const masks: {
  size: [number, number];
  rgb: string;
  noise: { seed: number; rgb: string }[];
  blur: { size: [number, number]; radius: number; rgb: string }[];
} = JSON.parse(readFileSync("fixtures/images/masks.json", "utf8"));
const source = { width: masks.size[0], height: masks.size[1], data: new Uint8Array(Buffer.from(masks.rgb, "base64")) };
const base64 = (data: Uint8Array) => Buffer.from(data).toString("base64");
const readPng = async (path: string) => (await decodePng(readFileSync(path)))!;
const rowsOf = (grid: ReturnType<typeof maskGrid>) =>
  Array.from({ length: grid!.rows }, (_, r) => [...grid!.black.subarray(r * grid!.columns, (r + 1) * grid!.columns)]);

describe("patch blackening", () => {
  it("draws the grid of the official masking", () => {
    const vector = JSON.parse(readFileSync("fixtures/images/patch-blackening.json", "utf8"));
    const spec: MaskSpec = { kind: "patch_blackening", cellSize: vector.patch, probability: vector.prob };
    expect(rowsOf(maskGrid(vector, spec, vector.numpy_seed))).toEqual(vector.black_grid);
  });

  const golden = "fixtures/smolvlm/golden";
  for (const name of readdirSync(golden)) {
    const isUpdate = name === "vppo";
    const info = JSON.parse(readFileSync(`${golden}/${name}/${isUpdate ? "vppo" : "case"}.json`, "utf8"));
    const grids: number[][][] = info.mask_grids;
    it(`gives the grids and pictures of ${name} from their seeds`, async () => {
      for (const [i, grid] of grids.entries()) {
        const image = await readPng(`${golden}/${name}/${isUpdate ? "image" : `image-${i}`}.png`);
        const masked = await readPng(`${golden}/${name}/masked-${i}.png`);
        expect(rowsOf(maskGrid(image, blackening, info.mask_seeds[i]))).toEqual(grid);
        expect(base64(maskImage(image, blackening, info.mask_seeds[i]).data)).toBe(base64(masked.data));
      }
    });
  }
});

describe("the other strategies", () => {
  for (const { seed, rgb } of masks.noise) {
    it(`adds numpy's noise from seed ${seed}`, () => {
      expect(base64(maskImage(source, maskStrategies.gaussian_noise.defaults, seed).data)).toBe(rgb);
    });
  }

  for (const { size, radius, rgb } of masks.blur) {
    it(`blurs ${size.join("x")} with radius ${radius} as Pillow does`, () => {
      const [width, height] = size;
      const rows = Array.from({ length: height }, (_, y) => [
        ...source.data.subarray(y * source.width * 3, (y * source.width + width) * 3),
      ]);
      expect(base64(gaussianBlur({ width, height, data: Uint8Array.from(rows.flat()) }, radius).data)).toBe(rgb);
    });
  }

  it("leaves the picture alone when blurred with radius 0", () => {
    expect(gaussianBlur(source, 0).data).toEqual(source.data);
  });

  it("fills with grey 128, and with black", () => {
    expect(new Set(maskImage(source, maskStrategies.grey.defaults, 0).data)).toEqual(new Set([128]));
    expect(new Set(maskImage(source, maskStrategies.whole.defaults, 0).data)).toEqual(new Set([0]));
  });

  it("blackens drawn rectangles, cut at the border, and nothing else", () => {
    const white = { width: 4, height: 3, data: new Uint8Array(36).fill(255) };
    const masked = maskImage(
      white,
      {
        kind: "region",
        rectangles: [
          { x: 2, y: 1, width: 9, height: 1 },
          { x: -3, y: 0, width: 3, height: 3 },
        ],
      },
      0,
    );
    const red = [...masked.data].filter((_, i) => i % 3 === 0);
    expect(red).toEqual([255, 255, 255, 255, 255, 255, 0, 0, 255, 255, 255, 255]);
    expect(new Set(white.data)).toEqual(new Set([255]));
  });

  it("replays a grid of chosen cells as the same picture", () => {
    const grid = maskGrid(source, blackening, 40)!;
    expect(maskImage(source, { kind: "cells", grid }, 0).data).toEqual(maskImage(source, blackening, 40).data);
  });
});
