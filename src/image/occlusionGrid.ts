// The cells of an occlusion map: blocks of the patches that a model tells apart, from about four in a row down to one patch, so that no
// cell cuts a patch. Pure arithmetic; what is measured with them is `state/look/occlusionMap.ts`'s business.

/** The patches of a picture. */
export interface PatchGrid {
  readonly rows: number;
  readonly columns: number;
}

/** A block of patches. */
export interface Cell {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

/** x0, y0, x1, y1 in fractions of the picture. */
export type CellRegion = readonly [x0: number, y0: number, x1: number, y1: number];

/** Blocks of equal size (cut at the right and bottom), row by row: at most `perSide` in a row or column. */
export function coarseCells({ rows, columns }: PatchGrid, perSide = 4): readonly Cell[] {
  // A power of two, so that halving ends at single patches.
  const size = 2 ** Math.ceil(Math.log2(Math.max(1, Math.max(rows, columns) / perSide)));
  return blocks({ rows, columns }, size);
}

/** Blocks of `size` × `size` patches, row by row. */
export function blocks({ rows, columns }: PatchGrid, size: number): readonly Cell[] {
  const cells: Cell[] = [];
  for (let row = 0; row < rows; row += size) {
    for (let column = 0; column < columns; column += size) {
      cells.push({ row, column, rows: Math.min(size, rows - row), columns: Math.min(size, columns - column) });
    }
  }
  return cells;
}

/** The halves or quarters of a cell; none for a single patch. */
export function splitCell({ row, column, rows, columns }: Cell): readonly Cell[] {
  if (rows === 1 && columns === 1) return [];
  return halves(row, rows).flatMap(([top, height]) =>
    halves(column, columns).map(([left, width]) => ({ row: top, column: left, rows: height, columns: width })),
  );
}

/** Number of patches in a cell. */
export function patchesOf({ rows, columns }: Cell): number {
  return rows * columns;
}

/** A name that is the same for equal cells. */
export function cellKey({ row, column, rows, columns }: Cell): string {
  return `${row}.${column}.${rows}.${columns}`;
}

/** Where a cell lies in the picture. */
export function cellRegion({ row, column, rows, columns }: Cell, grid: PatchGrid): CellRegion {
  return [column / grid.columns, row / grid.rows, (column + columns) / grid.columns, (row + rows) / grid.rows];
}

/** The cell at a point in fractions of the picture; undefined outside of all. */
export function cellAt<C extends { readonly cell: Cell }>(
  cells: readonly C[],
  grid: PatchGrid,
  [x, y]: readonly [number, number],
): C | undefined {
  const [row, column] = [y * grid.rows, x * grid.columns];
  return cells.find(({ cell }) => contains(cell, row, column));
}

/** The nearest cell beside one in a direction, by the centres; undefined at the border. */
export function neighbour<C extends { readonly cell: Cell }>(
  cells: readonly C[],
  from: Cell,
  direction: "left" | "right" | "up" | "down",
): C | undefined {
  const [x, y] = centre(from);
  const [dx, dy] = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] }[direction] as [number, number];
  let best: { readonly one: C; readonly cost: number } | undefined;
  for (const one of cells) {
    const [cx, cy] = centre(one.cell);
    const along = (cx - x) * dx + (cy - y) * dy;
    if (along <= 0) continue;
    // Beside counts more than near: two steps straight on are better than one aslant.
    const cost = along + 3 * Math.abs((cx - x) * dy + (cy - y) * dx);
    if (!best || cost < best.cost) best = { one, cost };
  }
  return best?.one;
}

function halves(start: number, length: number): readonly (readonly [start: number, length: number])[] {
  if (length === 1) return [[start, 1]];
  // The larger power of two first, so that blocks cut at the border keep the grid of whole ones.
  const first = 2 ** (Math.ceil(Math.log2(length)) - 1);
  return [
    [start, first],
    [start + first, length - first],
  ];
}

function contains({ row, column, rows, columns }: Cell, y: number, x: number): boolean {
  return y >= row && y < row + rows && x >= column && x < column + columns;
}

function centre({ row, column, rows, columns }: Cell): readonly [x: number, y: number] {
  return [column + columns / 2, row + rows / 2];
}
