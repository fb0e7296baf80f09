// The dispatches of a decoder block at inference, with everything that belongs before and after its products inside them: norm, q, k, v,
// rotation and cache in one, norm, gate, up and SiLU in another; `projection` is a product with residual and adapter. Bits are
// those of the separate operations, which training uses: orders of additions are the same (linear/product.wgsl).

import type { Tensor } from "@tensorflow/tfjs-core";
import { asTensor } from "@/gpu/deviceTensor";
import { currentGpu, f32, type Kernel, spread } from "@/gpu/dispatcher";
import type { Arithmetic } from "../linear/arithmetic";
import { adapterInside, type Frame, fewRowsLimit, normedFrame, plainFrame, productKernel } from "../linear/kernels";
import { adapterRows, type Product, runProduct, type Weight } from "../linear/product";
import type { MatrixFormat } from "../matrix";
import gateUpCode from "./gateUp.wgsl?raw";
import headRotateCode from "./headRotate.wgsl?raw";
import queryKeyValueCode from "./queryKeyValue.wgsl?raw";
import type { RowLayout } from "./rows";

/** A norm's weight, A of all adapters and the tensors that a frame reads from one binding. */
export interface Side {
  readonly tensor: Tensor;
  readonly hasBias: boolean;
  /** First float of each part, in the order of the matrices. */
  readonly biases: readonly number[];
  readonly scales: readonly number[];
  readonly b: readonly number[];
}

/** Several projections of the same rows, ready for one dispatch. */
export interface JoinedProjections {
  readonly weights: readonly Weight[];
  readonly side: Side;
  /** 0 without an adapter. */
  readonly ranks: readonly number[];
  readonly scalings: readonly number[];
  readonly norm: Tensor;
  readonly epsilon: number;
}

/** Keys and values of a layer, [size, heads, headDim] each. */
export interface KeyValueRows {
  readonly k: Tensor;
  readonly v: Tensor;
}

/** Room for the keys and values of a pass that keeps no cache. */
export function newKeyValueRows(
  rows: number,
  { keyValue, dim }: { readonly keyValue: number; readonly dim: number },
): KeyValueRows {
  const made = () => asTensor(currentGpu().output([rows, keyValue, dim]));
  return { k: made(), v: made() };
}

/** float32 tensors one after the other in one, as a `Side` holds them. */
export function joinTensors(parts: readonly Tensor[]): Tensor {
  const gpu = currentGpu();
  const size = parts.reduce((total, part) => total + part.size, 0);
  // Shaders that read it in fours must not lose the last ones.
  const tensor = asTensor(gpu.output([Math.ceil(size / 4) * 4]));
  const buffer = gpu.bufferOf(tensor);
  let offset = 0;
  for (const part of parts) {
    gpu.copyToBuffer(part, buffer, part.size * 4, offset);
    offset += part.size * 4;
  }
  return tensor;
}

const queryKeyValueFrame = (rotate: boolean): Frame => ({
  name: "queryKeyValue",
  code: queryKeyValueCode,
  bindings: ["read", "read", "read", "read", "read", "write", "write", "write"],
  constants: { ROTATE: rotate ? 1 : 0 },
});

const gateUpFrame: Frame = {
  name: "gateUp",
  code: gateUpCode,
  bindings: ["read", "read", "read", "read", "read", "read", "read", "write"],
};

const headRotateKernel: Kernel = {
  name: "headRotate",
  code: headRotateCode,
  entryPoint: "main",
  bindings: ["write", "write", "read", "read"],
  uniform: true,
};

