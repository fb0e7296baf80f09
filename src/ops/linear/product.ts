// Encodes a product with one matrix: x·Wᵀ with everything its epilogue can add, part by part. Both `linear` and the captured
// decoder (ops/decoder) come here, so there is one place that knows the parameters of linear.wgsl.

import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Dispatcher, f32, spread } from "@/gpu/dispatcher";
import type { Lora } from "../lora/lora";
import type { Matrix, MatrixPart } from "../matrix";
import type { Arithmetic } from "./arithmetic";
import { adapterInside, plainKernel } from "./kernels";

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
  readonly lora?: Lora | undefined;
  /** Of x·Wᵀ; what comes after it is f32. */
  readonly arithmetic?: Arithmetic | undefined;
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

/** Encodes a product; a dispatch per part of W, and one for an adapter that the kernel does not take in (`adapterInside`). */
export function runProduct(gpu: Dispatcher, product: Product): void {
  const { x, weight, out, rows, scale = 1, norm, bias, residual, lora, arithmetic = "f32" } = product;
  const { format, columns: k, groupSize } = weight;
  const m = x.shape[0] as number;
  if (norm && (bias || residual || lora || scale !== 1)) throw new Error("a product of normalised rows has nothing after it");
  const place = product.place ?? { width: rows?.count ?? weight.rows, first: 0 };
  const rank = lora?.a.shape[0] ?? 0;
  let t: TensorInfo | undefined;
  for (const { part, weightRow, column, count: n } of partsInRange(weight, rows)) {
    const shape = { format, rows: m, columns: n, width: k, norm: norm !== undefined, rank, arithmetic };
    const { kernel, tileColumns, tilesDown } = plainKernel(shape);
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
    if (lora && !adapterInside(shape)) t ??= adapterRows(gpu, { x, weight: denseWeight(lora.a) });
    gpu.run({
      kernel,
      buffers: [x, part.data, scales, bias ?? x, residual ?? x, t ?? lora?.a ?? x, lora?.b ?? x, out],
      params: [
        ...[m, n, k, groupSize, f32(scale), place.width, first, weightRow],
        ...[bias ? 1 : 0, residual ? 1 : 0, rank, column, f32(lora?.scaling ?? 0), f32(0)],
      ],
      workgroups,
    });
  }
  if (t) gpu.backend.disposeData(t.dataId);
}

/** t = norm(x)·Aᵀ of adapters as a product of its own, [M, ranks]. The caller frees it. */
export function adapterRows(gpu: Dispatcher, product: Omit<Product, "out">): TensorInfo {
  const out = gpu.output([product.x.shape[0] as number, product.rows?.count ?? product.weight.rows]);
  runProduct(gpu, { ...product, out });
  return out;
}
