// Products with a weight matrix of SmolVLM-256M's MLP size, our kernels against stock matMul on the same device.

import { matMul, type Tensor2D } from "@tensorflow/tfjs-core";
import { bench, describe } from "vitest";
import { createGpu } from "@/gpu/device";
import { f32Data, type Matrix } from "../matrix";
import { matrixOnThisBackend } from "../matrixWriter";
import { benchOptions, finish } from "../test/benchFixture";
import { seededTensor, seededValues } from "../test/gpuFixture";
import { columnSum, linear, linearTransposed, weightGradient } from "./linear";

await createGpu();
const [n, k] = [1536, 576];
const values = seededValues(n * k, 1);
const weights = (["f32", "f16", "int8", "int4"] as const).map((format) => matrixOnThisBackend(values, n, k, format, 32));
for (const m of [1, 16, 256]) {
  describe(`${m} rows by [${n}, ${k}]`, () => {
    const x = seededTensor<Tensor2D>([m, k], 2);
    const dy = seededTensor<Tensor2D>([m, n], 3);
    for (const weight of weights) bench(`linear ${weight.format}`, () => finish(() => linear(x, weight)), benchOptions);
    bench(
      "stock matMul f32",
      () => finish(() => matMul(x, f32Data(weights[0] as Matrix) as Tensor2D, false, true)),
      benchOptions,
    );
    for (const weight of weights)
      bench(`transposed ${weight.format}`, () => finish(() => linearTransposed(dy, weight)), benchOptions);
    bench("weight gradient", () => finish(() => weightGradient(dy, x)), benchOptions);
    bench("column sum", () => finish(() => columnSum(dy)), benchOptions);
  });
}