/** The products that a model with weights of these formats runs at first, for prompts and for `decodeRows`: compiled while weights arrive. */
export function startupKernels(
  { text, vision, head }: Readonly<Record<"text" | "vision" | "head", MatrixFormat>>,
  decodeRows: number,
): Kernel[] {
  const make = (frame: Frame, format: MatrixFormat, rows: number, norm = false) =>
    productKernel(frame, { format, rows, columns: 1, norm }).kernel;
  const many = fewRowsLimit + 1;
  const decoding = Math.min(decodeRows, many);
  const blocks = [...new Set([decoding, many])].flatMap((rows) => [
    make(queryKeyValueFrame(true), text, rows, true),
    make(gateUpFrame, text, rows, true),
    make(plainFrame, text, rows),
  ]);
  const others = [...new Set([vision, "f32" as const])].map((format) => make(plainFrame, format, many));
  return [...blocks, make(normedFrame, head, decoding, true), ...others];
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

const runningSum = (counts: readonly number[], first = 0): number[] => {
  let end = first;
  return counts.map((count) => {
    const start = end;
    end += count;
    return start;
  });
};

const only = (weight: Weight) => {
  const [part, ...others] = weight.parts;
  if (!part || others.length > 0) throw new Error(`a weight in ${weight.parts.length} parts is not one binding`);
  return part;
};

/** The adapters' t as a product of its own: A lies in `side` after the norm's weight, which is a row of the same width. */
function adapterProduct({ weights, side, ranks, norm, epsilon }: JoinedProjections): Omit<Product, "x" | "out"> {
  const count = sum(ranks);
  const parts = [{ firstRow: 0, rows: 1 + count, data: side.tensor }];
  return {
    weight: { format: "f32", rows: 1 + count, columns: weights[0]?.columns ?? 0, groupSize: 0, parts },
    rows: { first: 1, count },
    norm: { weight: norm, epsilon },
  };
}

/** Query rows of x [M, D] into `work`, keys and values into the rows' slots; rotated unless heads are normalised first. */
export function queryKeyValue(
  x: Tensor,
  joined: JoinedProjections,
  work: Tensor,
  layout: RowLayout,
  { k, v }: KeyValueRows,
  rotate: boolean,
  arithmetic: Arithmetic = "f32",
): void {
  const gpu = currentGpu();
  const { weights, side, ranks, scalings, epsilon } = joined;
  const [first] = weights as [Weight];
  const m = x.shape[0] as number;
  const columns = weights.map(({ rows }) => rows);
  const shape = {
    format: first.format,
    rows: m,
    columns: sum(columns),
    norm: true,
    width: first.columns,
    // A workgroup's columns are of one matrix.
    rank: Math.max(...ranks),
    arithmetic,
  };
  if (shape.rank > 0 && !adapterInside(shape)) {
    const place = { width: layout.stride, first: layout.tFirst };
    runProduct(gpu, { ...adapterProduct(joined), x, out: work, place });
  }
  const { kernel, tileColumns, tilesDown } = productKernel(queryKeyValueFrame(rotate), shape);
  const tiles = columns.map((n) => Math.ceil(n / tileColumns));
  const four = (values: readonly number[]) => [...values, 0];
  gpu.run({
    kernel,
    buffers: [x, ...weights.map((weight) => only(weight).data), side.tensor, work, k, v],
    params: [
      ...[m, first.columns, first.groupSize, f32(epsilon), layout.headDim, layout.stride, layout.qFirst, k.shape[0] as number],
      ...four(columns.map((n) => n / 2)),
      ...four(tiles),
      ...four(side.biases),
      ...four(side.scales),
      ...four(side.b),
      ...four(runningSum(ranks, layout.tFirst)),
      ...four(ranks),
      ...[...scalings, 0].map(f32),
      side.hasBias ? 1 : 0,
    ],
    workgroups: spread(tilesDown * sum(tiles)),
  });
}

/** Norm and rotation of the heads that `queryKeyValue` left unturned, in place. */
export function headRotate(
  work: Tensor,
  layout: RowLayout,
  { k }: KeyValueRows,
  norms: { readonly query: Tensor; readonly key: Tensor; readonly epsilon: number },
): void {
  const m = work.shape[0] as number;
  const [size, keyHeads] = k.shape as [number, number];
  const heads = (layout.stride - layout.qFirst) / layout.headDim;
  currentGpu().run({
    kernel: headRotateKernel,
    buffers: [work, k, norms.query, norms.key],
    params: [m, heads, keyHeads, layout.headDim, layout.stride, layout.qFirst, size, f32(norms.epsilon)],
    workgroups: spread(m * (heads + keyHeads)),
  });
}

/** silu(gate)·up of the normalised rows of x [M, D] → [M, F]. */
export function gateUp(x: Tensor, joined: JoinedProjections, arithmetic: Arithmetic = "f32"): Tensor {
  const gpu = currentGpu();
  const { weights, side, ranks, scalings, epsilon } = joined;
  const [gate, up] = weights as [Weight, Weight];
  const m = x.shape[0] as number;
  const rank = sum(ranks);
  const shape = { format: gate.format, rows: m, columns: gate.rows * 2, norm: true, width: gate.columns, rank, arithmetic };
  const t = rank > 0 && !adapterInside(shape) ? adapterRows(gpu, { ...adapterProduct(joined), x }) : undefined;
  const out = gpu.output([m, gate.rows]);
  const { kernel, tileColumns, tilesDown } = productKernel(gateUpFrame, shape);
  const scales = [only(gate), only(up)].map(({ data, scales: own }) => own ?? data);
  gpu.run({
    kernel,
    buffers: [x, only(gate).data, only(up).data, ...scales, side.tensor, t ?? x, out],
    params: [
      ...[m, gate.columns, gate.groupSize, f32(epsilon), gate.rows, rank],
      ...[...ranks, ...side.b, ...runningSum(ranks), ...scalings.map(f32)],
    ],
    workgroups: spread(tilesDown * Math.ceil((gate.rows * 2) / tileColumns)),
  });
  if (t) gpu.backend.disposeData(t.dataId);
  return asTensor(out);
}

/** x·Wᵀ + residual with its adapter, rows normalised before if a norm is given: x [M, K] → [M, N]. */
export function projection(
  x: Tensor,
  weight: Weight,
  rest: Pick<Product, "norm" | "residual" | "bias" | "lora" | "arithmetic"> = {},
): Tensor {
  const gpu = currentGpu();
  const out = gpu.output([x.shape[0] as number, weight.rows]);
  runProduct(gpu, { x, weight, out, ...rest });
  return asTensor(out);
}
