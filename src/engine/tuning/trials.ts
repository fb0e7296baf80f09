// What `tune` tries: a row per choice of `ops/variants.ts`, with calls of the sizes between which its candidates decide. Values are
// zeros, which take as long as others. Not tried: formats other than the text's, and shapes of one certain model.

import { keep, type Tensor, type Tensor2D, tensor2d } from "@tensorflow/tfjs-core";
import { deviceZeros } from "@/gpu/deviceTensor";
import { attentionWithLse } from "@/ops/attention/attention";
import { splitOf } from "@/ops/attention/splitKeys";
import { projection } from "@/ops/decoder/block";
import type { Matrix, MatrixFormat } from "@/ops/matrix";
import { matrixOnThisBackend } from "@/ops/matrixWriter";
import type { Trial } from "./tune";

const mebibyte = 1024 * 1024;
const heads = { query: 8, keyValue: 2, dim: 64 } as const;
const rank = 8;

/** Adds up what calls need. */
class Kit {
  readonly tensors: Tensor[] = [];

  constructor(private readonly format: MatrixFormat) {}

  zeros<T extends Tensor = Tensor>(...shape: T["shape"]): T {
    const tensor = keep(deviceZeros(shape, "work"));
    this.tensors.push(tensor);
    return tensor as T;
  }

  matrix(rows: number, columns: number): Matrix {
    const matrix = matrixOnThisBackend(new Float32Array(rows * columns), rows, columns, this.format, 32);
    for (const { data, scales } of matrix.parts) this.tensors.push(data, ...(scales ? [scales] : []));
    return matrix;
  }
}

/**
 * The trials for weights of this format, in the order they are decided.
 * @param width Width of hidden rows; what the adapter is tuned with, less in tests.
 */
export function trialsFor(format: MatrixFormat, width = 1024): readonly Trial[] {
  const trial = (
    variant: Trial["variant"],
    candidates: readonly number[],
    callsOf: (kit: Kit) => readonly (() => void)[],
  ): Trial => ({
    variant,
    candidates,
    prepare: () => {
      const kit = new Kit(format);
      return { calls: callsOf(kit), tensors: kit.tensors };
    },
  });
  return [
    trial("fewRows", [1, 2, 4, 8, 16], (kit) => products(kit, kit.matrix(2 * width, width), [2, 4, 8, 16])),
    trial("largeTiles", [32, 128, 512], (kit) => products(kit, kit.matrix(2 * width, width / 2), [64, 256, 512])),
    trial("stagedWidth", [0, 512], (kit) => {
      const [x, weight, w] = [kit.zeros(1, width), kit.zeros(width), kit.matrix(2 * width, width)];
      return [() => projection(x, w, { norm: { weight, epsilon: 1 } })];
    }),
    trial("insideBytes", [0, 2 * mebibyte, 8 * mebibyte, 32 * mebibyte], (kit) =>
      [width, 8 * width].map((rows) => {
        const [x, w] = [kit.zeros(1, width), kit.matrix(rows, width)];
        const lora = { a: kit.zeros<Tensor2D>(rank, width), b: kit.zeros<Tensor2D>(rows, rank), scaling: 1 };
        return () => projection(x, w, { lora });
      }),
    ),
    trial("manyPairs", [128, 512, 2048], (kit) => [16, 64, 256].map((rows) => attend(kit, rows, 256))),
    trial("longKeys", [512, 1024, 2048, 4096], (kit) => [512, 1024, 2048, 4096].map((keys) => attend(kit, 1, keys))),
  ];
}

const products = (kit: Kit, w: Matrix, rowCounts: readonly number[]) =>
  rowCounts.map((rows) => {
    const x = kit.zeros(rows, w.columns);
    return () => projection(x, w);
  });

/** Attention of so many rows that all see the same keys, split where a decoding step would be. */
function attend(kit: Kit, rows: number, keys: number): () => void {
  const { query, keyValue, dim } = heads;
  const [q, k, v] = [kit.zeros(rows, query, dim), kit.zeros(keys, keyValue, dim), kit.zeros(keys, keyValue, dim)];
  const ranges = keep(
    tensor2d(
      Array.from({ length: rows }, () => [0, 0, 0, keys]),
      [rows, 4],
      "int32",
    ),
  );
  kit.tensors.push(ranges);
  const shape = { pairs: rows * query, width: dim, mostKeys: keys };
  return () => {
    attentionWithLse({ q, k, v, rows: ranges }, { split: splitOf(shape) });
  };
}
