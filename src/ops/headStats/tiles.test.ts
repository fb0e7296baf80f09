import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blockColumns } from "./kernels";
import { runsOf, tilesFor } from "./tiles";

describe("tilesFor", () => {
  it("keeps 512 pairs of rows together over 151 936 columns in 6.5 MB", () => {
    const request = { rows: 512, vocabulary: 151936, floatsPerLogit: 2, floatsPerRow: 4096, scratchBytes: 6.5e6 };
    expect(tilesFor(request)).toEqual({ rows: 512, columns: 2 * blockColumns });
  });

  it("takes the whole vocabulary where it fits", () => {
    const request = { rows: 3, vocabulary: 1000, floatsPerLogit: 1, floatsPerRow: 8, scratchBytes: 12000 };
    expect(tilesFor(request)).toEqual({ rows: 3, columns: 1000 });
    expect(tilesFor({ ...request, scratchBytes: 11999 })).toEqual({ rows: 3, columns: blockColumns });
  });

  it("never passes the scratch space with more than a row of a block, and cuts between blocks", () => {
    const sizes = fc.record({
      rows: fc.integer({ min: 1, max: 3000 }),
      vocabulary: fc.integer({ min: 1, max: 200000 }),
      floatsPerLogit: fc.constantFrom(1, 2),
      floatsPerRow: fc.integer({ min: 4, max: 8192 }),
      scratchBytes: fc.integer({ min: 4, max: 1e7 }),
    });
    fc.assert(
      fc.property(sizes, (request) => {
        const { rows, columns } = tilesFor(request);
        const { vocabulary, floatsPerLogit, floatsPerRow, scratchBytes } = request;
        const copies = rows < request.rows ? rows * floatsPerRow : 0;
        const bytes = (rows * columns * floatsPerLogit + copies) * 4;
        const isLeast = rows === 1 && columns <= blockColumns;
        expect(isLeast || bytes <= scratchBytes).toBe(true);
        expect(columns === vocabulary || columns % blockColumns === 0).toBe(true);
        expect(columns).toBeLessThanOrEqual(vocabulary);
        expect(rows).toBeLessThanOrEqual(request.rows);
      }),
    );
  });
});

describe("runsOf", () => {
  it("covers everything once, in order", () => {
    expect(runsOf(10, 4)).toEqual([
      { first: 0, count: 4 },
      { first: 4, count: 4 },
      { first: 8, count: 2 },
    ]);
    expect(runsOf(4, 4)).toEqual([{ first: 0, count: 4 }]);
  });
});
