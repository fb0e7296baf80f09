// The tests of attention that every backend must pass: values and gradients against float64 loops. Test code only.

import { grads, type Tensor, type Tensor3D, tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { finiteDifferences, maxDifference, maxMagnitude, seededValues } from "../test/gpuFixture";
import { attention } from "./attention";
import { kvWrite } from "./kvWrite";

/** A case: query heads, key heads, head width, key rows, and the meta of each query row. */
export interface AttentionCase {
  readonly heads: number;
  readonly keyHeads: number;
  readonly width: number;
  readonly keyRows: number;
  readonly rows: readonly (readonly [prefixStart: number, prefixLength: number, segmentStart: number, keyCount: number])[];
}

const causal = (start: number, length: number) => Array.from({ length }, (_, i) => [0, 0, start, i + 1] as const);
const full = (start: number, length: number) => Array.from({ length }, () => [0, 0, start, length] as const);

/** Every use the engine makes of attention, in small. */
export const attentionCases: Readonly<Record<string, AttentionCase>> = {
  "one row that sees one key": { heads: 1, keyHeads: 1, width: 8, keyRows: 1, rows: [[0, 0, 0, 1]] },
  "a causal sequence with grouped queries": { heads: 4, keyHeads: 2, width: 16, keyRows: 17, rows: causal(0, 17) },
  "packed causal sequences": {
    heads: 3,
    keyHeads: 1,
    width: 8,
    keyRows: 25,
    rows: [...causal(0, 3), ...causal(3, 21), ...causal(24, 1)],
  },
  "full attention of two images": { heads: 2, keyHeads: 2, width: 24, keyRows: 18, rows: [...full(0, 9), ...full(9, 9)] },
  "sequences that share a prefix": {
    heads: 2,
    keyHeads: 1,
    width: 8,
    keyRows: 40,
    rows: [
      ...causal(2, 5),
      ...Array.from({ length: 3 }, (_, i) => [2, 5, 7, 6 + i] as const),
      ...Array.from({ length: 4 }, (_, i) => [2, 5, 20, 6 + i] as const),
    ],
  },
  "Qwen2.5-VL 3B's heads": { heads: 16, keyHeads: 2, width: 128, keyRows: 9, rows: [...causal(0, 5), ...causal(5, 4)] },
  "Qwen2.5-VL 7B's heads": { heads: 28, keyHeads: 4, width: 128, keyRows: 6, rows: causal(0, 6) },
  "windows of several sizes, heads of 80": {
    heads: 1,
    keyHeads: 1,
    width: 80,
    keyRows: 112,
    rows: [...full(0, 64), ...full(64, 32), ...full(96, 16)],
  },
  "windows of several sizes, heads of 72": {
    heads: 2,
    keyHeads: 2,
    width: 72,
    keyRows: 52,
    rows: [...full(0, 4), ...full(4, 32), ...full(36, 16)],
  },
  "many windows, heads of 16": {
    heads: 16,
    keyHeads: 16,
    width: 16,
    keyRows: 60,
    rows: [16, 4, 12, 16, 8, 4].flatMap((length, i, all) =>
      full(
        all.slice(0, i).reduce((a, b) => a + b, 0),
        length,
      ),
    ),
  },
  "decoding over a cache, with an empty row": {
    heads: 4,
    keyHeads: 4,
    width: 8,
    keyRows: 90,
    rows: [
      [0, 4, 10, 37],
      [0, 4, 50, 33],
      [0, 0, 0, 0],
      [0, 3, 50, 2],
    ],
  },
};

function physical(meta: AttentionCase["rows"][number], j: number): number {
  return j < meta[1] ? meta[0] + j : meta[2] + j - meta[1];
}

/** Attention in float64. */
export function attentionInFloat64(
  { heads, keyHeads, width, rows }: AttentionCase,
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  v: ArrayLike<number>,
): Float64Array {
  const out = new Float64Array(rows.length * heads * width);
  rows.forEach((meta, row) => {
    for (let head = 0; head < heads; head++) {
      const keyHead = Math.floor((head * keyHeads) / heads);
      const at = (row * heads + head) * width;
      const bases = Array.from({ length: meta[3] }, (_, j) => (physical(meta, j) * keyHeads + keyHead) * width);
      const scores = bases.map((base) => {
        let sum = 0;
        for (let d = 0; d < width; d++) sum += (q[at + d] as number) * (k[base + d] as number);
        return sum / Math.sqrt(width);
      });
      const largest = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - largest));
      const total = weights.reduce((a, b) => a + b, 0);
      bases.forEach((base, j) => {
        for (let d = 0; d < width; d++)
          out[at + d] = (out[at + d] as number) + ((weights[j] as number) / total) * (v[base + d] as number);
      });
    }
  });
  return out;
}

