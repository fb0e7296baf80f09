// The fused blocks give the bits of the separate operations, for every form a block has: formats, biases, head norms, several position
// axes, adapters; for few rows and many, with a cache and without; on the weakest device we support.

import { type Tensor, type Tensor2D, tensor, tensor1d, tensor2d, tidy } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { linear } from "@/ops/linear/linear";
import type { MatrixFormat } from "@/ops/matrix";
import { matrixOnThisBackend } from "@/ops/matrixWriter";
import { ropeTable } from "@/ops/rope/rope";
import { differingBits, read, seededValues, setUpGpu } from "@/ops/test/gpuFixture";
import type { DecoderLayer } from "./decoderLayer";
import type { LinearLayer } from "./linear";
import { TextDecoder } from "./textDecoder";

const fixture = setUpGpu({ floor: true });

interface Form {
  readonly format: MatrixFormat;
  readonly width: number;
  readonly heads: { readonly query: number; readonly keyValue: number; readonly dim: number };
  readonly ffn: number;
  readonly bias?: boolean;
  readonly headNorm?: boolean;
  readonly axes?: boolean;
  /** Ranks of q, k, v, o, gate, up, down; 0 without an adapter. */
  readonly ranks?: readonly number[];
}

const small = { format: "f32", width: 48, heads: { query: 3, keyValue: 1, dim: 16 }, ffn: 100 } as const;
const packed = { ...small, format: "int8", width: 64, heads: { query: 4, keyValue: 2, dim: 16 }, ffn: 96 } as const;
const forms: Readonly<Record<string, Form>> = {
  "f32, heads of 16": small,
  "f16, heads of 24": { ...small, format: "f16", heads: { query: 2, keyValue: 2, dim: 24 } },
  "int8 with adapters everywhere": { ...packed, ranks: [8, 8, 8, 8, 8, 8, 8] },
  "int4 with adapters on q, v and down": {
    format: "int4",
    width: 96,
    heads: { query: 3, keyValue: 1, dim: 32 },
    ffn: 160,
    ranks: [4, 0, 36, 0, 0, 0, 16],
  },
  "int4 with adapters of many ranks, two of them absent": {
    format: "int4",
    width: 320,
    heads: { query: 5, keyValue: 1, dim: 64 },
    ffn: 288,
    ranks: [32, 4, 0, 32, 16, 16, 32],
  },
  "f16 with adapters of 16": { ...small, format: "f16", width: 96, ranks: [16, 16, 16, 16, 0, 16, 16] },
  "Qwen2's biases and three position axes": { ...packed, bias: true, axes: true, ranks: [0, 4, 8, 0, 0, 0, 0] },
  "Qwen3's head norms": { ...packed, format: "int4", headNorm: true, axes: true, ranks: [4, 4, 4, 0, 4, 0, 0] },
};

let seed = 1;
const random = (shape: number[]): Tensor =>
  tensor(
    seededValues(
      shape.reduce((a, b) => a * b, 1),
      seed++,
    ),
    shape,
  );

function decoderOf({ format, width, heads, ffn, bias, headNorm, ranks = [] }: Form, layers: number): TextDecoder {
  const projection = (name: string, out: number, columns: number, withBias: boolean, rank = 0): LinearLayer => ({
    name,
    weight: matrixOnThisBackend(seededValues(out * columns, seed++), out, columns, format, 32),
    ...(withBias && { bias: random([out]) }),
    ...(rank > 0 && {
      lora: { a: random([rank, columns]) as Tensor2D, b: random([out, rank]) as Tensor2D, scaling: 0.7 },
    }),
  });
  const inner = heads.query * heads.dim;
  const keys = heads.keyValue * heads.dim;
  const block = (): DecoderLayer => ({
    heads,
    epsilon: 1e-5,
    inputNorm: random([width]),
    postAttentionNorm: random([width]),
    ...(headNorm && { qNorm: random([heads.dim]), kNorm: random([heads.dim]) }),
    q: projection("q", inner, width, bias === true, ranks[0]),
    k: projection("k", keys, width, bias === true, ranks[1]),
    v: projection("v", keys, width, bias === true, ranks[2]),
    o: projection("o", width, inner, false, ranks[3]),
    gate: projection("gate", ffn, width, false, ranks[4]),
    up: projection("up", ffn, width, false, ranks[5]),
    down: projection("down", width, ffn, false, ranks[6]),
  });
  const embedTokens = matrixOnThisBackend(seededValues(40 * width, seed++), 40, width, format, 32);
  return new TextDecoder({
    embedTokens,
    layers: Array.from({ length: layers }, block),
    norm: random([width]),
    epsilon: 1e-5,
    head: embedTokens,
  });
}

