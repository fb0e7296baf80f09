import { describe, expect, it } from "vitest";
import { growthFigure } from "./figure";

const points = [
  { size: 128, ms: 10, megabytes: 1, dispatches: 24 },
  { size: 512, ms: 20, megabytes: 4, dispatches: 24 },
  { size: 2048, ms: 40, megabytes: 16, dispatches: 32 },
];
const numbersOf = (svg: string, attribute: string) =>
  [...svg.matchAll(new RegExp(`<circle [^>]*${attribute}="([\\d.]+)"`, "g"))].map(([, value]) => Number(value));

describe("a figure of growth", () => {
  const svg = growthFigure({ title: "A step", axis: "keys", points });

  it("has a point per size in each panel, evenly apart where size and value grow by equal factors", () => {
    for (const attribute of ["cx", "cy"]) {
      const numbers = numbersOf(svg, attribute);
      expect(numbers.length).toBe(6);
      for (const [a = 0, b = 0, c = 0] of [numbers.slice(0, 3), numbers.slice(3)]) {
        expect(b).not.toBe(a);
        expect(c - b).toBeCloseTo(b - a, 0);
      }
    }
  });

  it("draws proportion through the points of what grows in proportion", () => {
    const lines = [...svg.matchAll(/class="even" x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="([\d.]+)"/g)];
    const [, , , x2, y2] = lines[1] as RegExpExecArray;
    expect([Number(x2), Number(y2)]).toEqual([numbersOf(svg, "cx")[5], numbersOf(svg, "cy")[5]]);
  });

  it("says the dispatches of every size", () => {
    expect([...svg.matchAll(/>(24|32)</g)].map(([, count]) => count)).toEqual(["24", "24", "32"]);
  });
});
