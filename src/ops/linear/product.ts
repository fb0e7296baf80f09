// Encodes a product with one matrix: x·Wᵀ with everything its epilogue can add, part by part. Both `linear` and the captured
// decoder (ops/decoder) come here, so there is one place that knows the parameters of linear.wgsl.

import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Dispatcher, f32, spread } from "@/gpu/dispatcher";
import type { Matrix, MatrixPart } from "../matrix";
import { plainKernel } from "./kernels";

/** W as a kernel takes it: a Matrix, or the one f32 tensor among an op's inputs. */
export interface Weight extends Omit<Matrix, "parts"> {
  readonly parts: readonly (Pick<MatrixPart, "firstRow" | "rows"> & {
    readonly data: TensorInfo;
    readonly scales?: TensorInfo;
  })[];
}

/** A run of a matrix' rows. */
export interface RowRange {
  readonly first: number;
  readonly count: number;
}

/** An adapter's share of a result: scaling · t·Bᵀ with t = x·Aᵀ. */
export interface LoraShare {
  /** [M, width]; its `rank` columns from `first` on are used. */
  readonly t: TensorInfo;
  readonly first: number;
  readonly width: number;
  /** [N, rank]; 256 columns at most. */
  readonly b: TensorInfo;
  readonly rank: number;
  readonly scaling: number;
}

/** out[:, first ..] = scale · norm(x)·Wᵀ + bias + residual + adapter. */
export interface Product {
  readonly x: TensorInfo;
  readonly weight: Weight;
  readonly out: TensorInfo;
  /** Width of a row of out and the column the result begins at; the result's own without it. */
  readonly place?: { readonly width: number; readonly first: number };
  readonly rows?: RowRange | undefined;
  readonly scale?: number;
  /** RMSNorm of the rows of x before the product; then nothing is added after it, and nothing scaled. */
  readonly norm?: { readonly weight: TensorInfo; readonly epsilon: number } | undefined;
  readonly bias?: TensorInfo | undefined;
  readonly residual?: TensorInfo | undefined;
  readonly lora?: LoraShare | undefined;
}

/** One f32 tensor [N, K] as a weight. */
export function denseWeight(data: TensorInfo): Weight {
  const [rows, columns] = data.shape as [number, number];
  return { format: "f32", rows, columns, groupSize: 0, parts: [{ firstRow: 0, rows, data }] };
}

/** The parts of a matrix that hold a range of its rows, with the first row of each part that is used and its column of the result. */
export function partsInRange({ parts, rows }: Weight, range: RowRange = { first: 0, count: rows }) {
  const end = range.first + range.count;
  return parts.flatMap((part) => {
    const from = Math.max(part.firstRow, range.first);
    const count = Math.min(part.firstRow + part.rows, end) - from;
    return count > 0 ? [{ part, weightRow: from - part.firstRow, column: from - range.first, count }] : [];
  });
}

/** Encodes a product; a dispatch per part of W. */
export function runProduct(gpu: Dispatcher, product: Product): void {
  const { x, weight, out, rows, scale = 1, norm, bias, residual, lora } = product;
  const { format, columns: k, groupSize } = weight;
  const m = x.shape[0] as number;
  if (norm && (bias || residual || lora || scale !== 1)) throw new Error("a product of normalised rows has nothing after it");
  const place = product.place ?? { width: rows?.count ?? weight.rows, first: 0 };
  for (const { part, weightRow, column, count: n } of partsInRange(weight, rows)) {
    const { kernel, tileColumns, tilesDown } = plainKernel({
      ...{ format, rows: m, columns: n, width: k },
      norm: norm !== undefined,
    });
    const workgroups = spread(tilesDown * Math.ceil(n / tileColumns));
    const first = place.first + column;
    // A binding must be bound even when unused: absent tensors are stood in for by one that is only read.
    const scales = part.scales ?? part.data;
    if (norm) {
      gpu.run({
        kernel,
        buffers: [x, part.data, scales, norm.weight, out],
        params: [m, n, k, groupSize, place.width, first, weightRow, f32(norm.epsilon)],
        workgroups,
      });
      continue;
    }
    gpu.run({
      kernel,
      buffers: [x, part.data, scales, bias ?? x, residual ?? x, lora?.t ?? x, lora?.b ?? x, out],
      params: [
        ...[m, n, k, groupSize, f32(scale), place.width, first, weightRow],
        ...[bias ? 1 : 0, residual ? 1 : 0, lora?.rank ?? 0, lora?.width ?? 0, lora?.first ?? 0, column],
        ...[f32(lora?.scaling ?? 0), f32(0)],
      ],
      workgroups,
    });
  }
}