/** int32 [S, 2]: the range of query rows that see each key. */
export function keyRanges({ keyRows, rows }: AttentionCase): Int32Array {
  const ranges = new Int32Array(keyRows * 2);
  for (let key = 0; key < keyRows; key++) {
    const seeing = rows.flatMap((meta, row) =>
      Array.from({ length: meta[3] }, (_, j) => physical(meta, j)).includes(key) ? [row] : [],
    );
    ranges.set(seeing.length === 0 ? [0, 0] : [Math.min(...seeing), Math.max(...seeing) + 1], key * 2);
  }
  return ranges;
}

/** Seeded q, k, v of a case as arrays and tensors. */
export function attentionInputs(shape: AttentionCase, seed: number) {
  const { heads, keyHeads, width, keyRows, rows } = shape;
  const values = {
    q: seededValues(rows.length * heads * width, seed),
    k: seededValues(keyRows * keyHeads * width, seed + 1),
    v: seededValues(keyRows * keyHeads * width, seed + 2),
  };
  return {
    values,
    q: tensor(values.q, [rows.length, heads, width]) as Tensor3D,
    k: tensor(values.k, [keyRows, keyHeads, width]),
    v: tensor(values.v, [keyRows, keyHeads, width]),
    meta: {
      rows: tensor(Int32Array.from(rows.flat()), [rows.length, 4], "int32"),
      keys: tensor(keyRanges(shape), [keyRows, 2], "int32"),
    },
  };
}

/** Declares the tests; the backend must be current when they run. */
export function describeAttention(): void {
  describe("attention", () => {
    it.each(Object.keys(attentionCases))("agrees with float64 loops: %s", async (name) => {
      const shape = attentionCases[name] as AttentionCase;
      const { values, q, k, v, meta } = attentionInputs(shape, 1);
      const expected = attentionInFloat64(shape, values.q, values.k, values.v);
      const inferred = await attention(q, k, v, { rows: meta.rows }).data();
      expect(maxDifference(inferred, expected)).toBeLessThan(2e-6 * Math.max(1, maxMagnitude(expected)));
      expect(await attention(q, k, v, meta).data()).toEqual(inferred);
    });

    it.each(Object.keys(attentionCases))("has the gradients finite differences give: %s", async (name) => {
      const shape = attentionCases[name] as AttentionCase;
      const { values, q, k, v, meta } = attentionInputs(shape, 5);
      const weights = seededValues(values.q.length, 9);
      const dy = tensor(weights, q.shape);
      const loss = (at: Record<"q" | "k" | "v", ArrayLike<number>>) =>
        attentionInFloat64(shape, at.q, at.k, at.v).reduce((sum, value, index) => sum + value * (weights[index] as number), 0);
      const derivatives = grads((...inputs: Tensor[]) =>
        attention(inputs[0] as Tensor, inputs[1] as Tensor, inputs[2] as Tensor, meta),
      )([q, k, v], dy);
      for (const [index, input] of (["q", "k", "v"] as const).entries()) {
        // Every element would take a forward pass each; a stride prime to all shapes visits rows, heads and columns alike.
        const picked = Array.from({ length: Math.min(48, values[input].length) }, (_, i) => (i * 101) % values[input].length);
        const replaced = (at: Float64Array) => {
          const copy = Float64Array.from(values[input]);
          picked.forEach((place, i) => {
            copy[place] = at[i] as number;
          });
          return copy;
        };
        const at = picked.map((place) => values[input][place] as number);
        const expected = finiteDifferences((moved) => loss({ ...values, [input]: replaced(moved) }), at);
        const derivative = await (derivatives[index] as Tensor).data();
        const actual = picked.map((place) => derivative[place] as number);
        expect(maxDifference(actual, expected)).toBeLessThan(5e-6 * Math.max(1, maxMagnitude(expected)));
      }
    });

    it("writes rows into a cache in place and skips slots outside it", async () => {
      const cache = tensor(new Float32Array(5 * 2 * 8).fill(-1), [5, 2, 8]);
      const fresh = seededValues(3 * 2 * 8, 3);
      kvWrite(cache, tensor(fresh, [3, 2, 8]), tensor([4, -1, 1], [3], "int32"));
      const expected = new Float32Array(5 * 2 * 8).fill(-1);
      expected.set(fresh.subarray(0, 16), 4 * 16);
      expected.set(fresh.subarray(32, 48), 16);
      expect(await cache.data()).toEqual(expected);
    });

    it("refuses shapes that do not fit", () => {
      const { q, k, v, meta } = attentionInputs(attentionCases["packed causal sequences"] as AttentionCase, 1);
      expect(() => attention(q, k, q, meta)).toThrow(/do not fit/);
      expect(() => attention(q, k, v, { rows: meta.keys })).toThrow(/rows must be int32/);
      expect(() => kvWrite(k, v, meta.rows)).toThrow(/do not fit/);
    });
  });
}
