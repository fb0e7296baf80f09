// Attention in stock operations, for the wasm and cpu backends and as an oracle. Consecutive query rows that look at the
// same keys form a group; all heads of a group are one 2-D product with a block-diagonal matrix, because wasm's 2-D product
// (XNNPACK) is ten times faster than its batched one. Groups are cut out by hand: stock slices copy their whole input.

import {
  add,
  log,
  matMul,
  max,
  mul,
  reshape,
  softmax,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  tensor,
  tidy,
  transpose,
} from "@tensorflow/tfjs-core";
import { floatsOf, intsOf } from "./hostValues";

type Inputs = Readonly<Record<string, Tensor>>;

interface Group {
  readonly firstRow: number;
  readonly rowCount: number;
  /** Physical key row of each logical key, up to the largest key count in the group. */
  readonly keys: Int32Array;
  /** Keys each row sees. */
  readonly counts: Int32Array;
}

interface Heads {
  /** Query heads, key heads and the width of one. */
  readonly query: number;
  readonly key: number;
  readonly width: number;
}

/** Added to the score of a key a row may not see. */
const hidden = -1e9;

/** Cuts the query rows into runs with equal (prefixStart, prefixLength, segmentStart); rows without keys are left out. */
function groupsOf(rows: Int32Array): Group[] {
  const at = (row: number, field: number) => rows[row * 4 + field] as number;
  const rowCount = rows.length / 4;
  const groups: Group[] = [];
  for (let first = 0, end = 0; first < rowCount; first = end) {
    end = first + 1;
    if (at(first, 3) === 0) continue;
    while (end < rowCount && at(end, 3) > 0 && [0, 1, 2].every((field) => at(end, field) === at(first, field))) end++;
    const counts = Int32Array.from({ length: end - first }, (_, index) => at(first + index, 3));
    const [prefixStart, prefixLength, segmentStart] = [at(first, 0), at(first, 1), at(first, 2)];
    const physical = (j: number) => (j < prefixLength ? prefixStart + j : segmentStart + j - prefixLength);
    const keys = Int32Array.from({ length: Math.max(...counts) }, (_, j) => physical(j));
    groups.push({ firstRow: first, rowCount: end - first, keys, counts });
  }
  return groups;
}

/** Block-diagonal [H·hd, H·K] with `scale` times the rows as columns: x · this gives every head's products, [rows, H, K]. */
function blockColumns(source: Tensor, keys: Int32Array, { query, key, width }: Heads, scale = 1): Tensor2D {
  const values = floatsOf(source);
  const columns = query * keys.length;
  const out = new Float32Array(query * width * columns);
  keys.forEach((row, j) => {
    for (let head = 0; head < query; head++) {
      const from = (row * key + Math.floor((head * key) / query)) * width;
      const to = head * width * columns + head * keys.length + j;
      for (let d = 0; d < width; d++) out[to + d * columns] = scale * (values[from + d] as number);
    }
  });
  return tensor(out, [query * width, columns]) as Tensor2D;
}

/** Block-diagonal [H·K, H·hd] with the rows as rows: weights [rows, H·K] · this gives [rows, H, hd]. */
function blockRows(source: Tensor, keys: Int32Array, { query, key, width }: Heads, scale = 1): Tensor2D {
  const values = floatsOf(source);
  const columns = query * width;
  const out = new Float32Array(query * keys.length * columns);
  keys.forEach((row, j) => {
    for (let head = 0; head < query; head++) {
      const from = (row * key + Math.floor((head * key) / query)) * width;
      const to = (head * keys.length + j) * columns + head * width;
      for (let d = 0; d < width; d++) out[to + d] = scale * (values[from + d] as number);
    }
  });
  return tensor(out, [query * keys.length, columns]) as Tensor2D;
}

/** Adds the diagonal blocks of [H·K, H·hd] to the rows they came from; query heads of one key head add up. */
function addBlocks(blocks: Tensor, keys: Int32Array, { query, key, width }: Heads, target: Float32Array): void {
  const values = floatsOf(blocks);
  const columns = query * width;
  for (let head = 0; head < query; head++) {
    keys.forEach((row, j) => {
      const from = (head * keys.length + j) * columns + head * width;
      const to = (row * key + Math.floor((head * key) / query)) * width;
      for (let d = 0; d < width; d++) target[to + d] = (target[to + d] as number) + (values[from + d] as number);
    });
  }
}

