// Attention for the wasm and cpu backends, and an oracle. Consecutive query rows that look at the same keys form a group; per
// key head its query rows and keys are cut out by hand and multiplied by the stock 2-D product, XNNPACK on wasm (its batched
// product is ten times slower and its slices copy their whole input). The rest touches visible keys only, in plain loops.

import { dispose, matMul, type Tensor, type Tensor2D, tensor } from "@tensorflow/tfjs-core";
import { floatsOf, intsOf } from "./hostValues";

type Inputs<K extends string> = Readonly<Record<K, Tensor>>;

interface Group {
  /** The query rows: as many as `counts` has entries. */
  readonly firstRow: number;
  /** Physical key row of each logical key, up to the largest key count in the group. */
  readonly keys: Int32Array;
  /** Keys each row sees. */
  readonly counts: Int32Array;
}

/** Below this many multiplications a loop beats the product's overhead; decoding stays below. */
const smallProduct = 20_000;

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
    groups.push({ firstRow: first, keys: Int32Array.from({ length: Math.max(...counts) }, (_, j) => physical(j)), counts });
  }
  return groups;
}

/** a [m, k] · b [k, n] */
function product(a: Float32Array, b: Float32Array, m: number, k: number, n: number): Float32Array {
  if (m * k * n > smallProduct) {
    // Not `tidy`: it would walk through every element of the returned array.
    const tensors = [tensor(a, [m, k]) as Tensor2D, tensor(b, [k, n]) as Tensor2D] as const;
    const result = matMul(...tensors);
    const values = floatsOf(result).slice();
    dispose([...tensors, result]);
    return values;
  }
  const out = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const factor = a[i * k + p] as number;
      for (let j = 0; j < n; j++) out[i * n + j] = (out[i * n + j] as number) + factor * (b[p * n + j] as number);
    }
  }
  return out;
}

/** What one key head of a group works on. Items are (query head of the key head, row): item = share · rows + row. */
class HeadGroup {
  readonly items: number;
  readonly length: number;

  constructor(
    readonly group: Group,
    private readonly keyHead: number,
    private readonly shape: { readonly heads: number; readonly keyHeads: number; readonly width: number },
  ) {
    this.items = (shape.heads / shape.keyHeads) * group.counts.length;
    this.length = group.keys.length;
  }

  get width(): number {
    return this.shape.width;
  }

  /** Keys that an item sees. */
  visible(item: number): number {
    return this.group.counts[item % this.group.counts.length] as number;
  }

  /** Index of an item's (row, head) among [M, H]. */
  place(item: number): number {
    const { counts, firstRow } = this.group;
    const head = (this.keyHead * this.shape.heads) / this.shape.keyHeads + Math.floor(item / counts.length);
    return (firstRow + (item % counts.length)) * this.shape.heads + head;
  }

  /** Where logical key j starts in k and v. */
  #keyStart(j: number): number {
    return ((this.group.keys[j] as number) * this.shape.keyHeads + this.keyHead) * this.shape.width;
  }

  /** Rows of the items, [items, width]. */
  queryRows(source: Float32Array, scale = 1): Float32Array {
    const out = new Float32Array(this.items * this.width);
    for (let item = 0; item < this.items; item++) {
      const start = this.place(item) * this.width;
      for (let d = 0; d < this.width; d++) out[item * this.width + d] = scale * (source[start + d] as number);
    }
    return out;
  }

  /** Rows of the keys, [length, width]. */
  keyRows(source: Float32Array): Float32Array {
    const out = new Float32Array(this.length * this.width);
    for (let j = 0; j < this.length; j++) {
      const start = this.#keyStart(j);
      out.set(source.subarray(start, start + this.width), j * this.width);
    }
    return out;
  }

  writeQueryRows(values: Float32Array, target: Float32Array, scale = 1): void {
    for (let item = 0; item < this.items; item++) {
      const start = this.place(item) * this.width;
      for (let d = 0; d < this.width; d++) target[start + d] = scale * (values[item * this.width + d] as number);
    }
  }

  /** Adds [width, length] to the keys' rows: groups may share a prefix. */
  addKeyColumns(values: Float32Array, target: Float32Array): void {
    for (let j = 0; j < this.length; j++) {
      const start = this.#keyStart(j);
      for (let d = 0; d < this.width; d++)
        target[start + d] = (target[start + d] as number) + (values[d * this.length + j] as number);
    }
  }
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = values[row * columns + column] as number;
  return out;
}

