// What the rows of a pass through the decoder bring along from block to block, in one tensor `work` [M, stride]: the cache slot, the
// angles of the rotation, the adapters' t of the block that runs, and its queries. One binding for all of it is what keeps the
// first dispatch of a block within the 8 storage buffers that every device has. For inference on WebGPU: nothing here has a gradient.

import type { Tensor } from "@tensorflow/tfjs-core";
import { asTensor } from "@/gpu/deviceTensor";
import { currentGpu, type Kernel, spread } from "@/gpu/dispatcher";
import tableValueCode from "../embedding/tableValue.wgsl?raw";
import { formatCode, type Matrix, type MatrixFormat } from "../matrix";
import type { Rope } from "../rope/rope";
import rowsCode from "./rows.wgsl?raw";

/** Where things are in a row of `work`, in floats; every one at a multiple of 4. */
export interface RowLayout {
  readonly headDim: number;
  /** t = norm(x)·Aᵀ of q, k and v; [slot, 3 unused] and [cos | sin] come before. */
  readonly tFirst: number;
  /** Queries of all heads. */
  readonly qFirst: number;
  readonly stride: number;
}

/** A pass' rows: int32 rows [M, 4] as ops/attention has them, positions [M] or [M, axes]. */
export interface PassRows {
  readonly rows: Tensor;
  readonly positions: Tensor;
  readonly rope: Rope;
}

/** The layout for blocks of `heads` query heads with at most `rank` columns of t. */
export function rowLayout(headDim: number, heads: number, rank: number): RowLayout {
  const tFirst = 4 + headDim;
  const qFirst = tFirst + Math.ceil(rank / 4) * 4;
  return { headDim, tFirst, qFirst, stride: qFirst + heads * headDim };
}

const code = rowsCode + tableValueCode;

/** Looks tokens up in a table of this format, and writes what their rows bring along. */
export function embedRowsKernel(format: MatrixFormat): Kernel {
  return {
    name: "embedRows",
    code,
    entryPoint: "embedRows",
    bindings: ["read", "read", "read", "write", "read", "read", "read", "write"],
    uniform: true,
    constants: { FORMAT: formatCode[format] },
  };
}

const infoKernel: Kernel = {
  name: "rowInfo",
  code,
  entryPoint: "rowInfo",
  bindings: ["read", "read", "read", "write", "read"],
  uniform: true,
};

/** Slots and angles of a pass, [M, stride]; the rest is written by the blocks. */
export function rowInfo({ rows, positions, rope }: PassRows, { headDim, stride }: RowLayout): Tensor {
  const gpu = currentGpu();
  const m = rows.shape[0] as number;
  const work = gpu.output([m, stride]);
  gpu.run({
    kernel: infoKernel,
    buffers: [rows, positions, rope.table, work, rope.axes ?? positions],
    params: [m, headDim, stride, positions.size / m, 0, 0, 0],
    workgroups: spread(Math.ceil((m * headDim) / 2 / 64)),
  });
  return asTensor(work);
}

/** The same for rows with one position each, with the embedding of their tokens ids [M] from a table in one part. */
export function embedRows(
  ids: Tensor,
  table: Matrix,
  { rows, positions, rope }: PassRows,
  { headDim, stride }: RowLayout,
): { readonly hidden: Tensor; readonly work: Tensor } {
  const [part, ...others] = table.parts;
  const m = ids.size;
  if (!part || others.length > 0 || positions.size !== m)
    throw new Error(`embedRows: ${table.parts.length} parts and ${positions.size} positions for ${m} rows`);
  const gpu = currentGpu();
  const [work, hidden] = [gpu.output([m, stride]), gpu.output([m, table.columns])];
  gpu.run({
    kernel: embedRowsKernel(table.format),
    buffers: [rows, positions, rope.table, work, ids, part.data, part.scales ?? part.data, hidden],
    params: [m, headDim, stride, 1, table.columns, table.groupSize, table.rows],
    workgroups: spread(Math.ceil((m * table.columns) / 64)),
  });
  return { hidden: asTensor(hidden), work: asTensor(work) };
}
