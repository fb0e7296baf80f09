// Orders of rows.

/** Inverse of a permutation: result[order[i]] = i. */
export function invertPermutation(order: Int32Array): Int32Array {
  const inverse = new Int32Array(order.length);
  order.forEach((from, to) => {
    inverse[from] = to;
  });
  return inverse;
}
