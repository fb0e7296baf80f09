// The head on 64 positions of a vocabulary of 8 192, without ever holding all logits, against stock log-softmax on the same
// device. `npm run bench` measures the full size (T = 256, V = 49 280) with its peak memory.

import { gather, logSoftmax, matMul, type Tensor2D, tensor1d } from "@tensorflow/tfjs-core";
import { bench, describe } from "vitest";
import { createGpu } from "@/gpu/device";
import { f32Matrix } from "../matrix";
import { benchOptions, finish } from "../test/benchFixture";
import { seededTensor } from "../test/gpuFixture";
import { headLogProb, headStats } from "./headStats";

await createGpu();
const [rows, vocabulary, width] = [64, 8192, 576];

describe(`${rows} positions, vocabulary ${vocabulary}`, () => {
  const [hidden, masked] = [seededTensor<Tensor2D>([rows, width], 1), seededTensor<Tensor2D>([rows, width], 2)];
  const weight = seededTensor<Tensor2D>([vocabulary, width], 3, 0.05);
  const head = f32Matrix(weight);
  const targets = tensor1d(
    Int32Array.from({ length: rows }, (_, i) => i),
    "int32",
  );
  bench(
    "headStats, both conditions, top 8",
    () => finish(() => headStats(hidden, masked, head, targets, { topK: 8 }).values),
    benchOptions,
  );
  bench("headLogProb, one condition", () => finish(() => headLogProb(hidden, head, targets)), benchOptions);
  const logp = () => logSoftmax(matMul(hidden, weight, false, true));
  bench("stock log-softmax, one condition", () => finish(() => gather(logp(), targets, 1)), benchOptions);
});
