// The WGSL side of attention: which kernel runs on which grid. See attention.wgsl and attentionGradient.wgsl.

import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Dispatcher, f32, type Kernel, spread } from "@/gpu/dispatcher";
import code from "./attention.wgsl?raw";
import gradientCode from "./attentionGradient.wgsl?raw";

type Named<K extends string> = Readonly<Record<K, TensorInfo>>;

/** Constants of the kernels for heads of `width`; no result depends on the number of lanes. */
function constantsFor(width: number): Record<string, number> {
  return { WIDTH: width, LANES: width >= 32 ? 128 : 64 };
}

function forwardKernel(width: number): Kernel {
  const bindings = ["read", "read", "read", "read", "write", "write"] as const;
  return { name: "attention", code, entryPoint: "main", bindings, uniform: true, constants: constantsFor(width) };
}

function prepareKernel(width: number): Kernel {
  const bindings = ["read", "read", "read", "read", "write"] as const;
  const constants = { WIDTH: width };
  return { name: "attentionPrepareGradient", code: gradientCode, entryPoint: "prepare", bindings, uniform: true, constants };
}

function queryGradientKernel(width: number): Kernel {
  const bindings = ["read", "read", "read", "read", "read", "write"] as const;
  const constants = constantsFor(width);
  return { name: "attentionQueryGradient", code: gradientCode, entryPoint: "queryGradient", bindings, uniform: true, constants };
}

function keyGradientKernel(width: number): Kernel {
  const bindings = ["read", "read", "read", "read", "read", "read", "write", "write"] as const;
  const constants = constantsFor(width);
  return { name: "attentionKeyGradient", code: gradientCode, entryPoint: "keyGradient", bindings, uniform: true, constants };
}

/** [out [M, H, hd], lse [M, H]] */
export function attentionOnGpu({ q, k, v, rows }: Named<"q" | "k" | "v" | "rows">, gpu: Dispatcher): TensorInfo[] {
  const [m, heads, width] = q.shape as [number, number, number];
  const outputs = [gpu.output([m, heads, width]), gpu.output([m, heads])];
  gpu.run({
    kernel: forwardKernel(width),
    buffers: [q, k, v, rows, ...outputs],
    params: [m, heads, k.shape[1] as number, f32(width ** -0.5)],
    workgroups: spread(m * heads),
  });
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
  const prepareGrid = spread(Math.ceil((m * heads) / 64));
  gpu.run({ kernel: prepareKernel(width), buffers: [dy, output, lse, rows, info], params, workgroups: prepareGrid });
  gpu.run({ kernel: queryGradientKernel(width), buffers: [q, k, v, dy, info, dq], params, workgroups: spread(m * heads) });
  gpu.run({
    kernel: keyGradientKernel(width),
    buffers: [q, k, v, dy, info, keys, dk, dv],
    params,
    workgroups: spread(keyRows * keyHeads),
  });
  gpu.backend.disposeData(info.dataId);
  return [dq, dk, dv];
}