/** A causal pass of several sequences of these lengths, one after the other. */
function passOf({ heads, axes }: Form, lengths: readonly number[]) {
  const rows: number[] = [];
  const positions: number[] = [];
  let start = 0;
  for (const length of lengths) {
    for (let t = 0; t < length; t++) {
      rows.push(0, 0, start, t + 1);
      positions.push(...(axes ? [t, (t * 3) % 50, 50 - t] : [t]));
    }
    start += length;
  }
  const half = heads.dim / 2;
  return {
    meta: { rows: tensor2d(rows, [start, 4], "int32") },
    positions: tensor2d(positions, [start, axes ? 3 : 1], "int32"),
    rope: {
      table: tensor2d(
        ropeTable(
          Float64Array.from({ length: half }, (_, i) => 10000 ** (-i / half)),
          64,
        ),
        [64, heads.dim],
      ),
      ...(axes && {
        axes: tensor1d(
          Int32Array.from({ length: half }, (_, i) => i % 3),
          "int32",
        ),
      }),
    },
    count: start,
  };
}

describe("the fused decoder", () => {
  it.each(Object.keys(forms))("gives the bits of the separate operations: %s", async (name) => {
    const form = forms[name] as Form;
    const text = decoderOf(form, 2);
    for (const lengths of [[1], [1, 2], [3, 5], [7, 9], [20, 25, 30]]) {
      const { count, ...pass } = passOf(form, lengths);
      const x = random([count, form.width]);
      const fused = text.fused();
      if (!fused) throw new Error("these blocks do not fuse");
      const together = await read(text.blocks(x, pass, fused));
      const logits = await read(fused.logits(x));
      fused[Symbol.dispose]();
      expect(together.every(Number.isFinite)).toBe(true);
      expect(differingBits(together, await read(text.blocks(x, pass)))).toBe(0);
      const apart = tidy(() => linear(text.finalNorm(x), text.weights.head));
      expect(differingBits(logits, await read(apart))).toBe(0);
    }
    fixture.gpu.assertHealthy();
  });

  it.each([
    [8, [7, 9], 0],
    [8, [9, 9], 4],
    [36, [1], 4],
  ] as const)("takes adapters of rank %i, for sequences of %j, with %i dispatches more per block", (rank, lengths, extra) => {
    const layers = 2;
    const ranks = Array.from({ length: 7 }, () => rank);
    const { counters } = fixture.gpu.dispatcher;
    const [without, adapted] = [packed, { ...packed, ranks }].map((form) => {
      const text = decoderOf(form, layers);
      const { count, ...pass } = passOf(form, lengths);
      const x = random([count, form.width]);
      const fused = text.fused();
      if (!fused) throw new Error("these blocks do not fuse");
      const before = counters.dispatches;
      text.blocks(x, pass, fused).dispose();
      const taken = counters.dispatches - before;
      fused[Symbol.dispose]();
      return taken;
    });
    expect(without).toBe(5 * layers + 1);
    expect(adapted).toBe((5 + extra) * layers + 1);
  });

  it("forgets an adapter that is taken off", async () => {
    const text = decoderOf({ ...packed, ranks: [8, 8, 8, 8, 8, 8, 8] }, 1);
    const { count, ...pass } = passOf(packed, [1, 2]);
    const x = random([count, packed.width]);
    const run = async () => {
      using fused = text.fused();
      return read(text.blocks(x, pass, fused));
    };
    const adapted = await run();
    const adapters = text.projections.map(({ lora }) => lora);
    for (const layer of text.projections) layer.lora = undefined;
    const base = await run();
    const separate = await read(text.blocks(x, pass));
    expect(differingBits(base, separate)).toBe(0);
    expect(differingBits(base, adapted)).toBeGreaterThan(0);
    text.projections.forEach((layer, i) => {
      layer.lora = adapters[i];
    });
    expect(differingBits(await run(), adapted)).toBe(0);
  });
});
