// A pass of hidden rows over the vocabulary: products with a few columns of the head at a time go to one scratch buffer per
// condition, and LogitPass takes their statistics, so all logits never exist. Backends without WebGPU have the room to make all
// columns at once. Rows that are too many for one pass are headStats' to cut.

import { concat, type Tensor, type Tensor2D, type TensorInfo } from "@tensorflow/tfjs-core";
import type { Dispatcher } from "@/gpu/dispatcher";
import { defineOp, type OpInfos } from "../defineOp";
import { linear } from "../linear/linear";
import { denseWeight, runProduct } from "../linear/product";
import { f32Matrix, type Matrix, trainableData } from "../matrix";
import { LogitPass, type LogitTile, type PairOptions } from "./logitPass";
import { logitRows } from "./logitRows";
import { logitStats, outputsOf } from "./logitStats";
import { runsOf } from "./tiles";

export interface HeadPassOptions {
  /** Multiplies the logits. */
  readonly scale: number;
  /** Columns of the vocabulary at a time on WebGPU: all, or whole blocks. */
  readonly columns: number;
}

type Attributes = {
  readonly scale: number;
  readonly columns: number;
  readonly frozen?: Matrix;
  /** Those of pairs. */
  readonly topK?: number;
  readonly jsd?: boolean;
};

/** Up to this size both conditions' rows are copied into one matrix: that costs less than reading the head for each. */
const joinedBytes = 1e6;

/** Where the logits of a tile go: both conditions in one buffer, or one each. */
interface Scratch {
  readonly products: readonly { readonly x: TensorInfo; readonly out: TensorInfo }[];
  readonly tile: Pick<LogitTile, "image" | "masked" | "maskedRow" | "width">;
  readonly free: () => void;
}

function scratchFor(gpu: Dispatcher, hidden: TensorInfo, masked: TensorInfo | undefined, width: number): Scratch {
  const [rows, depth] = hidden.shape as [number, number];
  const isJoined = masked !== undefined && 2 * rows * depth * 4 <= joinedBytes;
  const both = isJoined ? concat([hidden as Tensor2D, masked as Tensor2D], 0) : undefined;
  const inputs = both ? [both] : masked ? [hidden, masked] : [hidden];
  const products = inputs.map((x) => ({ x, out: gpu.output([x.shape[0] as number, width]) }));
  const outputs = products.map(({ out }) => out);
  const image = outputs[0] as TensorInfo;
  return {
    products,
    tile: { image, masked: outputs[1] ?? image, maskedRow: both ? rows : 0, width },
    free: () => {
      both?.dispose();
      for (const { dataId } of outputs) gpu.backend.disposeData(dataId);
    },
  };
}

function onGpu(inputs: OpInfos, { frozen, scale, columns, topK, jsd = false }: Attributes, gpu: Dispatcher): TensorInfo[] {
  const { hidden, masked, targets, data } = inputs as Record<"hidden" | "targets" | "data", TensorInfo> & OpInfos;
  const weight = frozen ?? denseWeight(data);
  const vocabulary = weight.rows;
  const rows = (hidden.shape[0] as number) * (masked ? 2 : 1);
  const pairs = masked && topK !== undefined ? { topK, jsd } : undefined;
  const scratch = scratchFor(gpu, hidden, masked, columns);
  const pass = new LogitPass(gpu, targets, { rows, vocabulary, tileColumns: columns }, pairs);
  const overTiles = (take: (tile: LogitTile) => void) => {
    for (const run of runsOf(vocabulary, columns)) {
      for (const { x, out } of scratch.products)
        runProduct(gpu, { x, weight, out, scale, rows: run, place: { width: columns, first: 0 } });
      take({ ...scratch.tile, first: run.first, columns: run.count });
    }
  };
  overTiles((tile) => pass.add(tile));
  if (pairs?.jsd && columns < vocabulary) overTiles((tile) => pass.addAgain(tile));
  scratch.free();
  pass[Symbol.dispose]();
  if (!pairs) return [pass.statistics];
  gpu.backend.disposeData(pass.statistics.dataId);
  return outputsOf(pass);
}

const headPassOp = defineOp<Attributes>({
  name: "HeadPass",
  webgpu: onGpu,
  reference: (inputs, { frozen, scale, topK }) => {
    const { hidden, masked, targets, data } = inputs as Record<"hidden" | "targets" | "data", Tensor> & { masked?: Tensor };
    const head = frozen ?? f32Matrix(data as Tensor2D);
    const x = masked ? concat([hidden as Tensor2D, masked as Tensor2D], 0) : hidden;
    const logits = linear(x, head, { scale });
    if (!masked || topK === undefined) return [logitRows(logits, targets)];
    const { values, topIds, topLogp, topOther } = logitStats(logits, targets, { topK });
    return [values, topIds, topLogp, topOther];
  },
});

function inputsOf(head: Matrix) {
  const data = trainableData(head);
  return data ? { inputs: { data }, attributes: {} } : { inputs: {}, attributes: { frozen: head } };
}

/** Statistics of single rows, [R, 4] as `logitRows`: hidden [R, D], head [V, D], int32 targets [R]. */
export function headRows(hidden: Tensor, head: Matrix, targets: Tensor, options: HeadPassOptions): Tensor {
  const { inputs, attributes } = inputsOf(head);
  return headPassOp({ hidden, targets, ...inputs }, { ...options, ...attributes })[0] as Tensor;
}

/** Statistics of pairs of rows, the outputs of `logitStats` in order: hidden and masked [R, D], head [V, D], int32 targets [R]. */
export function headPairs(
  hidden: Tensor,
  masked: Tensor,
  head: Matrix,
  targets: Tensor,
  options: HeadPassOptions & PairOptions,
): Tensor[] {
  const { inputs, attributes } = inputsOf(head);
  return headPassOp({ hidden, masked, targets, ...inputs }, { ...options, ...attributes });
}
