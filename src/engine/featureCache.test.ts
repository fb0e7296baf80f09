import { memory, tensor2d } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import type { ProcessedImage } from "@/models/family";
import { setUpWasm } from "@/ops/test/wasmFixture";
import { FeatureCache } from "./featureCache";

setUpWasm();

const image = (...pixels: number[]): ProcessedImage => ({
  pixelValues: Float32Array.from(pixels),
  patchCount: 1,
  featureCount: 1,
  rows: 1,
  columns: pixels.length,
});
const features = (value: number) => tensor2d([value, value, value, value], [1, 4]);

describe("FeatureCache", () => {
  it("finds a picture by its pixels and grid, and tells pictures apart that differ in one number", () => {
    const cache = new FeatureCache();
    cache.put(image(1, 2, 3), features(7));
    expect(cache.get(image(1, 2, 3))?.dataSync()[0]).toBe(7);
    expect(cache.get(image(1, 2, 3.0000002))).toBeUndefined();
    expect(cache.get({ ...image(1, 2, 3), rows: 3, columns: 1 })).toBeUndefined();
    cache.clear();
    expect(cache.get(image(1, 2, 3))).toBeUndefined();
  });

  it("goes through a picture's pixels once, however often it is asked for", () => {
    const cache = new FeatureCache();
    let reads = 0;
    const watched = Object.defineProperty(image(1, 2, 3), "pixelValues", {
      get: () => {
        reads++;
        return Float32Array.of(1, 2, 3);
      },
    });
    expect(cache.get(watched)).toBeUndefined();
    cache.put(watched, features(7));
    expect(cache.get(watched)?.dataSync()[0]).toBe(7);
    expect(reads).toBe(1);
    cache.clear();
  });

  it("drops the picture that was not asked for longest when it is full, and frees what it drops", () => {
    const before = memory().numTensors;
    const cache = new FeatureCache(2 * 16);
    cache.put(image(1), features(1));
    cache.put(image(2), features(2));
    cache.get(image(1));
    cache.put(image(3), features(3));
    expect(cache.get(image(2))).toBeUndefined();
    expect([1, 3].map((value) => cache.get(image(value))?.dataSync()[0])).toEqual([1, 3]);
    // The same picture again changes nothing and leaves nothing behind.
    cache.put(image(3), features(4));
    expect(cache.get(image(3))?.dataSync()[0]).toBe(3);
    expect(memory().numTensors).toBe(before + 2);
    cache.clear();
    expect(memory().numTensors).toBe(before);
  });
});
