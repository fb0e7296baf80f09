// Look-up of 512 tokens in SmolVLM-256M's table, our kernel in every format against stock gather on the same device.

import { gather, type Tensor1D, tensor1d } from "@tensorflow/tfjs-core";
import { bench, describe } from "vitest";
import { createGpu } from "@/gpu/device";
import { f32Data } from "../matrix";
import { matrixOnThisBackend } from "../matrixWriter";
import { benchOptions, finish } from "../test/benchFixture";
import { seededTensor, seededValues } from "../test/gpuFixture";
import { embedding } from "./embedding";
import { gatherRows } from "./gatherRows";

await createGpu();
const [vocabulary, width, count] = [8192, 576, 512];

describe(`${count} of [${vocabulary}, ${width}]`, () => {
  const values = seededValues(vocabulary * width, 1);
  const ids: Tensor1D = tensor1d(
    Int32Array.from({ length: count }, (_, i) => (i * 7919) % vocabulary),
    "int32",
  );
  for (const format of ["f32", "f16", "int8", "int4"] as const) {
    const table = matrixOnThisBackend(values, vocabulary, width, format, 32);
    bench(`embedding ${format}`, () => finish(() => embedding(ids, table)), benchOptions);
    if (format === "f32") bench("stock gather", () => finish(() => gather(f32Data(table), ids)), benchOptions);
  }
  const x = seededTensor([count, width], 2);
  const order = tensor1d(
    Int32Array.from({ length: count }, (_, i) => count - 1 - i),
    "int32",
  );
  bench("gatherRows", () => finish(() => gatherRows(x, order, order)), benchOptions);
});
