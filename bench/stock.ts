// The same mathematics in stock TensorFlow.js operations, as one would write it without this project's kernels: what benches
// compare with. All on one tape, logits and probabilities of the whole vocabulary in memory. Test oracles are elsewhere.

import {
  add,
  cast,
  clipByValue,
  concat,
  div,
  exp,
  expandDims,
  gather,
  greater,
  log,
  logSoftmax,
  matMul,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  oneHot,
  reshape,
  rsqrt,
  scalar,
  sigmoid,
  slice,
  softmax,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor,
  tidy,
  tile,
  topk,
  transpose,
} from "@tensorflow/tfjs-core";
import type { PackedRows } from "@/engine/packing";
import { readTensors } from "@/gpu/readback";
import type { LinearLayer } from "@/nn/linear";
import type { TextDecoder } from "@/nn/textDecoder";
import type { Lora } from "@/ops/lora/lora";
import { type Matrix, valuesPerWord } from "@/ops/matrix";
import { unpackRows } from "@/ops/packRows";

/** KL per position [T] of two conditions, after computing everything that ops/headStats gives. */
export function stockHeadStats(hidden: Tensor2D, masked: Tensor2D, head: Tensor2D, targets: Tensor1D, k: number): Tensor {
  return tidy(() => {
    const logpImage = logSoftmax(matMul(hidden, head, false, true));
    const logpMasked = logSoftmax(matMul(masked, head, false, true));
    const [p, q] = [exp(logpImage), exp(logpMasked)];
    const column = expandDims(targets, 1);
    for (const logp of [logpImage, logpMasked]) gather(logp, column, 1, 1);
    const kl = tidy(() => sum(mul(p, sub(logpImage, logpMasked)), 1));
    tidy(() => {
      const logMiddle = log(mul(add(p, q), 0.5));
      return add(sum(mul(p, sub(logpImage, logMiddle)), 1), sum(mul(q, sub(logpMasked, logMiddle)), 1));
    });
    for (const [probability, logp] of [
      [p, logpImage],
      [q, logpMasked],
    ] as const)
      tidy(() => neg(sum(mul(probability, logp), 1)));
    for (const [own, other] of [
      [logpImage, logpMasked],
      [logpMasked, logpImage],
    ] as const) {
      const { indices } = topk(own, k);
      gather(other, indices, 1, 1);
    }
    return kl;
  });
}

/** A projection with its weight as one float32 tensor. */
interface StockLinear {
  readonly weight: Tensor2D;
  readonly lora: Lora | undefined;
}

/** The text model in stock tensors; base weights are those the packed matrices stand for. */
export interface StockModel {
  readonly text: TextDecoder;
  readonly projections: ReadonlyMap<LinearLayer, StockLinear>;
  readonly embedding: Tensor2D;
  readonly head: Tensor2D;
}

/** The numbers a matrix stands for: exactly what the kernels compute with. */
async function float32({ format, rows, columns, groupSize, parts }: Matrix): Promise<Tensor2D> {
  const values = new Float32Array(rows * columns);
  for (const { firstRow, rows: count, data, scales } of parts) {
    const [read, groupScales] = await readTensors(scales ? [data, scales] : [data]);
    // The last words of a part may be padding.
    const { buffer, byteOffset } = read as Float32Array<ArrayBuffer>;
    const words = new Int32Array(buffer, byteOffset, (count * columns) / valuesPerWord(format));
    const packed = { words, ...(groupScales && { scales: groupScales as Float32Array<ArrayBuffer> }) };
    values.set(unpackRows(packed, count, columns, format, groupSize), firstRow * columns);
  }
  return tensor(values, [rows, columns]);
}

/** Copies the weights of a decoder with one position axis; adapters are shared, not copied. */
export async function stockModelOf(text: TextDecoder): Promise<StockModel> {
  const projections = new Map<LinearLayer, StockLinear>();
  for (const layer of text.projections) projections.set(layer, { weight: await float32(layer.weight), lora: layer.lora });
  return {
    text,
    projections,
    embedding: await float32(text.weights.embedTokens),
    head: await float32(text.weights.head),
  };
}

/** What a packed group of one prompt is for the stock model. */
export interface StockBatch {
  readonly rowIds: Tensor1D;
  /** 0 where a row sees a key, −1e9 elsewhere, [M, M]. */
  readonly bias: Tensor2D;
  readonly cosine: Tensor;
  readonly sine: Tensor;
  readonly firstTarget: number;
  readonly targets: Tensor2D;
}

/** Dense form of packed rows; `ropeTable` is [P, headDim] on the CPU. */
export function stockBatchOf(
  { count, ...packed }: PackedRows,
  vocabulary: number,
  ropeTable: Float32Array,
  headDim: number,
): StockBatch {
  const half = headDim / 2;
  const bias = new Float32Array(count * count).fill(-1e9);
  const [cosine, sine] = [new Float32Array(count * half), new Float32Array(count * half)];
  for (let row = 0; row < count; row++) {
    const [prefix = 0, prefixLength = 0, own = 0, length = 0] = packed.rows.subarray(row * 4, row * 4 + 4);
    for (let j = 0; j < length; j++) bias[row * count + (j < prefixLength ? prefix + j : own + j - prefixLength)] = 0;
    const angle = (packed.positions[row] as number) * headDim;
    cosine.set(ropeTable.subarray(angle, angle + half), row * half);
    sine.set(ropeTable.subarray(angle + half, angle + headDim), row * half);
  }
  const rowIds = packed.ids.map((id, row) =>
    (packed.featureIndex[row] as number) < 0 ? id : vocabulary + (packed.featureIndex[row] as number),
  );
  return tidy(() => ({
    rowIds: tensor(rowIds, [count], "int32") as Tensor1D,
    bias: tensor(bias, [count, count]) as Tensor2D,
    cosine: tensor(cosine, [count, 1, half]),
    sine: tensor(sine, [count, 1, half]),
    firstTarget: packed.targetRows[0] as number,
    targets: cast(oneHot(tensor(packed.targets, [packed.targets.length], "int32"), vocabulary), "float32") as Tensor2D,
  }));
}

