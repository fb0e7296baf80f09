// Order and meta data of the patch rows that a Qwen vision tower computes on. Patches come in merge-block order (a block of
// merge² neighbours is one image token); where blocks attend within windows, the tokens of a window are laid side by side, so
// that a window, like a picture, is one contiguous segment. Host side and pure. Facts: transformers get_window_index,
// rot_pos_emb, fast_pos_embed_interpolate.

/** A picture's size in patches, multiples of the merge size. */
export interface PatchGrid {
  readonly rows: number;
  readonly columns: number;
}

/** Rows of all pictures in the order of computation. */
export interface TowerLayout {
  /** Patch rows M. */
  readonly count: number;
  /** [M / merge²]: the image token, in picture order, at each place of the computation. */
  readonly tokenOrder: Int32Array<ArrayBuffer>;
  /** [M, 2] row and column of each patch in its picture. */
  readonly positions: Int32Array<ArrayBuffer>;
  /** Rows or columns of the largest picture. */
  readonly largestSide: number;
  /** Patches per segment. */
  readonly pictures: readonly number[];
  readonly windows: readonly number[];
}

/** Lays out pictures; `windowSide` is the side of a window in image tokens, absent where every block sees the whole picture. */
export function towerLayout(grids: readonly PatchGrid[], merge: number, windowSide?: number): TowerLayout {
  const pictures = grids.map(({ rows, columns }) => rows * columns);
  const count = pictures.reduce((a, b) => a + b, 0);
  const tokenOrder = new Int32Array(count / merge ** 2);
  const positions = new Int32Array(count * 2);
  const windows: number[] = [];
  let token = 0;
  let patch = 0;
  for (const { rows, columns } of grids) {
    const [height, width] = [rows / merge, columns / merge];
    const side = windowSide ?? Math.max(height, width);
    const first = token;
    for (let top = 0; top < height; top += side) {
      for (let left = 0; left < width; left += side) {
        const start = patch;
        for (let y = top; y < Math.min(top + side, height); y++) {
          for (let x = left; x < Math.min(left + side, width); x++) {
            tokenOrder[token++] = first + y * width + x;
            for (let inside = 0; inside < merge ** 2; inside++, patch++) {
              positions[patch * 2] = y * merge + Math.floor(inside / merge);
              positions[patch * 2 + 1] = x * merge + (inside % merge);
            }
          }
        }
        windows.push(patch - start);
      }
    }
  }
  const largestSide = Math.max(0, ...grids.flatMap(({ rows, columns }) => [rows, columns]));
  return { count, tokenOrder, positions, largestSide, pictures, windows };
}

/** Four rows of a position table and their weights, per patch row. */
export interface TableCorners {
  /** Four times [M]. */
  readonly rows: readonly Int32Array<ArrayBuffer>[];
  readonly weights: readonly Float32Array<ArrayBuffer>[];
}

/**
 * Bilinear interpolation of a position table of side² rows to each picture's grid, corners on corners: patch row m has
 * position Σ_c weights[c][m] · table[rows[c][m]].
 */
export function tableCorners(layout: TowerLayout, grids: readonly PatchGrid[], side: number): TableCorners {
  const rows = Array.from({ length: 4 }, () => new Int32Array(layout.count));
  const weights = Array.from({ length: 4 }, () => new Float32Array(layout.count));
  let patch = 0;
  for (const grid of grids) {
    const end = patch + grid.rows * grid.columns;
    for (; patch < end; patch++) {
      const y = along(layout.positions[patch * 2] as number, grid.rows, side);
      const x = along(layout.positions[patch * 2 + 1] as number, grid.columns, side);
      for (let corner = 0; corner < 4; corner++) {
        const [v, u] = [corner >> 1, corner & 1];
        (rows[corner] as Int32Array)[patch] = (v ? y.high : y.low) * side + (u ? x.high : x.low);
        (weights[corner] as Float32Array)[patch] = (v ? y.part : 1 - y.part) * (u ? x.part : 1 - x.part);
      }
    }
  }
  return { rows, weights };
}

/** Where index i of `count` lies on an axis of `side` table entries: between `low` and `high`, `part` of the way. */
function along(
  index: number,
  count: number,
  side: number,
): { readonly low: number; readonly high: number; readonly part: number } {
  const at = (index * (side - 1)) / Math.max(count - 1, 1);
  const low = Math.floor(at);
  return { low, high: Math.min(low + 1, side - 1), part: at - low };
}
