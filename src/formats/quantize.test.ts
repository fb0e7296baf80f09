import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRng } from "@/lib/rng";
import { dequantizeMatrix, type QuantizedType, quantizeMatrix } from "./quantize";

const normals = (count: number, seed = 1) => {
  const rng = createRng(seed);
  return Float32Array.from({ length: count }, () => rng.normal());
};
const squaredError = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);

/** The numbers of one group by the definition in the header of quantize.ts, weight by weight. */
function groupByDefinition(group: Float32Array, type: QuantizedType): Float32Array {
  const extreme = group.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  const numbers = (scale: number, low: number, high: number) =>
    Array.from(group, (value) => {
      const q = Math.max(low, Math.min(high, Math.round(value * (scale === 0 ? 0 : 1 / scale))));
      return q * scale;
    });
  const error = (candidate: number[]) => candidate.reduce((sum, number, i) => sum + (group[i]! - number) ** 2, 0);
  if (type === "int8") return Float32Array.from(numbers(Math.fround(Math.abs(extreme) / 127), -127, 127));
  const symmetric = numbers(Math.fround(Math.abs(extreme) / 7), -7, 7);
  const signed = numbers(Math.fround(extreme / -8), -8, 7);
  return Float32Array.from(error(signed) < error(symmetric) ? signed : symmetric);
}

describe("quantizeMatrix", () => {
  const kinds: Record<string, (value: number) => number> = {
    "any weights": (value) => value,
    // Many weights half a scale away from the next number, and extremes of both signs.
    "weights of few levels": (value) => Math.round(value * 6) / 4,
    "weights close to the smallest number": (value) => Math.round(value * 20) * 2 ** -149,
    "weights whose scale loses digits": (value) => value * 2 ** -124,
    "bfloat16 weights": (value) =>
      new Float32Array(new Uint32Array([new Uint32Array(Float32Array.of(value).buffer)[0]! & 0xffff0000]).buffer)[0]!,
  };
  for (const [kind, convert] of Object.entries(kinds)) {
    it(`computes what its definition says for ${kind}`, () => {
      const data = normals(64 * 256, 5).map(convert);
      for (const type of ["int8", "int4"] as const) {
        for (const group of [32, 128]) {
          const numbers = dequantizeMatrix(quantizeMatrix(data, 64, 256, type, group)).map((value) => value + 0);
          for (let from = 0; from < data.length; from += group) {
            const expected = groupByDefinition(data.subarray(from, from + group), type).map((value) => value + 0);
            expect(numbers.subarray(from, from + group)).toEqual(expected);
          }
        }
      }
    });
  }

  it("packs four int8 per word, first column in the lowest byte", () => {
    const data = new Float32Array(32);
    data.set([127, -127, 1, -2]);
    const { packed, scales } = quantizeMatrix(data, 1, 32, "int8", 32);
    expect([...scales]).toEqual([1]);
    expect((packed[0]! >>> 0).toString(16)).toBe("fe01817f");
    expect(packed.length).toBe(8);
  });

  it("packs eight int4 per word, first column in the lowest nibble, as q + 8", () => {
    const data = new Float32Array(32);
    data.set([7, -7, 1, -2, 0, 3, 4, 5]);
    const { packed, scales } = quantizeMatrix(data, 1, 32, "int4", 32);
    expect([...scales]).toEqual([1]);
    expect((packed[0]! >>> 0).toString(16)).toBe("dcb8691f");
    expect(packed.length).toBe(4);
  });

  it("uses all sixteen int4 levels where that is more exact", () => {
    const data = Float32Array.from({ length: 32 }, (_, i) => (i % 16) - 8);
    expect(dequantizeMatrix(quantizeMatrix(data, 1, 32, "int4", 32))).toEqual(data);
    expect(
      dequantizeMatrix(
        quantizeMatrix(
          data.map((value) => -value),
          1,
          32,
          "int4",
          32,
        ),
      ),
    ).toEqual(data.map((value) => -value));
  });

  for (const group of [32, 64, 128]) {
    it(`stays within half a step of every weight for groups of ${group}`, () => {
      const data = normals(6 * 256);
      for (const type of ["int8", "int4"] as const) {
        const matrix = quantizeMatrix(data, 6, 256, type, group);
        expect(matrix.scales.length).toBe((6 * 256) / group);
        const back = dequantizeMatrix(matrix);
        for (const [i, value] of data.entries()) {
          const step = Math.abs(matrix.scales[Math.floor(i / group)]!);
          // The signed int4 form cuts the far end of the other sign: up to one step there.
          expect(Math.abs(value - back[i]!)).toBeLessThanOrEqual(step * (type === "int8" ? 0.5001 : 1.0001));
        }
      }
    });
  }

  it("is never worse in int4 than either of the two usual scales", () => {
    const data = normals(64 * 64, 3);
    const error = squaredError(data, dequantizeMatrix(quantizeMatrix(data, 64, 64, "int4", 32)));
    const withScale = (scaleOf: (group: Float32Array) => number, low: number) => {
      let sum = 0;
      for (let from = 0; from < data.length; from += 32) {
        const group = data.subarray(from, from + 32);
        const scale = Math.fround(scaleOf(group));
        for (const value of group) sum += (value - Math.max(low, Math.min(7, Math.round(value / scale))) * scale) ** 2;
      }
      return sum;
    };
    const extreme = (group: Float32Array) => group.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
    expect(error).toBeLessThan(withScale((group) => Math.abs(extreme(group)) / 7, -7));
    expect(error).toBeLessThan(withScale((group) => extreme(group) / -8, -8));
  });

  it("keeps a matrix that was quantised before, within rounding", () => {
    const types: QuantizedType[] = ["int8", "int4"];
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 64, maxLength: 64 }),
        fc.constantFrom(...types),
        (list, type) => {
          const once = dequantizeMatrix(quantizeMatrix(Float32Array.from(list), 2, 32, type, 32));
          const twice = dequantizeMatrix(quantizeMatrix(once, 2, 32, type, 32));
          for (const [i, value] of once.entries())
            expect(Math.abs(twice[i]! - value)).toBeLessThanOrEqual(1e-5 * Math.abs(value));
        },
      ),
    );
  });

  it("keeps zeros", () => {
    expect(dequantizeMatrix(quantizeMatrix(new Float32Array(32), 1, 32, "int4", 32))).toEqual(new Float32Array(32));
  });

  it("refuses columns that are no multiple of the group, wrong sizes and weights that are no numbers", () => {
    expect(() => quantizeMatrix(new Float32Array(48), 1, 48, "int8", 32)).toThrow(/48 columns/);
    expect(() => quantizeMatrix(new Float32Array(63), 2, 32, "int8", 32)).toThrow(RangeError);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => quantizeMatrix(new Float32Array(32).fill(value, 5, 6), 1, 32, "int4", 32)).toThrow(/not a finite number/);
    }
  });
});