function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  return mul(mul(x, rsqrt(add(mean(square(x), -1, true), epsilon))), weight);
}

function linear({ weight, lora }: StockLinear, x: Tensor): Tensor {
  const base = matMul(x as Tensor2D, weight, false, true);
  if (!lora) return base;
  return add(base, mul(matMul(matMul(x as Tensor2D, lora.a, false, true), lora.b, false, true), lora.scaling));
}

function rope(x: Tensor, { cosine, sine }: StockBatch): Tensor {
  const [m, heads, width] = x.shape as [number, number, number];
  const low = slice(x, [0, 0, 0], [m, heads, width / 2]);
  const high = slice(x, [0, 0, width / 2], [m, heads, width / 2]);
  return concat([sub(mul(low, cosine), mul(high, sine)), add(mul(high, cosine), mul(low, sine))], 2);
}

/** Log-prob of every target, [R], on the tape of the caller; `features` are the image's. */
export function stockLogProbs({ text, projections, embedding, head }: StockModel, batch: StockBatch, features: Tensor2D): Tensor {
  const { layers, norm, epsilon } = text.weights;
  const of = (layer: LinearLayer) => projections.get(layer) as StockLinear;
  let x: Tensor = gather(concat([embedding, features], 0), batch.rowIds);
  const m = x.shape[0] as number;
  for (const layer of layers) {
    const { query, keyValue, dim } = layer.heads;
    const h = rmsNorm(x, layer.inputNorm, layer.epsilon);
    const byHead = (y: Tensor) => transpose(y, [1, 0, 2]);
    const repeated = (y: Tensor) =>
      reshape(tile(reshape(byHead(y), [keyValue, 1, m, dim]), [1, query / keyValue, 1, 1]), [query, m, dim]);
    const q = byHead(rope(reshape(linear(of(layer.q), h), [m, query, dim]), batch));
    const k = repeated(rope(reshape(linear(of(layer.k), h), [m, keyValue, dim]), batch));
    const v = repeated(reshape(linear(of(layer.v), h), [m, keyValue, dim]));
    const weights = softmax(add(mul(matMul(q, k, false, true), 1 / Math.sqrt(dim)), batch.bias));
    const mixed = reshape(byHead(matMul(weights, v)), [m, query * dim]);
    x = add(x, linear(of(layer.o), mixed));
    const h2 = rmsNorm(x, layer.postAttentionNorm, layer.epsilon);
    const gate = linear(of(layer.gate), h2);
    x = add(x, linear(of(layer.down), mul(mul(gate, sigmoid(gate)), linear(of(layer.up), h2))));
  }
  const [count, vocabulary] = batch.targets.shape;
  const hidden = rmsNorm(slice(x, [batch.firstTarget, 0], [count, x.shape[1] as number]), norm, epsilon);
  const logp = logSoftmax(reshape(matMul(hidden as Tensor2D, head, false, true), [count, vocabulary]));
  return sum(mul(logp, batch.targets), 1);
}

/** Constants of the clipped loss per token: old log-probs, shaped advantages A'_i, filter m_t; all [R]. */
export interface StockLossInputs {
  readonly logpOld: Tensor;
  readonly advantage: Tensor;
  readonly kept: Tensor;
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly clipDual: number;
  readonly entropyPenaltyCoef: number;
}

/** VPPO's loss (Eq. 6 with clip-higher, dual clip and entropy penalty, token mean) as a scalar. */
export function stockLoss(logp: Tensor, of: StockLossInputs): Tensor {
  const ratio = exp(sub(logp, of.logpOld));
  const loss = neg(of.advantage);
  const clipped = maximum(mul(loss, ratio), mul(loss, clipByValue(ratio, 1 - of.clipLow, 1 + of.clipHigh)));
  // Dual clip bounds tokens of negative advantage; others have no bound, and 1e9 is none.
  const bound = add(mul(maximum(loss, 0), of.clipDual), mul(cast(greater(of.advantage, 0), "float32"), 1e9));
  const policy = mul(of.kept, minimum(clipped, bound));
  return mean(sub(policy, mul(logp, of.entropyPenaltyCoef)));
}

/** AdamW's new value and moments. */
export function stockAdamw(
  { value, m, v }: { value: Tensor; m: Tensor; v: Tensor },
  gradient: Tensor,
  { learningRate, weightDecay, step }: { learningRate: number; weightDecay: number; step: number },
): { value: Tensor; m: Tensor; v: Tensor } {
  return tidy(() => {
    const nextM = add(mul(m, 0.9), mul(gradient, 0.1));
    const nextV = add(mul(v, 0.999), mul(square(gradient), 0.001));
    const rate = scalar(learningRate / (1 - 0.9 ** step));
    const change = mul(rate, div(nextM, add(div(sqrt(nextV), Math.sqrt(1 - 0.999 ** step)), 1e-8)));
    return { value: sub(mul(value, 1 - learningRate * weightDecay), change), m: nextM, v: nextV };
  });
}
