import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { floatToHalf, toFloat16 } from "./toFloat16";
import { halfToFloat } from "./toFloat32";

describe("toFloat16", () => {
  it("gives back every half-precision number", () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = halfToFloat(bits);
      if (!Number.isNaN(value)) expect(floatToHalf(value)).toBe(bits);
    }
    expect(halfToFloat(floatToHalf(Number.NaN))).toBeNaN();
  });

  it("takes the nearest of the two neighbours, and the even one in the middle", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0x7bfe }), fc.double({ min: 0, max: 1, noNaN: true }), (bits, t) => {
        const low = halfToFloat(bits);
        const high = halfToFloat(bits + 1);
        const value = Math.fround(low + t * (high - low));
        const expected = value - low < high - value || (value - low === high - value && bits % 2 === 0) ? bits : bits + 1;
        expect(floatToHalf(value)).toBe(expected);
        expect(floatToHalf(-value)).toBe(expected | 0x8000);
      }),
    );
    expect([
      ...toFloat16(new Float32Array([1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -25, 3 * 2 ** -25, 65519, 65520, -1e9])),
    ]).toEqual([0x3c00, 0x3c02, 0, 2, 0x7bff, 0x7c00, 0xfc00]);
  });

  it("converts arrays as it converts single numbers, whatever their bits", () => {
    const bits = new Uint32Array(200_000);
    for (let i = 0; i < bits.length; i++) bits[i] = Math.imul(i, 0x9e3779b1) ^ (i << 7);
    const data = new Float32Array(bits.buffer);
    expect(toFloat16(data.subarray(1))).toEqual(Uint16Array.from(data.subarray(1), floatToHalf));
  });
});
