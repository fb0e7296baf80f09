// Products with a weight matrix W [N, K], f32 or packed, in one part or several: x·Wᵀ with an epilogue (scale, bias, residual), its transposed
// product dy·W, and the sums over rows that are the gradients of W and of the bias. Every variant of x·Wᵀ adds in one order
// (see product.wgsl), so a row's result depends on nothing but that row and W. Unlike an nn layer it knows no LoRA.

import { clone, type Tensor, type Tensor2D, type TensorInfo } from "@tensorflow/tfjs-core";
import { type Dispatcher, f32, spread } from "@/gpu/dispatcher";
import { defineOp, type OpInfos } from "../defineOp";
import { f32Matrix, type Matrix, trainableData } from "../matrix";
import {
  chunkRows,
  columnSumKernel,
  sumChunksKernel,
  tileCount,
  tileSide,
  transposedKernel,
  weightGradientKernel,
} from "./kernels";
import { denseWeight, partsInRange, type RowRange, runProduct } from "./product";
import { columnSumReference, linearReference, linearTransposedReference, weightGradientReference } from "./reference";

/** A frozen W (packed, or f32 in parts) is an attribute; one f32 tensor is the input `data`, which can have a gradient. */
type ProductAttributes = {
  readonly weight?: Matrix;
  readonly scale: number;
  /** Only these rows of W are there; such a product has no gradient. */
  readonly range?: RowRange | undefined;
};

export interface LinearOptions {
  /** [N] */
  readonly bias?: Tensor | undefined;
  /** [M, N], added last. */
  readonly residual?: Tensor | undefined;
  /** Multiplies x·Wᵀ before bias and residual; 1 by default. */
  readonly scale?: number | undefined;
  /** Only these rows of W: the result is [M, count], and has no gradient. */
  readonly rows?: RowRange | undefined;
}

function linearOnGpu(inputs: OpInfos, { weight, scale, range }: ProductAttributes, gpu: Dispatcher): TensorInfo {
  const { x, data, bias, residual } = inputs as Record<"x" | "data", TensorInfo> & OpInfos;
  const matrix = weight ?? denseWeight(data);
  const out = gpu.output([x.shape[0] as number, range?.count ?? matrix.rows]);
  runProduct(gpu, { x, weight: matrix, out, scale, bias, residual, rows: range });
  return out;
}

function backward(weight: Matrix, scale: number, dy: Tensor) {
  return {
    x: () => linearTransposed(dy, weight, { scale }),
    bias: () => columnSum(dy),
    residual: () => clone(dy),
  };
}

const linearF32 = defineOp<ProductAttributes>({
  name: "LinearF32",
  webgpu: linearOnGpu,
  reference: linearReference,
  gradient: {
    inputsToSave: ["x", "data"],
    backward: ([dy], { x, data }, { scale, range }) => ({
      ...backward(wholeOnly(f32Matrix(data as Tensor2D), range), scale, dy as Tensor),
      data: () => weightGradient(dy as Tensor, x as Tensor, { scale }),
    }),
  },
});

const linearFrozen = defineOp<ProductAttributes>({
  name: "LinearFrozen",
  webgpu: linearOnGpu,
  reference: frozenNeedsWebGpu,
  gradient: {
    backward: ([dy], _, { weight, scale, range }) => backward(wholeOnly(weight as Matrix, range), scale, dy as Tensor),
  },
});

/**
 * scale · x·Wᵀ + bias + residual: x [M, K], W [N, K] → [M, N]. Differentiable in x, bias, residual and an f32 W in one part.
 * @throws when shapes do not fit, or K is not a multiple of 4.
 */
export function linear(x: Tensor, weight: Matrix, { bias, residual, scale = 1, rows }: LinearOptions = {}): Tensor {
  const m = checkRows("linear", x, weight.columns);
  const outputs = checkRange("linear", weight, rows);
  if (weight.columns % 4 !== 0) throw new Error(`linear: ${weight.columns} columns are not a multiple of 4`);
  if (bias && bias.size !== outputs) throw new Error(`linear: a bias of ${bias.size} for ${outputs} outputs`);
  if (residual && residual.size !== m * outputs)
    throw new Error(`linear: a residual [${residual.shape.join(", ")}] for a result [${m}, ${outputs}]`);
  const data = trainableData(weight);
  const results = data
    ? linearF32({ x, data, bias, residual }, { scale, range: rows })
    : linearFrozen({ x, bias, residual }, { weight, scale, range: rows });
  return results[0] as Tensor;
}

function transposedOnGpu(inputs: OpInfos, { weight, scale, range }: ProductAttributes, gpu: Dispatcher): TensorInfo {
  const { dy, data } = inputs as Record<"dy" | "data", TensorInfo>;
  const matrix = weight ?? denseWeight(data);
  const { format, columns: k, groupSize } = matrix;
  const [m, width] = dy.shape as [number, number];
  const side = tileSide(m, k);
  const out = gpu.output([m, k]);
  const parts = partsInRange(matrix, range);
  parts.forEach(({ part, weightRow, column, count }, index) => {
    // Each part goes on with the sums of those before; the last one scales.
    const partScale = index === parts.length - 1 ? scale : 1;
    gpu.run({
      kernel: transposedKernel(format, side),
      buffers: [dy, part.data, part.scales ?? part.data, dy, dy, dy, dy, out],
      params: [m, count, k, groupSize, f32(partScale), width, column, weightRow, 0, 0, 0, 0, f32(0), f32(0)],
      workgroups: spread(tileCount(m, k, side)),
    });
  });
  return out;
}

