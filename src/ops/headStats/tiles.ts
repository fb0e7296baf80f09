// How the product of T rows with the head is cut, so that its logits fit a scratch space: chunks of rows, and tiles of columns
// in whole blocks. The head is read once per chunk of rows, so chunks are as large as one block of columns lets them be.
// Nothing that is computed depends on the cut.

import { blockColumns } from "./kernels";

/** First index and count. */
export interface Run {
  readonly first: number;
  readonly count: number;
}

export interface TileRequest {
  readonly rows: number;
  readonly vocabulary: number;
  /** Floats of scratch space per row and column of logits: 2 for pairs of rows. */
  readonly floatsPerLogit: number;
  /** Floats that a row costs beyond them once there are several chunks: its copy. */
  readonly floatsPerRow: number;
  readonly scratchBytes: number;
}

/** Rows of a chunk and columns of a tile; at least one row and one block. */
export function tilesFor(request: TileRequest): { readonly rows: number; readonly columns: number } {
  const { vocabulary, floatsPerLogit, floatsPerRow, scratchBytes } = request;
  const floats = scratchBytes / 4;
  const least = Math.min(vocabulary, blockColumns);
  let rows = request.rows;
  if (rows * least * floatsPerLogit > floats) {
    const most = Math.max(1, Math.floor(floats / (least * floatsPerLogit + floatsPerRow)));
    rows = Math.ceil(rows / Math.ceil(rows / most));
  }
  const spare = floats / rows - (rows < request.rows ? floatsPerRow : 0);
  const blocks = Math.max(1, Math.floor(spare / floatsPerLogit / blockColumns));
  const columns = blocks * blockColumns;
  const isWhole = vocabulary <= Math.max(columns, Math.floor(spare / floatsPerLogit));
  return { rows, columns: isWhole ? vocabulary : columns };
}

/** Cuts 0 .. total − 1 into runs of `size`, the last one maybe shorter. */
export function runsOf(total: number, size: number): readonly Run[] {
  return Array.from({ length: Math.ceil(total / size) }, (_, at) => ({
    first: at * size,
    count: Math.min(size, total - at * size),
  }));
}
