// The same decoder from stock TensorFlow.js operations, as one would write it without kernels of one's own: f32 weights, keys and
// values grown by concat, argMax on the device. It runs on the device of this project (gpu/device.ts), whose guards keep stock
// products right; otherwise nothing here is the project's.

import {
  add,
  argMax,
  concat,
  dispose,
  gather,
  keep,
  linalg,
  matMul,
  mean,
  mul,
  neg,
  ones,
  reshape,
  rsqrt,
  sigmoid,
  slice,
  softmax,
  split,
  square,
  sub,
  type Tensor,
  tensor1d,
  tensor2d,
  tidy,
  tile,
  transpose,
  version_core,
} from "@tensorflow/tfjs-core";
import { httpFolder } from "@/fetching/httpFolder";
import { openSafetensors } from "@/formats/safetensorsSource";
import type { EnginePlace, PeerEngine } from "../engine";
import { maxPositions, type PeerDimensions } from "../sizes";
import { sharedGpu } from "./sharedGpu";

const decoder = "model.text_model";
const epsilon = 1e-5;
const theta = 100_000;

interface Block {
  readonly norm1: Tensor;
  readonly norm2: Tensor;
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly o: Tensor;
  readonly gate: Tensor;
  readonly up: Tensor;
  readonly down: Tensor;
}

interface Weights {
  readonly embedding: Tensor;
  readonly blocks: readonly Block[];
  readonly norm: Tensor;
  readonly head: Tensor;
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/** Keys and values of every block. */
type Cache = [Tensor, Tensor][];

type Next = { id: Tensor; cache: Cache };

async function loadWeights(model: string, size: PeerDimensions): Promise<Weights> {
  const source = await openSafetensors([await httpFolder(model).open("model.safetensors")]);
  const read = async (name: string): Promise<Tensor> => {
    const shape = source.tensors.get(name)?.shape ?? [];
    const [rows = 0, columns] = shape;
    const values = (await source.rows(name, 0, rows)).slice();
    return keep(columns === undefined ? tensor1d(values) : tensor2d(values, [rows, columns]));
  };
  /** Transposed once, so that every product is a plain matMul(x, w). */
  const linear = async (name: string): Promise<Tensor> => {
    const stored = await read(name);
    const turned = keep(tidy(() => transpose(stored)));
    stored.dispose();
    return turned;
  };
  const blocks: Block[] = [];
  for (let i = 0; i < size.layers; i++) {
    const p = `${decoder}.layers.${i}`;
    blocks.push({
      norm1: await read(`${p}.input_layernorm.weight`),
      norm2: await read(`${p}.post_attention_layernorm.weight`),
      q: await linear(`${p}.self_attn.q_proj.weight`),
      k: await linear(`${p}.self_attn.k_proj.weight`),
      v: await linear(`${p}.self_attn.v_proj.weight`),
      o: await linear(`${p}.self_attn.o_proj.weight`),
      gate: await linear(`${p}.mlp.gate_proj.weight`),
      up: await linear(`${p}.mlp.up_proj.weight`),
      down: await linear(`${p}.mlp.down_proj.weight`),
    });
  }
  const dim = size.headDim;
  const table = (turn: (angle: number) => number) => {
    const angle = (i: number) => Math.floor(i / dim) * theta ** (-((i % dim) % (dim / 2)) / (dim / 2));
    return keep(
      tensor2d(
        Float32Array.from({ length: maxPositions * dim }, (_, i) => turn(angle(i))),
        [maxPositions, dim],
      ),
    );
  };
  return {
    embedding: await read(`${decoder}.embed_tokens.weight`),
    blocks,
    norm: await read(`${decoder}.norm.weight`),
    head: await linear("lm_head.weight"),
    cos: table(Math.cos),
    sin: table(Math.sin),
  };
}

const rms = (x: Tensor, weight: Tensor) => mul(mul(x, rsqrt(add(mean(square(x), -1, true), epsilon))), weight);

function rope(x: Tensor, cos: Tensor, sin: Tensor): Tensor {
  const [a, b] = split(x, 2, -1) as [Tensor, Tensor];
  return add(mul(x, cos), mul(concat([neg(b), a], -1), sin));
}

/** The next id after `ids`, which begin at position `start`, and the cache with them. */
function forward(weights: Weights, size: PeerDimensions, ids: readonly number[], start: number, cache: Cache | undefined): Next {
  const { heads, keyValueHeads, headDim: dim } = size;
  const group = heads / keyValueHeads;
  const t = ids.length;
  return tidy((): Next => {
    let x = gather(weights.embedding, tensor1d([...ids], "int32"));
    const cos = slice(weights.cos, [start, 0], [t, dim]);
    const sin = slice(weights.sin, [start, 0], [t, dim]);
    // Causal, once per query head of a group; a single token sees everything.
    const mask = t === 1 ? undefined : tile(mul(sub(linalg.bandPart(ones([t, t]), -1, 0), 1), 1e9), [group, 1]);
    const next = weights.blocks.map((w, i): [Tensor, Tensor] => {
      const y = rms(x, w.norm1);
      const byHead = (m: Tensor, n: number) => transpose(reshape(m, [t, n, dim]), [1, 0, 2]);
      const q = reshape(rope(byHead(matMul(y, w.q), heads), cos, sin), [keyValueHeads, group * t, dim]);
      const k = rope(byHead(matMul(y, w.k), keyValueHeads), cos, sin);
      const v = byHead(matMul(y, w.v), keyValueHeads);
      const past = cache?.[i];
      const [keys, values] = past ? [concat([past[0], k], 1), concat([past[1], v], 1)] : [k, v];
      const scores = mul(matMul(q, keys, false, true), dim ** -0.5);
      const mixed = matMul(softmax(mask ? add(scores, mask) : scores), values);
      const joined = reshape(transpose(reshape(mixed, [heads, t, dim]), [1, 0, 2]), [t, heads * dim]);
      x = add(x, matMul(joined, w.o));
      const z = rms(x, w.norm2);
      const gate = matMul(z, w.gate);
      x = add(x, matMul(mul(mul(gate, sigmoid(gate)), matMul(z, w.up)), w.down));
      return [keys, values];
    });
    const last = rms(slice(x, [t - 1, 0], [1, -1]), weights.norm);
    return { id: argMax(matMul(last, weights.head), -1), cache: next };
  });
}

/** Opens the model's weights in f32. */
export async function openStockTfjs({ model, size }: EnginePlace): Promise<PeerEngine> {
  const gpu = await sharedGpu();
  const weights = await loadWeights(model, size);
  return {
    version: `TensorFlow.js ${version_core}, stock operations`,
    notes: "f32 weights, keys and values grown by concat, argMax on the device",
    async generate(prompt, count, onToken) {
      let cache: Cache | undefined;
      let input: readonly number[] = [...prompt];
      let start = 0;
      for (let i = 0; i < count; i++) {
        const next = forward(weights, size, input, start, cache);
        if (cache) dispose(cache.flat());
        cache = next.cache;
        start += input.length;
        const [id = 0] = await next.id.data();
        next.id.dispose();
        onToken(id);
        input = [id];
      }
      if (cache) dispose(cache.flat());
      gpu.assertHealthy();
    },
    dispose() {
      const { blocks, ...others } = weights;
      dispose([...Object.values(others), ...blocks.flatMap((block) => Object.values(block))]);
    },
  };
}