const transposedF32 = defineOp<ProductAttributes>({
  name: "LinearTransposedF32",
  webgpu: transposedOnGpu,
  reference: linearTransposedReference,
});

const transposedFrozen = defineOp<ProductAttributes>({
  name: "LinearTransposedFrozen",
  webgpu: transposedOnGpu,
  reference: frozenNeedsWebGpu,
});

/** scale · dy·W: dy [M, N], W [N, K], or N of its rows → [M, K], the gradient of `linear` with respect to x. Not differentiable itself. */
export function linearTransposed(
  dy: Tensor,
  weight: Matrix,
  { scale = 1, rows }: { readonly scale?: number; readonly rows?: RowRange } = {},
): Tensor {
  checkRows("linearTransposed", dy, checkRange("linearTransposed", weight, rows));
  const data = trainableData(weight);
  const attributes = { scale, range: rows };
  return (data ? transposedF32({ dy, data }, attributes) : transposedFrozen({ dy }, { weight, ...attributes }))[0] as Tensor;
}

const weightGradientOp = defineOp<{ readonly scale: number }>({
  name: "WeightGradient",
  webgpu: (inputs, { scale }, gpu) => {
    const { dy, x } = inputs as Record<"dy" | "x", TensorInfo>;
    const [m, n] = dy.shape as [number, number];
    const k = x.shape[1] as number;
    const chunks = Math.ceil(m / chunkRows);
    const side = tileSide(n, k);
    const out = gpu.output([n, k]);
    const partial = chunks > 1 ? gpu.output([chunks, n, k]) : out;
    gpu.run({
      kernel: weightGradientKernel(side),
      buffers: [dy, x, partial],
      params: [m, n, k, f32(scale)],
      workgroups: [...spread(tileCount(n, k, side)), chunks],
    });
    if (chunks > 1) {
      gpu.run({
        kernel: sumChunksKernel,
        buffers: [partial, out],
        params: [chunks, n * k],
        workgroups: spread(Math.ceil((n * k) / 64)),
      });
      gpu.backend.disposeData(partial.dataId);
    }
    return out;
  },
  reference: weightGradientReference,
});

/** scale · dyᵀ·x: dy [M, N], x [M, K] → [N, K], the gradient of `linear` with respect to W. Not differentiable itself. */
export function weightGradient(dy: Tensor, x: Tensor, { scale = 1 }: { readonly scale?: number } = {}): Tensor {
  if (dy.rank !== 2 || x.rank !== 2 || dy.shape[0] !== x.shape[0])
    throw new Error(`weightGradient: [${dy.shape.join(", ")}] and [${x.shape.join(", ")}] have no rows in common`);
  return weightGradientOp({ dy, x }, { scale })[0] as Tensor;
}

const columnSumOp = defineOp<Record<string, never>>({
  name: "ColumnSum",
  webgpu: (inputs, _, gpu) => {
    const { x } = inputs as Record<"x", TensorInfo>;
    const [m, n] = x.shape as [number, number];
    const out = gpu.output([n]);
    gpu.run({ kernel: columnSumKernel, buffers: [x, out], params: [m, n], workgroups: spread(Math.ceil(n / 32)) });
    return out;
  },
  reference: columnSumReference,
});

/** Sum over the rows of x [M, N] → [N]. Not differentiable. */
export function columnSum(x: Tensor): Tensor {
  if (x.rank !== 2) throw new Error(`columnSum: x is [${x.shape.join(", ")}], not [M, N]`);
  return columnSumOp({ x }, {})[0] as Tensor;
}

/** Rows of W that a product uses. */
function checkRange(name: string, { rows }: Matrix, range: RowRange | undefined): number {
  if (!range) return rows;
  const { first, count } = range;
  if (first < 0 || count < 1 || first + count > rows)
    throw new Error(`${name}: rows ${first} to ${first + count - 1} of a matrix of ${rows}`);
  return count;
}

function wholeOnly(weight: Matrix, range: RowRange | undefined): Matrix {
  if (range) throw new Error("linear: a product with a part of a matrix has no gradient");
  return weight;
}

function checkRows(name: string, x: Tensor, width: number): number {
  const [m, columns] = x.shape;
  if (x.rank !== 2 || m === undefined || columns !== width)
    throw new Error(`${name}: rows of [${x.shape.join(", ")}] do not fit a matrix side of ${width}`);
  return m;
}

function frozenNeedsWebGpu(): never {
  throw new Error("packed or split weights exist on WebGPU only: make them with MatrixWriter");
}
