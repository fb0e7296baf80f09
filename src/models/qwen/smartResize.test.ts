import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PictureSizeError, seenSize, sizeBounds, smartResize } from "./smartResize";

const { sizes }: { sizes: number[][] } = JSON.parse(readFileSync("fixtures/qwen/processor.json", "utf8"));

describe("smartResize", () => {
  it("gives the sizes of Python's smart_resize, and refuses what it refuses", () => {
    let refused = 0;
    for (const [width, height, factor, minPixels, maxPixels, ...expected] of sizes as [
      number,
      number,
      number,
      number,
      number,
    ][]) {
      const resized = () => smartResize({ width, height }, { factor, minPixels, maxPixels });
      if (expected.length === 0) {
        refused++;
        expect(resized).toThrow(PictureSizeError);
      } else {
        const { width: w, height: h } = resized();
        expect([w, h], `${width}x${height} in ${factor}, ${minPixels} to ${maxPixels}`).toEqual(expected);
      }
    }
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(sizes.length / 2);
  });

  it("says how long a refused picture is", () => {
    const bounds = { factor: 28, minPixels: 3136, maxPixels: 50_176 };
    expect(() => smartResize({ width: 1, height: 400 }, bounds)).toThrow(/one side is 400 times the other, 200 is the most/);
  });
});

describe("seenSize", () => {
  const side = fc.integer({ min: 1, max: 6000 });
  const cells = fc.integer({ min: 1, max: 3000 });

  it("is Python's size wherever that keeps to its bounds, and always a fixed point within them", () => {
    fc.assert(
      fc.property(side, side, fc.constantFrom(28, 32), cells, cells, (width, height, factor, a, b) => {
        const bounds = { factor, minPixels: Math.min(a, b) * factor ** 2, maxPixels: Math.max(a, b) * factor ** 2 };
        const seen = attempt(() => seenSize({ width, height }, bounds));
        if (!seen) return;
        const pixels = seen.width * seen.height;
        expect([seen.width % factor, seen.height % factor]).toEqual([0, 0]);
        expect(pixels).toBeGreaterThanOrEqual(bounds.minPixels);
        expect(pixels).toBeLessThanOrEqual(bounds.maxPixels);
        expect(seenSize(seen, bounds)).toEqual(seen);
        const python = attempt(() => smartResize({ width, height }, bounds));
        const within =
          python && python.width * python.height >= bounds.minPixels && python.width * python.height <= bounds.maxPixels;
        if (within) expect(seen).toEqual(python);
      }),
    );
  });

  it("finds a size for every shape that Python takes when the bounds are a factor of four apart", () => {
    fc.assert(
      fc.property(side, side, fc.integer({ min: 4, max: 3000 }), (width, height, most) => {
        fc.pre(Math.max(width, height) / Math.min(width, height) <= 200);
        const bounds = { factor: 28, minPixels: Math.floor(most / 4) * 784, maxPixels: most * 784 };
        expect(seenSize({ width, height }, bounds).width).toBeGreaterThan(0);
      }),
    );
  });

  it("refuses bounds that no size meets", () => {
    const bounds = { factor: 32, minPixels: 47 * 1024, maxPixels: 47 * 1024 };
    expect(() => seenSize({ width: 100, height: 90 }, bounds)).toThrow(/no size of its shape has 48128 to 48128 pixels/);
  });
});

describe("sizeBounds", () => {
  const config = {
    minPixels: 65_536,
    maxPixels: 16_777_216,
    patchSize: 16,
    mergeSize: 2,
    temporalPatchSize: 2,
    resample: "bicubic",
    rescaleFactor: 1 / 255,
    imageMean: [0.5, 0.5, 0.5],
    imageStd: [0.5, 0.5, 0.5],
  } as const;

  it("takes the checkpoint's bounds, and the user's in their place", () => {
    expect(sizeBounds(config)).toEqual({ factor: 32, minPixels: 65_536, maxPixels: 16_777_216 });
    expect(sizeBounds(config, { minPixels: 4096, maxPixels: 100_000 })).toMatchObject({ minPixels: 4096, maxPixels: 100_000 });
    expect(sizeBounds(config, { minPixels: 20_000_000 })).toMatchObject({ minPixels: 20_000_000, maxPixels: 20_000_000 });
  });

  it("lets a low maximum lower the minimum, so that pictures still fit", () => {
    expect(sizeBounds(config, { maxPixels: 32_768 })).toMatchObject({ minPixels: 8192, maxPixels: 32_768 });
    expect(sizeBounds(config, { maxPixels: 1_000_000 })).toMatchObject({ minPixels: 65_536, maxPixels: 1_000_000 });
  });
});

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    expect(error).toBeInstanceOf(PictureSizeError);
    return undefined;
  }
}