/** Calls `work` for every group and key head. */
function forEachHeadGroup({ q, k, rows }: Inputs<"q" | "k" | "rows">, work: (headGroup: HeadGroup) => void): void {
  const [, heads, width] = q.shape as [number, number, number];
  const keyHeads = k.shape[1] as number;
  for (const group of groupsOf(intsOf(rows).slice()))
    for (let keyHead = 0; keyHead < keyHeads; keyHead++) work(new HeadGroup(group, keyHead, { heads, keyHeads, width }));
}

/** Scaled scores [items, length]. */
function scoresOf(headGroup: HeadGroup, q: Tensor, k: Tensor): Float32Array {
  const { items, length, width } = headGroup;
  const queries = headGroup.queryRows(floatsOf(q), width ** -0.5);
  return product(queries, transposed(headGroup.keyRows(floatsOf(k)), length, width), items, width, length);
}

/** Output [M, H, hd] and log-sum-exp of the scores [M, H] (0 for rows without keys). */
export function attentionReference(inputs: Readonly<Record<string, Tensor>>): Tensor[] {
  const { q, k, v, rows } = inputs as Inputs<"q" | "k" | "v" | "rows">;
  const [m, heads] = q.shape as [number, number, number];
  const [out, lse] = [new Float32Array(q.size), new Float32Array(m * heads)];
  forEachHeadGroup({ q, k, rows }, (headGroup) => {
    const { items, length, width } = headGroup;
    const weights = scoresOf(headGroup, q, k);
    for (let item = 0; item < items; item++) {
      const row = weights.subarray(item * length, (item + 1) * length);
      const count = headGroup.visible(item);
      let largest = Number.NEGATIVE_INFINITY;
      for (let j = 0; j < count; j++) if ((row[j] as number) > largest) largest = row[j] as number;
      let total = 0;
      for (let j = 0; j < count; j++) {
        const weight = Math.exp((row[j] as number) - largest);
        row[j] = weight;
        total += weight;
      }
      for (let j = 0; j < count; j++) row[j] = (row[j] as number) / total;
      row.fill(0, count);
      lse[headGroup.place(item)] = largest + Math.log(total);
    }
    headGroup.writeQueryRows(product(weights, headGroup.keyRows(floatsOf(v)), items, length, width), out);
  });
  return [tensor(out, [...q.shape]), tensor(lse, [m, heads])];
}

/** Gradients [dq, dk, dv] for the cotangent dy [M, H, hd] of `output`; keys nobody sees get 0. */
export function attentionGradientReference(inputs: Readonly<Record<string, Tensor>>): Tensor[] {
  const { q, k, v, dy, output, lse, rows } = inputs as Inputs<"q" | "k" | "v" | "dy" | "output" | "lse" | "rows">;
  const [dq, dk, dv] = [new Float32Array(q.size), new Float32Array(k.size), new Float32Array(v.size)];
  forEachHeadGroup({ q, k, rows }, (headGroup) => {
    const { items, length, width } = headGroup;
    const scale = width ** -0.5;
    const cotangents = headGroup.queryRows(floatsOf(dy));
    const outputs = headGroup.queryRows(floatsOf(output));
    const values = transposed(headGroup.keyRows(floatsOf(v)), length, width);
    const weights = scoresOf(headGroup, q, k);
    const dscores = product(cotangents, values, items, width, length);
    const logSums = floatsOf(lse);
    for (let item = 0; item < items; item++) {
      const count = headGroup.visible(item);
      const logSum = logSums[headGroup.place(item)] as number;
      let delta = 0;
      for (let at = item * width; at < (item + 1) * width; at++) delta += (cotangents[at] as number) * (outputs[at] as number);
      for (let at = item * length; at < item * length + count; at++) {
        const weight = Math.exp((weights[at] as number) - logSum);
        weights[at] = weight;
        dscores[at] = weight * ((dscores[at] as number) - delta);
      }
      weights.fill(0, item * length + count, (item + 1) * length);
      dscores.fill(0, item * length + count, (item + 1) * length);
    }
    headGroup.addKeyColumns(product(transposed(cotangents, items, width), weights, width, items, length), dv);
    const queries = transposed(headGroup.queryRows(floatsOf(q), scale), items, width);
    headGroup.addKeyColumns(product(queries, dscores, width, items, length), dk);
    headGroup.writeQueryRows(product(dscores, headGroup.keyRows(floatsOf(k)), items, length, width), dq, scale);
  });
  return [tensor(dq, [...q.shape]), tensor(dk, [...k.shape]), tensor(dv, [...v.shape])];
}
