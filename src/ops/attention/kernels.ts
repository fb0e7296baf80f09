// The WGSL side of attention: which kernel runs on which grid. With few (row, head) pairs each gets a workgroup, so that a
// decode step fills the GPU; with many each gets a thread, which needs no barriers; few pairs with very many keys have their keys
// split (splitKeys.ts). All give the same bits.

import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Dispatcher, f32, type Kernel, spread } from "@/gpu/dispatcher";
import { variants } from "../variants";
import fewCode from "./attention.wgsl?raw";
import gradientCode from "./attentionGradient.wgsl?raw";
import manyCode from "./attentionMany.wgsl?raw";
import manyGradientCode from "./attentionManyGradient.wgsl?raw";
import keyScoreCode from "./keyScore.wgsl?raw";
import { type KeySplit, runSplit } from "./splitKeys";

type Named<K extends string> = Readonly<Record<K, TensorInfo>>;

const code = fewCode + keyScoreCode;
const widestManyForward = 64;
const widestManyKeyGradient = 32;

const forwardBindings = ["read", "read", "read", "read", "write", "write"] as const;
const prepareBindings = ["read", "read", "read", "read", "write"] as const;
const queryBindings = ["read", "read", "read", "read", "read", "write"] as const;
const keyBindings = ["read", "read", "read", "read", "read", "read", "write", "write"] as const;

/** A kernel for heads of `width` with one workgroup per pair; no result depends on the number of lanes. */
function kernelPerWorkgroup(source: string, entryPoint: string, bindings: Kernel["bindings"], width: number): Kernel {
  const constants = { WIDTH: width, LANES: width >= 32 ? 128 : 64 };
  return { name: `attention ${entryPoint}`, code: source, entryPoint, bindings, uniform: true, constants };
}

/** A kernel for heads of `width` with one thread per pair. */
function kernelPerThread(source: string, entryPoint: string, bindings: Kernel["bindings"], width: number): Kernel {
  const constants = { WIDTH4: width / 4 };
  return { name: `attentionMany ${entryPoint}`, code: source, entryPoint, bindings, uniform: true, constants };
}

/** Picks the variant for `pairs` pairs and says how many workgroups it takes. */
function variant(
  sources: { readonly few: string; readonly many: string; readonly widestMany: number },
  entryPoint: string,
  bindings: Kernel["bindings"],
  { pairs, width }: { readonly pairs: number; readonly width: number },
): { kernel: Kernel; workgroups: readonly [number, number] } {
  return pairs >= variants().manyPairs && width <= sources.widestMany
    ? { kernel: kernelPerThread(sources.many, entryPoint, bindings, width), workgroups: spread(Math.ceil(pairs / 64)) }
    : { kernel: kernelPerWorkgroup(sources.few, entryPoint, bindings, width), workgroups: spread(pairs) };
}

/** Queries as part of wider rows: q [M, stride] with all heads from a column on; both in multiples of 4. */
export interface QueryPlace {
  readonly heads: number;
  readonly width: number;
  readonly first: number;
  readonly stride: number;
}

/** Where the queries are, and what the keys are split with; by default q is [M, H, hd] and nothing is split. */
export interface AttentionOptions {
  readonly place?: QueryPlace | undefined;
  readonly split?: KeySplit | undefined;
}

/** What a call that is not split runs. */
export function attentionKernel(call: { readonly pairs: number; readonly width: number }): ReturnType<typeof variant> {
  const sources = { few: code, many: manyCode, widestMany: widestManyForward };
  return variant(sources, "main", forwardBindings, call);
}

/** [out [M, H, hd], lse [M, H]] */
export function attentionOnGpu(
  { q, k, v, rows }: Named<"q" | "k" | "v" | "rows">,
  gpu: Dispatcher,
  { place, split }: AttentionOptions = {},
): TensorInfo[] {
  const [m, ownHeads = 0, ownWidth = 0] = q.shape as [number, number?, number?];
  const { heads, width, first, stride } = place ?? { heads: ownHeads, width: ownWidth, first: 0, stride: ownHeads * ownWidth };
  const outputs = [gpu.output([m, heads, width]), gpu.output([m, heads])];
  const params = [m, heads, k.shape[1] as number, f32(width ** -0.5), first / 4, stride / 4];
  const pairs = m * heads;
  if (split) runSplit({ q, k, v, rows, outputs }, gpu, { pairs, width, split, params });
  else gpu.run({ ...attentionKernel({ pairs, width }), buffers: [q, k, v, rows, ...outputs], params });
  return outputs;
}

/** [dq, dk, dv] */
export function attentionGradientOnGpu(
  { q, k, v, dy, output, lse, rows, keys }: Named<"q" | "k" | "v" | "dy" | "output" | "lse" | "rows" | "keys">,
  gpu: Dispatcher,
): TensorInfo[] {
  const [m, heads, width] = q.shape as [number, number, number];
  const [keyRows, keyHeads] = k.shape as [number, number];
  const params = [m, heads, keyHeads, keyRows, f32(width ** -0.5)];
  const info = gpu.output([m, 4 + 2 * heads], "int32");
  const [dq, dk, dv] = [gpu.output(q.shape), gpu.output(k.shape), gpu.output(v.shape)];
  gpu.run({
    kernel: { ...kernelPerWorkgroup(gradientCode, "prepare", prepareBindings, width), constants: { WIDTH: width } },
    buffers: [dy, output, lse, rows, info],
    params,
    workgroups: spread(Math.ceil((m * heads) / 64)),
  });
  const sources = { few: gradientCode, many: manyGradientCode };
  gpu.run({
    ...variant({ ...sources, widestMany: widestManyForward }, "queryGradient", queryBindings, { pairs: m * heads, width }),
    buffers: [q, k, v, dy, info, dq],
    params,
  });
  gpu.run({
    ...variant({ ...sources, widestMany: widestManyKeyGradient }, "keyGradient", keyBindings, {
      pairs: keyRows * keyHeads,
      width,
    }),
    buffers: [q, k, v, dy, info, keys, dk, dv],
    params,
  });
  gpu.backend.disposeData(info.dataId);
  return [dq, dk, dv];
}
