// The block itself is compared with the reference by models/qwen/goldens.test.ts; here is what cutting rows may not change.

import { ones, type Tensor2D, tensor, tensor1d, zeros } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { f32Matrix } from "@/ops/matrix";
import { ropeFrequencies, ropeTable } from "@/ops/rope/rope";
import { maxDifference, seededValues } from "@/ops/test/gpuFixture";
import { setUpWasm } from "@/ops/test/wasmFixture";
import type { LinearLayer } from "./linear";
import { applyQwenVisionLayer, type QwenVisionMlp } from "./qwenVisionLayer";
import { segmentMeta } from "./segments";

setUpWasm();

const [m, d, wide] = [9, 16, 24];

function linearLayer(name: string, out: number, input: number, seed: number): LinearLayer {
  const weight = f32Matrix(tensor(seededValues(out * input, seed, 0.3), [out, input]) as Tensor2D);
  return { name, weight, bias: tensor1d(seededValues(out, seed + 1, 0.3)) };
}

const mlps: Record<QwenVisionMlp["kind"], () => QwenVisionMlp> = {
  swiglu: () => ({
    kind: "swiglu",
    gate: linearLayer("gate", wide, d, 3),
    up: linearLayer("up", wide, d, 5),
    down: linearLayer("down", d, wide, 7),
  }),
  gelu: () => ({ kind: "gelu", fc1: linearLayer("fc1", wide, d, 3), fc2: linearLayer("fc2", d, wide, 5) }),
};

describe("applyQwenVisionLayer", () => {
  it.each(["swiglu", "gelu"] as const)("gives the same rows however few are computed at a time, with %s", async (kind) => {
    const norm = { weight: ones([d]), bias: zeros([d]) };
    const layer = {
      heads: { query: 2, keyValue: 2, dim: 8 },
      epsilon: 1e-6,
      norm1: norm,
      norm2: norm,
      qkv: linearLayer("qkv", 3 * d, d, 11),
      proj: linearLayer("proj", d, d, 13),
      mlp: mlps[kind](),
    };
    const frequencies = ropeFrequencies(10_000, 4);
    const pass = {
      meta: { rows: tensor(segmentMeta([4, 5]).rows, [m, 4], "int32") },
      positions: tensor(
        Array.from({ length: m * 2 }, (_, i) => (i * 5) % 7),
        [m, 2],
        "int32",
      ),
      rope: {
        table: tensor(ropeTable(Float64Array.of(...frequencies, ...frequencies), 7), [7, 8]),
        axes: tensor1d([0, 0, 1, 1], "int32"),
      },
    };
    const x = tensor(seededValues(m * d, 17), [m, d]);
    const whole = await applyQwenVisionLayer(layer, x, pass).data();
    for (const rows of [1, 2, 4]) {
      const cut = await applyQwenVisionLayer(layer, x, { ...pass, limitBytes: rows * wide * 4 }).data();
      expect(maxDifference(cut, whole)).toBeLessThan(1e-5);
    }
  });
});
