import { describe, expect, it } from "vitest";
import { foldTemporal } from "./takeTower";
import { tableCorners, towerLayout } from "./towerLayout";

const pairs = (positions: Int32Array) =>
  Array.from({ length: positions.length / 2 }, (_, i) => [...positions.subarray(i * 2, i * 2 + 2)]);

describe("towerLayout", () => {
  it("keeps the order of the pictures where there are no windows", () => {
    const layout = towerLayout(
      [
        { rows: 2, columns: 4 },
        { rows: 4, columns: 2 },
      ],
      2,
    );
    expect([...layout.tokenOrder]).toEqual([0, 1, 2, 3]);
    expect(layout.pictures).toEqual([8, 8]);
    expect(layout.windows).toEqual([8, 8]);
    expect(layout.largestSide).toBe(4);
  });

  it("names each patch of a block of four by its row and column", () => {
    const { positions } = towerLayout([{ rows: 4, columns: 4 }], 2);
    expect(pairs(positions).slice(0, 8)).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
      [0, 2],
      [0, 3],
      [1, 2],
      [1, 3],
    ]);
  });

  it("lays the tokens of a window side by side, with smaller windows at the borders", () => {
    const layout = towerLayout([{ rows: 6, columns: 10 }], 2, 2);
    // 3 × 5 tokens in windows of 2 × 2.
    expect([...layout.tokenOrder]).toEqual([0, 1, 5, 6, 2, 3, 7, 8, 4, 9, 10, 11, 12, 13, 14]);
    expect(layout.windows).toEqual([16, 16, 8, 8, 8, 4]);
    expect(layout.pictures).toEqual([60]);
    expect(pairs(layout.positions)[8]).toEqual([2, 0]);
  });

  it("never lets a window reach into the next picture", () => {
    const layout = towerLayout(
      [
        { rows: 2, columns: 6 },
        { rows: 2, columns: 2 },
      ],
      2,
      2,
    );
    expect([...layout.tokenOrder]).toEqual([0, 1, 2, 3]);
    expect(layout.windows).toEqual([8, 4, 4]);
  });
});

describe("tableCorners", () => {
  const interpolate = (rows: number, columns: number, side: number, table: (y: number, x: number) => number) => {
    const grids = [{ rows, columns }];
    const layout = towerLayout(grids, 2);
    const corners = tableCorners(layout, grids, side);
    return pairs(layout.positions).map(([y, x], patch) => {
      let value = 0;
      corners.rows.forEach((at, corner) => {
        const row = at[patch] as number;
        value += (corners.weights[corner]?.[patch] as number) * table(Math.floor(row / side), row % side);
      });
      return { y: y as number, x: x as number, value };
    });
  };

  it("reproduces a table that is linear along both axes", () => {
    for (const { y, x, value } of interpolate(6, 10, 4, (row, column) => 100 * row + column))
      expect(value).toBeCloseTo((100 * y * 3) / 5 + (x * 3) / 9, 4);
  });

  it("takes the table as it is when the grid has its size", () => {
    const values = [3, -1, 4, 1, -5, 9, 2, 6, -5, 3, 5, 8, 9, 7, 9, 3];
    for (const { y, x, value } of interpolate(4, 4, 4, (row, column) => values[row * 4 + column] as number))
      expect(value).toBe(values[y * 4 + x]);
  });
});

describe("foldTemporal", () => {
  it("adds the planes of each channel", () => {
    // Three channels of two planes of two pixels.
    const row = Float32Array.of(1, 2, 10, 20, 3, 4, 30, 40, 5, 6, 50, 60);
    expect([...foldTemporal(row, 2, 2)]).toEqual([11, 22, 33, 44, 55, 66]);
  });
});
