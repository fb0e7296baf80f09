// ops/headStats against the composition of stock operations: time and the GPU bytes on top of inputs.

import { type Tensor1D, type Tensor2D, tensor } from "@tensorflow/tfjs-core";
import type { Gpu } from "@/gpu/device";
import { readTensors } from "@/gpu/readback";
import { headStats } from "@/ops/headStats/headStats";
import { headStatsColumns, headStatsWidth } from "@/ops/headStats/logitStats";
import { disposeMatrix, f32Matrix } from "@/ops/matrix";
import { matrixOnThisBackend } from "@/ops/matrixWriter";
import type { BenchRow } from "./report";
import { stockHeadStats } from "./stock";
import { type Cost, costOf, interleaved, median } from "./timing";

export interface HeadSizes {
  readonly positions: number;
  readonly vocabulary: number;
  readonly width: number;
  readonly repetitions: number;
}

const topK = 5;

/** Numbers in ±scale that look random; seeding millions of normal ones would take longer than the bench. */
function spreadValues(count: number, seed: number, scale: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => (Math.imul(i + 1, 0x9e3779b1 ^ (seed * 0x85ebca6b)) / 2 ** 31) * scale);
}

export async function benchHeadStats(gpu: Gpu, sizes: HeadSizes): Promise<BenchRow[]> {
  const { positions, vocabulary, width, repetitions } = sizes;
  const hidden = tensor(spreadValues(positions * width, 1, 1), [positions, width]) as Tensor2D;
  const masked = tensor(spreadValues(positions * width, 2, 1), [positions, width]) as Tensor2D;
  const targets = tensor(
    Int32Array.from({ length: positions }, (_, i) => (i * 7919) % vocabulary),
    [positions],
    "int32",
  ) as Tensor1D;
  const values = spreadValues(vocabulary * width, 3, 0.2);
  const head = tensor(values, [vocabulary, width]) as Tensor2D;
  const packed = matrixOnThisBackend(values, vocabulary, width, "int8", 64);
  const kl: Record<"ours" | "stock", Float32Array> = { ours: new Float32Array(0), stock: new Float32Array(0) };

  const ours = (matrix: typeof packed) => () =>
    costOf(gpu, async () => {
      const stats = headStats(hidden, masked, matrix, targets, { topK });
      const [read] = await readTensors([stats.values]);
      if (matrix !== packed) kl.ours = columnOf(read as Float32Array, headStatsColumns.kl);
      for (const output of Object.values(stats)) output.dispose();
    });
  const stock = () =>
    costOf(gpu, async () => {
      const output = stockHeadStats(hidden, masked, head, targets, topK);
      const [read] = await readTensors([output]);
      kl.stock = read as Float32Array;
      output.dispose();
    });
  const [f32 = [], int8 = [], composed = []] = await interleaved([ours(f32Matrix(head)), ours(packed), stock], repetitions);
  for (const tensorInUse of [hidden, masked, targets, head]) tensorInUse.dispose();
  disposeMatrix(packed);

  const scale = Math.max(...kl.stock);
  const difference = Math.max(...kl.ours.map((value, i) => Math.abs(value - (kl.stock[i] as number)))) / scale;
  const [ms, megabytes] = [
    (costs: readonly Cost[]) => median(costs.map((cost) => cost.ms)),
    (costs: readonly Cost[]) => median(costs.map(({ peakBytes }) => peakBytes)) / 1e6,
  ];
  const what = `headStats, T = ${positions}, V = ${vocabulary}, D = ${width}`;
  const agreement = `largest KL difference ${difference.toExponential(1)} of the largest KL`;
  return [
    { name: `${what}, f32`, unit: "ms", value: ms(f32), baseline: { name: "stock", value: ms(composed) }, note: agreement },
    { name: `${what}, int8`, unit: "ms", value: ms(int8), baseline: { name: "stock f32", value: ms(composed) } },
    {
      name: "headStats: peak bytes on top of inputs",
      unit: "MB",
      value: megabytes(f32),
      baseline: { name: "stock", value: megabytes(composed) },
    },
  ];
}

function columnOf(values: Float32Array, column: number): Float32Array {
  return Float32Array.from(
    { length: values.length / headStatsWidth },
    (_, row) => values[row * headStatsWidth + column] as number,
  );
}
