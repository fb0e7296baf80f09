// Rotary embedding of 512 rows with SmolVLM-256M's heads, our kernel against the same in stock operations on the same device.

import { add, concat, gather, mul, neg, reshape, slice, type Tensor, tensor1d, tensor2d } from "@tensorflow/tfjs-core";
import { bench, describe } from "vitest";
import { createGpu } from "@/gpu/device";
import { benchOptions, finish } from "../test/benchFixture";
import { seededTensor } from "../test/gpuFixture";
import { rope, ropeFrequencies, ropeTable } from "./rope";

await createGpu();
const [rows, heads, dim] = [512, 9, 64];

describe(`${rows} rows of ${heads} heads of ${dim}`, () => {
  const x = seededTensor([rows, heads, dim], 1);
  const positions = tensor1d(
    Int32Array.from({ length: rows }, (_, i) => i),
    "int32",
  );
  const table = tensor2d(ropeTable(ropeFrequencies(100000, dim), 1024), [1024, dim]);
  bench("rope", () => finish(() => rope(x, positions, { table })), benchOptions);
  bench("stock rope", () => finish(stockRope), benchOptions);

  function stockRope(): Tensor {
    const half = dim / 2;
    const angles = reshape(gather(table, positions), [rows, 1, dim]);
    const [cos, sin] = [slice(angles, [0, 0, 0], [-1, -1, half]), slice(angles, [0, 0, half], [-1, -1, half])];
    const turned = concat([neg(slice(x, [0, 0, half], [-1, -1, half])), slice(x, [0, 0, 0], [-1, -1, half])], 2);
    return add(mul(x, concat([cos, cos], 2)), mul(turned, concat([sin, sin], 2)));
  }
});
