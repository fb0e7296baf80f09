// Norms of 512 rows of SmolVLM-256M's widths, our kernels against the same in stock operations on the same device.

import { add, div, mean, mul, rsqrt, sqrt, square, sub, type Tensor } from "@tensorflow/tfjs-core";
import { bench, describe } from "vitest";
import { createGpu } from "@/gpu/device";
import { benchOptions, finish } from "../test/benchFixture";
import { seededTensor } from "../test/gpuFixture";
import { layerNorm, rmsNorm } from "./norm";

await createGpu();
const epsilon = 1e-5;

describe("512 rows", () => {
  const [x, weight] = [seededTensor([512, 576], 1), seededTensor([576], 2)];
  bench("rmsNorm", () => finish(() => rmsNorm(x, weight, epsilon)), benchOptions);
  bench("stock rmsNorm", () => finish(() => mul(mul(x, rsqrt(add(mean(square(x), -1, true), epsilon))), weight)), benchOptions);
  const [y, scale, bias] = [seededTensor([512, 768], 3), seededTensor([768], 4), seededTensor([768], 5)];
  bench("layerNorm", () => finish(() => layerNorm(y, scale, bias, epsilon)), benchOptions);
  bench("stock layerNorm", () => finish(() => stockLayerNorm(y, scale, bias)), benchOptions);
});

function stockLayerNorm(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const centred = sub(x, mean(x, -1, true));
  return add(mul(div(centred, sqrt(add(mean(square(centred), -1, true), epsilon))), weight), bias);
}
