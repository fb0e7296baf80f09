// Attention meta of rows that attend within their own segment (vision: a frame, a picture or a window). Host side; ops/attention
// explains the columns.

/** Rows and keys of full attention inside consecutive segments of these lengths. */
export function segmentMeta(lengths: readonly number[]): { readonly rows: Int32Array; readonly keys: Int32Array } {
  const count = lengths.reduce((a, b) => a + b, 0);
  const rows = new Int32Array(count * 4);
  const keys = new Int32Array(count * 2);
  let start = 0;
  for (const length of lengths) {
    for (let row = start; row < start + length; row++) {
      rows.set([0, 0, start, length], row * 4);
      keys.set([start, start + length], row * 2);
    }
    start += length;
  }
  return { rows, keys };
}