function rowsOf(source: Tensor, { firstRow, rowCount }: Group, columns: number): Tensor2D {
  const values = floatsOf(source).slice(firstRow * columns, (firstRow + rowCount) * columns);
  return tensor(values, [rowCount, columns]) as Tensor2D;
}

/** Scaled and masked scores [rows·H, K] of a group. */
function scoresOf(q: Tensor, k: Tensor, group: Group, heads: Heads): Tensor2D {
  const { rowCount, keys, counts } = group;
  const columns = blockColumns(k, keys, heads, heads.width ** -0.5);
  const scores = matMul(rowsOf(q, group, heads.query * heads.width), columns);
  const flat: [number, number] = [rowCount * heads.query, keys.length];
  if (counts.every((count) => count === keys.length)) return reshape(scores, flat) as Tensor2D;
  const mask = new Float32Array(rowCount * keys.length);
  counts.forEach((count, row) => {
    mask.fill(hidden, row * keys.length + count, (row + 1) * keys.length);
  });
  const masked = add(reshape(scores, [rowCount, heads.query, keys.length]), tensor(mask, [rowCount, 1, keys.length]));
  return reshape(masked, flat) as Tensor2D;
}

function headsOf(q: Tensor, k: Tensor): Heads {
  const [, query, width] = q.shape as [number, number, number];
  return { query, key: k.shape[1] as number, width };
}

/** Output [M, H, hd] and log-sum-exp of the scores [M, H] (0 for rows without keys). */
export function attentionReference(inputs: Inputs): Tensor[] {
  const { q, k, v, rows } = inputs as { q: Tensor; k: Tensor; v: Tensor; rows: Tensor };
  const heads = headsOf(q, k);
  const columns = heads.query * heads.width;
  const out = new Float32Array(q.size);
  const lse = new Float32Array((q.shape[0] as number) * heads.query);
  for (const group of groupsOf(intsOf(rows).slice())) {
    tidy(() => {
      const { firstRow, rowCount, keys } = group;
      const scores = scoresOf(q, k, group, heads);
      const weights = softmax(scores);
      // exp(max − lse) is the largest weight, so no second exponential is needed.
      const logSum = sub(max(scores, 1), log(max(weights, 1)));
      lse.set(floatsOf(logSum), firstRow * heads.query);
      const result = matMul(reshape(weights, [rowCount, heads.query * keys.length]) as Tensor2D, blockRows(v, keys, heads));
      out.set(floatsOf(result), firstRow * columns);
    });
  }
  return [tensor(out, [...q.shape]), tensor(lse, [q.shape[0] as number, heads.query])];
}

/** Gradients [dq, dk, dv] for the cotangent dy [M, H, hd]; keys nobody sees get 0. */
export function attentionGradientReference(inputs: Inputs): Tensor[] {
  const { q, k, v, dy, rows } = inputs as { q: Tensor; k: Tensor; v: Tensor; dy: Tensor; rows: Tensor };
  const heads = headsOf(q, k);
  const columns = heads.query * heads.width;
  const scale = heads.width ** -0.5;
  const [dq, dk, dv] = [new Float32Array(q.size), new Float32Array(k.size), new Float32Array(v.size)];
  for (const group of groupsOf(intsOf(rows).slice())) {
    tidy(() => {
      const { firstRow, rowCount, keys } = group;
      const wide: [number, number] = [rowCount, heads.query * keys.length];
      const weights = softmax(scoresOf(q, k, group, heads));
      const rowsOfDy = rowsOf(dy, group, columns);
      addBlocks(matMul(transpose(reshape(weights, wide)) as Tensor2D, rowsOfDy), keys, heads, dv);
      const dWeights = reshape(matMul(rowsOfDy, blockColumns(v, keys, heads)), weights.shape);
      const product = mul(weights, dWeights);
      const dScores = reshape(sub(product, mul(weights, sum(product, 1, true))), wide) as Tensor2D;
      dq.set(floatsOf(matMul(dScores, blockRows(k, keys, heads, scale))), firstRow * columns);
      const scaledQ = mul(rowsOf(q, group, columns), scale) as Tensor2D;
      addBlocks(matMul(transpose(dScores), scaledQ), keys, heads, dk);
    });
  }
  return [tensor(dq, q.shape), tensor(dk, k.shape), tensor(dv, v.shape)];
}
