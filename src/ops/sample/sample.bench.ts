// One draw for 8 rollouts from a vocabulary of 49 280 under the usual rules; stock operations have no counter-based sampler, so
// stock `multinomial` of the same rows stands beside it.

import { multinomial, type Tensor2D, tensor2d } from "@tensorflow/tfjs-core";
import { bench, describe } from "vitest";
import { createGpu } from "@/gpu/device";
import { benchOptions, finish } from "../test/benchFixture";
import { seededTensor } from "../test/gpuFixture";
import { sample } from "./sample";

await createGpu();
const [rows, vocabulary] = [8, 49280];

describe(`${rows} rows of ${vocabulary}`, () => {
  const logits = seededTensor<Tensor2D>([rows, vocabulary], 1);
  const state = tensor2d(
    Int32Array.from({ length: rows * 4 }, (_, i) => [1, i >> 2, 0, 1][i % 4] as number),
    [rows, 4],
    "int32",
  );
  bench("temperature 1", () => finish(() => sample(logits, state)), benchOptions);
  bench("greedy", () => finish(() => sample(logits, state, { temperature: 0 })), benchOptions);
  bench("top-p 0.99", () => finish(() => sample(logits, state, { topP: 0.99 })), benchOptions);
  bench("stock multinomial", () => finish(() => multinomial(logits, 1, 1)), benchOptions);
});
