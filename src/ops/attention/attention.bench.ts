// Causal attention with SmolVLM-256M's heads: one sequence at once and one decoding step of 16 rows, our kernels against stock
// operations that hold all scores, on the same device.

import { add, matMul, mul, reshape, softmax, type Tensor, tensor2d, tile, transpose } from "@tensorflow/tfjs-core";
import { bench, describe } from "vitest";
import { createGpu } from "@/gpu/device";
import { benchOptions, finish } from "../test/benchFixture";
import { seededTensor } from "../test/gpuFixture";
import { attention } from "./attention";

await createGpu();
const [heads, keyHeads, dim] = [9, 3, 64];

describe("256 causal rows", () => {
  const rows = 256;
  const [q, k, v] = [
    seededTensor([rows, heads, dim], 1),
    seededTensor([rows, keyHeads, dim], 2),
    seededTensor([rows, keyHeads, dim], 3),
  ];
  const meta = tensor2d(
    Int32Array.from({ length: rows * 4 }, (_, i) => (i % 4 === 3 ? (i >> 2) + 1 : 0)),
    [rows, 4],
    "int32",
  );
  const mask = tensor2d(
    Float32Array.from({ length: rows * rows }, (_, i) => (i % rows > Math.floor(i / rows) ? -1e9 : 0)),
    [rows, rows],
  );
  bench("attention", () => finish(() => attention(q, k, v, { rows: meta })), benchOptions);
  bench("stock attention", () => finish(() => stockAttention(q, k, v, mask)), benchOptions);
});

describe("16 decoding rows over 256 keys each", () => {
  const [rows, length] = [16, 256];
  const q = seededTensor([rows, heads, dim], 4);
  const [k, v] = [seededTensor([rows * length, keyHeads, dim], 5), seededTensor([rows * length, keyHeads, dim], 6)];
  const meta = tensor2d(
    Int32Array.from({ length: rows * 4 }, (_, i) => [0, 0, (i >> 2) * length, length][i % 4] as number),
    [rows, 4],
    "int32",
  );
  bench("attention", () => finish(() => attention(q, k, v, { rows: meta })), benchOptions);
});

function stockAttention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor): Tensor {
  const rows = q.shape[0] as number;
  const shared = heads / keyHeads;
  const perHead = (x: Tensor) =>
    reshape(tile(reshape(transpose(x, [1, 0, 2]), [keyHeads, 1, rows, dim]), [1, shared, 1, 1]), [heads, rows, dim]);
  const scores = add(mul(matMul(transpose(q, [1, 0, 2]), perHead(k), false, true), dim ** -0.5), mask);
  return transpose(matMul(softmax(scores), perHead(v)), [1, 0, 2]);
}
