// Memory while weights pass through the loader: pieces of bounded size, in buffers that are used again, however large the matrix.

import "@tensorflow/tfjs-backend-cpu";
import { setBackend } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import type { StoredTensor, TensorSource } from "@/formats/tensorSource";
import type { ModelConfig, ModelFamily, VisionLanguageModel } from "@/models/family";
import { loadWeights } from "./loadWeights";

const [rows, columns] = [4096, 1024];

/** A family of one matrix. */
const family = {
  name: "one",
  canonicalName: (name: string) => name,
  build(_config, take) {
    take.matrix({ name: "w", rows, columns, part: "text" });
    return {} as VisionLanguageModel;
  },
} as Pick<ModelFamily, "build" | "canonicalName"> as ModelFamily;

describe("A matrix of 16 MiB", () => {
  it("is read in pieces of at most 4 MiB into one buffer", async () => {
    await setBackend("cpu");
    const stored: StoredTensor = {
      name: "w",
      shape: [rows, columns],
      dtype: "F32",
      file: 0,
      offset: 0,
      bytes: rows * columns * 4,
    };
    const buffers = new Set<ArrayBuffer | undefined>();
    let largest = 0;
    let pieces = 0;
    const source: TensorSource = {
      tensors: new Map([["w", stored]]),
      async rows(_name, _first, count, into) {
        buffers.add(into);
        pieces++;
        largest = Math.max(largest, count * columns * 4);
        return new Float32Array(into ?? new ArrayBuffer(count * columns * 4), 0, count * columns).fill(0.5);
      },
    };
    const precision = { text: "int4", vision: "f32", head: "f32", groupSize: 32 } as const;
    const loaded = await loadWeights(family, {} as ModelConfig, async () => source, { precision });
    expect(largest).toBeLessThanOrEqual(4 * 2 ** 20);
    expect(pieces).toBeGreaterThanOrEqual(4);
    expect([...buffers].map((buffer) => buffer instanceof ArrayBuffer)).toEqual([true]);
    expect(loaded.tensors[0]?.dataSync()[rows * columns - 1]).toBeCloseTo(0.5, 5);
    loaded[Symbol.dispose]();
  });
});
