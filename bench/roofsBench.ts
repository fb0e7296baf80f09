// How near the engine comes to what the adapter can do: a decoding step of Qwen2.5-VL-3B's dimensions against the bandwidth of a copy,
// and the head's statistics against the ceiling of multiply-adds. Weights are zeros made on the device, which take as long as others.

import { dispose, keep, type Tensor, tensor1d, tensor2d, tidy } from "@tensorflow/tfjs-core";
import type { Gpu } from "@/gpu/device";
import { deviceZeros } from "@/gpu/deviceTensor";
import { measureRoofs } from "@/gpu/roofs";
import type { DecoderLayer } from "@/nn/decoderLayer";
import type { LinearLayer } from "@/nn/linear";
import { TextDecoder } from "@/nn/textDecoder";
import { headStats } from "@/ops/headStats/headStats";
import type { Matrix, MatrixFormat } from "@/ops/matrix";
import { ropeTable } from "@/ops/rope/rope";
import { decodingStep, stepsOf } from "./emptyDecoding";
import type { PeerDimensions } from "./peer/sizes";
import type { BenchRow } from "./report";
import { costOf, median } from "./timing";

/** The dimensions, and how much is measured. */
export interface RoofSizes extends PeerDimensions {
  readonly context: number;
  readonly steps: number;
  /** Tokens of the head's statistics, under two conditions. */
  readonly positions: number;
  readonly repetitions: number;
}

const groupSize = 32;
const bits: Readonly<Record<MatrixFormat, number>> = { f32: 32, f16: 16, int8: 8, int4: 4 };

/** Bandwidth and multiply-adds as shares of the adapter's ceilings. */
export async function benchRoofs(gpu: Gpu, sizes: RoofSizes): Promise<BenchRow[]> {
  const roofs = await measureRoofs(gpu.dispatcher);
  return [...(await decodingRows(gpu, sizes, roofs.bytesPerSecond)), ...(await headRows(gpu, sizes, roofs.flopsPerSecond))];
}

async function decodingRows(gpu: Gpu, sizes: RoofSizes, copied: number): Promise<BenchRow[]> {
  const { layers, hidden, context, steps, repetitions, headDim, keyValueHeads } = sizes;
  const kit = new Kit(gpu);
  const text = decoderOf(sizes, kit);
  const weightBytes = kit.matrixBytes;
  const positions = context + stepsOf({ steps, repetitions });
  const frequencies = Float64Array.from({ length: headDim / 2 }, (_, i) => 1e6 ** ((-2 * i) / headDim));
  const rope = { table: keep(tensor2d(ropeTable(frequencies, positions), [positions, headDim])) };
  const fused = text.fused();
  try {
    const what = `Decoding step, ${layers} layers of width ${hidden}, int4, ${context} keys`;
    const decoder = { text, fused, rope };
    const one = await decodingStep(gpu, decoder, { context, rows: 1, steps, repetitions });
    // Every weight but the embedding's, of which a row is read, and the cache.
    const bytes = weightBytes + context * 2 * keyValueHeads * headDim * 4 * layers;
    const share = bytes / (one.ms / 1000) / copied;
    const eight = await decodingStep(gpu, decoder, { context, rows: 8, steps, repetitions });
    const sixteen = await decodingStep(gpu, decoder, { context, rows: 16, steps, repetitions });
    const read = `${(bytes / 1e9).toPrecision(3)} GB a step; a copy moves ${(copied / 1e9).toPrecision(3)} GB/s`;
    return [
      { name: what, unit: "ms", value: one.ms, note: `${one.dispatches} dispatches` },
      { name: `${what}: share of a copy's bandwidth`, unit: "", value: share, note: read },
      { name: `${what}: 16 rows`, unit: "ms", value: sixteen.ms, baseline: { name: "8 rows", value: eight.ms } },
      { name: `${what}: 8 rows`, unit: "ms", value: eight.ms, baseline: { name: "one", value: one.ms } },
    ];
  } finally {
    fused?.[Symbol.dispose]();
    rope.table.dispose();
    kit[Symbol.dispose]();
  }
}

