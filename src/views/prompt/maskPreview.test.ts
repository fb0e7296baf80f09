import { describe, expect, it } from "vitest";
import type { RgbImage } from "@/image/rgbImage";
import type { MaskSettings } from "@/protocol/image";
import { maskSpecOf } from "@/protocol/maskSpec";
import { maskPreview } from "./maskPreview";
import { regionFromCorners } from "./regionFromCorners";

const white = (width: number, height: number): RgbImage => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(255),
});
const patches: MaskSettings = { strategy: "patch_blackening", ratio: 0.5, cellSize: 8, seed: 1, sharing: "shared" };
const blackShare = ({ data }: RgbImage) => data.reduce((count, value) => count + (value === 0 ? 1 : 0), 0) / data.length;

describe("maskPreview", () => {
  it("shows the picture in the model's size and a twin of the same size", () => {
    const { seen, masked } = maskPreview(white(100, 50), patches, 64);
    expect([seen.width, seen.height, masked.width, masked.height]).toEqual([64, 64, 64, 64]);
  });

  it("leaves a picture of the model's size as it is", () => {
    const image = white(64, 64);
    expect(maskPreview(image, patches, 64).seen).toBe(image);
  });

  it("blackens no cell at ratio 0, all at 1, and another set for another seed", () => {
    expect(blackShare(maskPreview(white(64, 64), { ...patches, ratio: 0 }, 64).masked)).toBe(0);
    expect(blackShare(maskPreview(white(64, 64), { ...patches, ratio: 1 }, 64).masked)).toBe(1);
    const one = maskPreview(white(64, 64), patches, 64).masked.data;
    const two = maskPreview(white(64, 64), { ...patches, seed: 2 }, 64).masked.data;
    expect(one).not.toEqual(two);
  });

  it("blackens exactly the drawn region", () => {
    const { masked } = maskPreview(white(64, 64), { ...patches, strategy: "region", region: [0.25, 0.5, 0.75, 1] }, 64);
    expect(blackShare(masked)).toBe(0.25);
  });

  it("blackens nothing while no region is drawn", () => {
    expect(blackShare(maskPreview(white(8, 8), { ...patches, strategy: "region" }, 8).masked)).toBe(0);
  });

  it("knows every strategy of the protocol", () => {
    for (const strategy of ["patch_blackening", "gaussian_noise", "blur", "grey", "whole", "region"] as const) {
      expect(maskSpecOf({ ...patches, strategy }, { width: 8, height: 8 }).kind).toBe(strategy);
    }
  });
});

describe("regionFromCorners", () => {
  it("orders the corners and stays inside the picture", () => {
    expect(regionFromCorners([0.8, 1.4], [-0.2, 0.5])).toEqual([0, 0.5, 0.8, 1]);
  });

  it("is nothing without an area", () => {
    expect(regionFromCorners([0.5, 0.5], [0.5, 0.9])).toBeNull();
  });
});
