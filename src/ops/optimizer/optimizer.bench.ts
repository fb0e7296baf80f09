// One AdamW update of a million numbers in place, and its gradient's size, against stock operations on the same device.

import { add, div, mul, sqrt, square, sub, sum, type Tensor, zerosLike } from "@tensorflow/tfjs-core";
import { bench, describe } from "vitest";
import { createGpu } from "@/gpu/device";
import { benchOptions, finish } from "../test/benchFixture";
import { seededTensor } from "../test/gpuFixture";
import { adamwStep, sumOfSquares } from "./optimizer";

await createGpu();
const count = 1 << 20;

describe(`${count} parameters`, () => {
  const [value, gradient] = [seededTensor([count], 1), seededTensor([count], 2)];
  const [m, v] = [zerosLike(value), zerosLike(value)];
  const rates = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, step: 1, gradientScale: 1 };
  bench("adamw", () => finish(() => updated()), benchOptions);
  bench("stock adamw", () => finish(stockAdamw), benchOptions);
  bench("sumOfSquares", () => finish(() => sumOfSquares(gradient)), benchOptions);
  bench("stock sum of squares", () => finish(() => sum(square(gradient))), benchOptions);

  function updated(): Tensor {
    adamwStep({ value, m, v }, gradient, rates);
    return sumOfSquares(value);
  }

  function stockAdamw(): Tensor {
    const mean = add(mul(m, rates.beta1), mul(gradient, 1 - rates.beta1));
    const square2 = add(mul(v, rates.beta2), mul(square(gradient), 1 - rates.beta2));
    const step = div(mul(mean, rates.learningRate / (1 - rates.beta1)), add(sqrt(div(square2, 1 - rates.beta2)), rates.epsilon));
    return sum(square(sub(mul(value, 1 - rates.learningRate * rates.weightDecay), step)));
  }
});
