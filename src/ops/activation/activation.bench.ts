// Activations of 512 rows of SmolVLM-256M's MLP widths, our kernels against the same in stock operations on the same device.

import { add, erf, mul, sigmoid, tanh } from "@tensorflow/tfjs-core";
import { bench, describe } from "vitest";
import { createGpu } from "@/gpu/device";
import { benchOptions, finish } from "../test/benchFixture";
import { seededTensor } from "../test/gpuFixture";
import { gelu, geluErf, swiglu } from "./activation";
import { cubic, root } from "./constants";

await createGpu();

describe("512 rows", () => {
  const [gate, up] = [seededTensor([512, 1536], 1), seededTensor([512, 1536], 2)];
  bench("swiglu", () => finish(() => swiglu(gate, up)), benchOptions);
  bench("stock swiglu", () => finish(() => mul(mul(gate, sigmoid(gate)), up)), benchOptions);
  const x = seededTensor([512, 3072], 3);
  bench("gelu", () => finish(() => gelu(x)), benchOptions);
  const inner = () => mul(root, add(x, mul(cubic, mul(x, mul(x, x)))));
  bench("gelu with erf", () => finish(() => geluErf(x)), benchOptions);
  bench("stock gelu with erf", () => finish(() => mul(mul(0.5, x), add(1, erf(mul(x, Math.SQRT1_2))))), benchOptions);
  bench("stock gelu", () => finish(() => mul(mul(0.5, x), add(1, tanh(inner())))), benchOptions);
});