async function headRows(
  gpu: Gpu,
  { hidden, vocabulary, positions, repetitions }: RoofSizes,
  ceiling: number,
): Promise<BenchRow[]> {
  const kit = new Kit(gpu);
  const head = kit.matrix(vocabulary, hidden, "int8");
  const [own, masked] = [kit.zeros(positions, hidden), kit.zeros(positions, hidden)];
  const targets = keep(tidy(() => tensor1d(new Int32Array(positions), "int32")));
  const run = () =>
    costOf(gpu, () => {
      for (const output of Object.values(headStats(own, masked, head, targets, { topK: 1, jsd: false }))) output.dispose();
    });
  try {
    await run();
    const costs = [];
    for (let i = 0; i < repetitions; i++) costs.push(await run());
    const ms = median(costs.map((cost) => cost.ms));
    const flops = 2 * 2 * positions * vocabulary * hidden;
    const what = `headStats, T = ${positions}, V = ${vocabulary}, D = ${hidden}, int8`;
    const share = flops / (ms / 1000) / ceiling;
    return [
      { name: what, unit: "ms", value: ms },
      { name: `${what}: peak bytes on top of inputs`, unit: "MB", value: median(costs.map((cost) => cost.peakBytes)) / 1e6 },
      {
        name: `${what}: share of the multiply-add ceiling`,
        unit: "",
        value: share,
        note: `products alone counted; ceiling ${(ceiling / 1e9).toPrecision(3)} GFLOP/s`,
      },
    ];
  } finally {
    targets.dispose();
    kit[Symbol.dispose]();
  }
}

/** Zeros on the device, and what they take. */
class Kit {
  readonly #tensors: Tensor[] = [];
  /** Bytes of the matrices, scales included. */
  matrixBytes = 0;

  constructor(private readonly gpu: Gpu) {}

  zeros(...shape: number[]): Tensor {
    const tensor = keep(deviceZeros(shape, "weights"));
    this.#tensors.push(tensor);
    return tensor;
  }

  /** A packed matrix in as many parts as bindings make necessary. */
  matrix(rows: number, columns: number, format: "int4" | "int8"): Matrix {
    const words = (count: number) => (count * columns * bits[format]) / 32;
    const most = this.gpu.device.limits.maxStorageBufferBindingSize / 4;
    const perPart = Math.min(rows, Math.floor(most / words(32)) * 32);
    const parts = Array.from({ length: Math.ceil(rows / perPart) }, (_, i) => {
      const firstRow = i * perPart;
      const count = Math.min(perPart, rows - firstRow);
      return { firstRow, rows: count, data: this.zeros(words(count)), scales: this.zeros((count * columns) / groupSize) };
    });
    this.matrixBytes += parts.reduce((sum, { data, scales }) => sum + 4 * (data.size + scales.size), 0);
    return { format, rows, columns, groupSize, parts };
  }

  [Symbol.dispose](): void {
    dispose(this.#tensors);
    this.gpu.dispatcher.trim();
  }
}

function decoderOf(
  { layers, hidden, intermediate, heads, keyValueHeads, headDim, vocabulary }: RoofSizes,
  kit: Kit,
): TextDecoder {
  const linear = (name: string, rows: number, columns: number, hasBias = false): LinearLayer => ({
    name,
    weight: kit.matrix(rows, columns, "int4"),
    ...(hasBias && { bias: kit.zeros(rows) as never }),
  });
  const layerOf = (): DecoderLayer => ({
    heads: { query: heads, keyValue: keyValueHeads, dim: headDim },
    epsilon: 1e-6,
    inputNorm: kit.zeros(hidden),
    postAttentionNorm: kit.zeros(hidden),
    q: linear("q", heads * headDim, hidden, true),
    k: linear("k", keyValueHeads * headDim, hidden, true),
    v: linear("v", keyValueHeads * headDim, hidden, true),
    o: linear("o", hidden, heads * headDim),
    gate: linear("gate", intermediate, hidden),
    up: linear("up", intermediate, hidden),
    down: linear("down", hidden, intermediate),
  });
  const blocks = Array.from({ length: layers }, layerOf);
  const head = kit.matrix(vocabulary, hidden, "int4");
  return new TextDecoder({ embedTokens: head, layers: blocks, norm: kit.zeros(hidden), epsilon: 1e-6, head });
}
