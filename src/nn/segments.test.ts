import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { segmentMeta } from "./segments";

describe("segmentMeta", () => {
  it("lets a row see the rows of its segment and no others", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }), (lengths) => {
        const { rows, keys } = segmentMeta(lengths);
        let start = 0;
        for (const length of lengths) {
          for (let m = start; m < start + length; m++) {
            expect([...rows.subarray(m * 4, m * 4 + 4)]).toEqual([0, 0, start, length]);
            expect([...keys.subarray(m * 2, m * 2 + 2)]).toEqual([start, start + length]);
          }
          start += length;
        }
        expect(rows.length).toBe(start * 4);
      }),
    );
  });
});
