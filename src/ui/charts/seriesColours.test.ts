import { describe, expect, it } from "vitest";
import { contrast } from "../color/maps";
import { seriesColour, seriesColours, seriesDash } from "./seriesColours";

/** Linear rgb → what people without one kind of cone see (Viénot, Brettel & Mollon 1999), and for the third kind Brettel's plane. */
const visions: Readonly<Record<string, readonly (readonly number[])[]>> = {
  all: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  deutan: [
    [0.29275, 0.70725, 0],
    [0.29275, 0.70725, 0],
    [-0.02234, 0.02234, 1],
  ],
  protan: [
    [0.11238, 0.88762, 0],
    [0.11238, 0.88762, 0],
    [0.00401, -0.00401, 1],
  ],
};

describe("seriesColours", () => {
  it("can be read as text on the panel in both themes", () => {
    for (const { light, dark } of seriesColours) {
      expect(contrast(light, "#ffffff"), light).toBeGreaterThanOrEqual(4.5);
      expect(contrast(dark, "#17191f"), dark).toBeGreaterThanOrEqual(4.5);
    }
  });

  it("stay apart in all kinds of colour vision", () => {
    for (const theme of ["light", "dark"] as const) {
      for (const matrix of Object.values(visions)) {
        const seen = seriesColours.map((colour) => oklab(colour[theme], matrix));
        seen.forEach((a, i) => {
          seen.slice(i + 1).forEach((b, j) => {
            expect(distance(a, b), `${theme} ${i} ${i + 1 + j}`).toBeGreaterThan(0.05);
          });
        });
      }
    }
  });

  it("repeat after the last place, and the first line is full", () => {
    expect(seriesColour(seriesColours.length)).toBe(seriesColour(0));
    expect(seriesDash(0)).toBeUndefined();
    const places = seriesColours.map((_, place) => seriesDash(place));
    expect(new Set(places).size).toBe(seriesColours.length);
    for (const dash of places.slice(1)) expect(dash).toMatch(/^\d+ \d+( \d+ \d+)*$/);
  });
});

function oklab(colour: string, matrix: readonly (readonly number[])[]): readonly number[] {
  const rgb = [1, 3, 5].map((start) => {
    const value = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const [r, g, b] = matrix.map((row) => row.reduce((sum, weight, i) => sum + weight * rgb[i]!, 0)) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((value, i) => value - b[i]!));
}
