import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BinScale, binDomain, binOf, binPosition, binsOf, neutralBin, niceAbove, valueAtPosition } from "./binning";
import { binCount, binVariables, type ColourMapName, colourMaps, coloursOf, contrast, textOn } from "./maps";

const sequential = (Object.keys(colourMaps) as ColourMapName[]).filter((name) => name !== "puor");
const scales: readonly BinScale[] = ["linear", "log", "rank"];

describe("colour maps", () => {
  it("have 16 colours per theme, each with readable text", () => {
    for (const name of Object.keys(colourMaps) as ColourMapName[]) {
      for (const colours of Object.values(coloursOf(name))) {
        expect(colours).toHaveLength(binCount);
        for (const colour of colours) expect(contrast(colour, textOn(colour)), `${name} ${colour}`).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  it("grow steadily darker in light and lighter in dark, so that order survives without hue", () => {
    for (const name of sequential) {
      const { light, dark } = coloursOf(name);
      for (let bin = 1; bin < binCount; bin++) {
        expect(contrast(light[bin]!, "#ffffff"), `${name} ${bin}`).toBeGreaterThan(contrast(light[bin - 1]!, "#ffffff"));
        expect(contrast(dark[bin]!, "#000000"), `${name} ${bin}`).toBeGreaterThan(contrast(dark[bin - 1]!, "#000000"));
      }
    }
  });

  it("begin with the panel's ground, and the ends of the signed map stand apart from it and from each other's hue", () => {
    for (const name of sequential) {
      expect([coloursOf(name).light[0], coloursOf(name).dark[0]]).toEqual(["#ffffff", "#17191f"]);
    }
    const { light, dark } = coloursOf("puor");
    for (const bin of [0, binCount - 1]) {
      expect(contrast(light[bin]!, "#ffffff")).toBeGreaterThan(4.5);
      expect(contrast(dark[bin]!, "#17191f")).toBeGreaterThan(4.5);
    }
  });

  it("become custom properties for both themes", () => {
    expect(binVariables("cividis")["--bin-15"]).toBe("light-dark(#00265c, #fdea45)");
    expect(binVariables("cividis")["--bin-15-text"]).toBe("light-dark(#ffffff, #000000)");
  });
});

describe("binning", () => {
  const values = Float32Array.of(0, 0.002, 0.1, 0.5, 1.2, 3.9);

  it("spans from 0 to a readable number above the largest value", () => {
    const domain = binDomain([values], false);
    expect(domain.max).toBe(4);
    expect([...binsOf(values, domain, "linear")]).toEqual([0, 0, 1, 2, 4, 15]);
  });

  it("does not let one outlier among many flatten the rest", () => {
    const many = new Float32Array(1000).fill(1);
    many[5] = 400;
    expect(binDomain([many], false).max).toBe(1);
    expect(binOf(400, binDomain([many], false), "linear")).toBe(15);
  });

  it("does not stretch the map over noise", () => {
    expect(binDomain([Float32Array.of(1e-5, 2e-5)], false).max).toBe(0.05);
    expect(binDomain([new Float32Array(0)], false).max).toBe(0.05);
  });

  it("ends where the reader says, and takes the floor of the number it is of", () => {
    expect(binDomain([values], false, { max: 0.5 }).max).toBe(0.5);
    expect(binOf(1.2, binDomain([values], false, { max: 0.5 }), "linear")).toBe(15);
    expect(binDomain([Float32Array.of(0.001, 0.002)], false, { floor: 0 }).max).toBe(0.002);
  });

  it("gives what is not a number the colour of 0 and no place in the domain", () => {
    const broken = Float32Array.of(1, Number.NaN, -1);
    const domain = binDomain([broken], true);
    expect([domain.max, domain.sorted.length]).toEqual([1, 2]);
    expect([...binsOf(broken, domain, "linear")]).toEqual([15, neutralBin(true), 0]);
  });

  it("never orders two values the wrong way round, on any scale", () => {
    const value = fc.float({ min: Math.fround(-5), max: 5, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 2, maxLength: 40 }),
        fc.constantFrom(...scales),
        fc.boolean(),
        (list, scale, signed) => {
          const column = Float32Array.from(list, signed ? (x) => x : Math.abs);
          const domain = binDomain([column], signed);
          const sorted = column.slice().sort();
          const bins = binsOf(sorted, domain, scale);
          expect([...bins]).toEqual([...bins].sort((a, b) => a - b));
          expect(Math.max(...bins)).toBeLessThan(binCount);
        },
      ),
    );
  });

  it("puts signed values on their own side of the middle", () => {
    const domain = binDomain([Float32Array.of(-2, -0.001, 0.001, 2)], true);
    for (const scale of scales) {
      expect(binOf(-0.001, domain, scale), scale).toBeLessThan(8);
      expect(binOf(0.001, domain, scale), scale).toBeGreaterThanOrEqual(8);
    }
    expect([binOf(-2, domain, "linear"), binOf(2, domain, "linear")]).toEqual([0, 15]);
  });

  it("labels the legend with the values that have those colours", () => {
    for (const signed of [false, true]) {
      const domain = binDomain([values], signed);
      for (const scale of ["linear", "log"] as const) {
        for (const position of [0.55, 0.75, 1]) {
          expect(binPosition(valueAtPosition(position, domain, scale), domain, scale)).toBeCloseTo(position, 6);
        }
      }
    }
  });

  it("rounds up to numbers people read", () => {
    expect([0.037, 0.05, 1, 1.01, 3.9, 8.1, 214].map(niceAbove)).toEqual([0.04, 0.05, 1, 1.5, 4, 10, 300]);
  });
});
