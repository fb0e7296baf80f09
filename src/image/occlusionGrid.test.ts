import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Cell, cellAt, cellKey, cellRegion, coarseCells, neighbour, patchesOf, splitCell } from "./occlusionGrid";

const grids = fc.record({ rows: fc.integer({ min: 1, max: 40 }), columns: fc.integer({ min: 1, max: 40 }) });

/** How often each patch lies in one of the cells. */
function coverage(cells: readonly Cell[], rows: number, columns: number): number[] {
  const counts = new Array<number>(rows * columns).fill(0);
  for (const cell of cells) {
    for (let r = cell.row; r < cell.row + cell.rows; r++) {
      for (let c = cell.column; c < cell.column + cell.columns; c++) counts[r * columns + c]! += 1;
    }
  }
  return counts;
}

describe("cells", () => {
  it("of the embedded model are 4 × 4 blocks of four patches, then 8 × 8 patches", () => {
    const coarse = coarseCells({ rows: 8, columns: 8 });
    expect(coarse).toHaveLength(16);
    expect(coarse.every((cell) => patchesOf(cell) === 4)).toBe(true);
    expect(coarse.flatMap(splitCell)).toHaveLength(64);
    expect(cellRegion(coarse[5]!, { rows: 8, columns: 8 })).toEqual([0.25, 0.25, 0.5, 0.5]);
  });

  it("tile the picture without gap or overlap, at most four in a row, however often they are split", () => {
    fc.assert(
      fc.property(grids, ({ rows, columns }) => {
        let cells = coarseCells({ rows, columns });
        expect(new Set(cells.map(({ column }) => column)).size).toBeLessThanOrEqual(4);
        expect(new Set(cells.map(({ row }) => row)).size).toBeLessThanOrEqual(4);
        for (let level = 0; level < 8; level++) {
          expect(coverage(cells, rows, columns).every((count) => count === 1)).toBe(true);
          cells = cells.flatMap((cell) => (patchesOf(cell) === 1 ? [cell] : splitCell(cell)));
        }
        expect(cells).toHaveLength(rows * columns);
      }),
      { numRuns: 60 },
    );
  });

  it("are found at a point and from each other, and have names of their own", () => {
    const grid = { rows: 8, columns: 8 };
    const [first, ...others] = coarseCells(grid);
    const cells = [...others, ...splitCell(first!)].map((cell) => ({ cell }));
    expect(new Set(cells.map(({ cell }) => cellKey(cell))).size).toBe(19);
    expect(cellAt(cells, grid, [0.13, 0.01])?.cell).toEqual({ row: 0, column: 1, rows: 1, columns: 1 });
    expect(cellAt(cells, grid, [0.99, 0.99])?.cell).toEqual({ row: 6, column: 6, rows: 2, columns: 2 });
    expect(cellAt(cells, grid, [1.2, 0.5])).toBeUndefined();
    const at = cellAt(cells, grid, [0.6, 0.6])!.cell;
    expect(neighbour(cells, at, "left")?.cell).toEqual({ row: 4, column: 2, rows: 2, columns: 2 });
    expect(neighbour(cells, at, "down")?.cell).toEqual({ row: 6, column: 4, rows: 2, columns: 2 });
    expect(neighbour(cells, { row: 6, column: 6, rows: 2, columns: 2 }, "right")).toBeUndefined();
  });
});
