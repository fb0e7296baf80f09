// RMSNorm and LayerNorm over the last axis of packed rows. Both are one kernel: RMSNorm leaves the mean in. A row's result
// depends on that row only; the sums over rows in the parameter gradients are taken in a fixed order.

import type { Tensor, TensorInfo } from "@tensorflow/tfjs-core";
import { currentGpu, f32, type Kernel, spread } from "@/gpu/dispatcher";
import { defineOp } from "../defineOp";
import code from "./norm.wgsl?raw";
import {
  type NormAttributes,
  normBiasGradientReference,
  normGradientReference,
  normReference,
  normWeightGradientReference,
} from "./reference";

type Named<K extends string> = Record<K, TensorInfo>;

const forwardKernel: Kernel = {
  name: "norm",
  code,
  entryPoint: "forward",
  bindings: ["read", "read", "read", "write", "write"],
  uniform: true,
};
const inputGradientKernel: Kernel = {
  name: "normInputGradient",
  code,
  entryPoint: "inputGradient",
  bindings: ["read", "read", "read", "read", "write"],
  uniform: true,
};
const weightGradientKernel: Kernel = {
  name: "normWeightGradient",
  code,
  entryPoint: "weightGradient",
  bindings: ["read", "read", "read", "write"],
  uniform: true,
};
const biasGradientKernel: Kernel = {
  name: "normBiasGradient",
  code,
  entryPoint: "biasGradient",
  bindings: ["read", "write"],
  uniform: true,
};

const inputGradient = defineOp<NormAttributes>({
  name: "NormInputGradient",
  webgpu: (inputs, { epsilon, centre }, gpu) => {
    const { x, weight, dy, statistics } = inputs as Named<"x" | "weight" | "dy" | "statistics">;
    const [m, d] = x.shape as [number, number];
    const out = gpu.output([m, d]);
    const params = [m, d, f32(epsilon), centre ? 1 : 0, 0, 0];
    gpu.run({ kernel: inputGradientKernel, buffers: [x, weight, dy, statistics, out], params, workgroups: spread(m) });
    return out;
  },
  reference: normGradientReference,
});

const weightGradient = defineOp<NormAttributes>({
  name: "NormWeightGradient",
  webgpu: (inputs, _, gpu) => {
    const { x, dy, statistics } = inputs as Named<"x" | "dy" | "statistics">;
    const [m, d] = x.shape as [number, number];
    const out = gpu.output([d]);
    gpu.run({
      kernel: weightGradientKernel,
      buffers: [x, dy, statistics, out],
      params: [m, d, 0, 0, 0, 0],
      workgroups: spread(Math.ceil(d / 16)),
    });
    return out;
  },
  reference: normWeightGradientReference,
});

const biasGradient = defineOp<NormAttributes>({
  name: "NormBiasGradient",
  webgpu: (inputs, _, gpu) => {
    const { dy } = inputs as Named<"dy">;
    const [m, d] = dy.shape as [number, number];
    const out = gpu.output([d]);
    gpu.run({
      kernel: biasGradientKernel,
      buffers: [dy, out],
      params: [m, d, 0, 0, 0, 0],
      workgroups: spread(Math.ceil(d / 16)),
    });
    return out;
  },
  reference: normBiasGradientReference,
});

const norm = defineOp<NormAttributes>({
  name: "Norm",
  webgpu: (inputs, { epsilon, centre }, gpu) => {
    const { x, weight, bias } = inputs as Named<"x" | "weight"> & { bias?: TensorInfo };
    const [m, d] = x.shape as [number, number];
    const outputs = [gpu.output([m, d]), gpu.output([m, 2])];
    gpu.run({
      kernel: forwardKernel,
      // Without a bias the weight stands in; the kernel does not read it.
      buffers: [x, weight, bias ?? weight, ...outputs],
      params: [m, d, f32(epsilon), centre ? 1 : 0, bias ? 1 : 0, 0],
      workgroups: spread(m),
    });
    return outputs;
  },
  reference: normReference,
  gradient: {
    inputsToSave: ["x", "weight"],
    outputsToSave: [false, true],
    backward: (cotangents, { x, weight, output1: statistics }, attributes) => {
      const dy = cotangents[0] as Tensor;
      return {
        x: () => inputGradient({ x, weight, dy, statistics }, attributes)[0] as Tensor,
        weight: () => weightGradient({ x, dy, statistics }, attributes)[0] as Tensor,
        bias: () => biasGradient({ dy }, attributes)[0] as Tensor,
      };
    },
  },
});

function run(name: string, x: Tensor, weight: Tensor, bias: Tensor | undefined, attributes: NormAttributes): Tensor {
  if (x.rank !== 2 || weight.size !== x.shape[1] || (bias && bias.size !== weight.size))
    throw new Error(
      `${name}: x [${x.shape.join(", ")}] does not fit a weight of ${weight.size}${bias ? ` and bias of ${bias.size}` : ""}`,
    );
  const [y, statistics] = norm({ x, weight, bias }, attributes);
  statistics?.dispose();
  return y as Tensor;
}

/** x / √(mean x² + ε) · weight per row: x [M, D], weight [D]. Differentiable. @throws when shapes do not fit. */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  return run("rmsNorm", x, weight, undefined, { epsilon, centre: false });
}

/** (x − mean) / √(variance + ε) · weight + bias per row: x [M, D]. Differentiable. @throws when shapes do not fit. */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  return run("layerNorm", x, weight, bias, { epsilon, centre: true });
}

/** What a layer that is differentiated by hand keeps of a norm. */
export interface NormedRows {
  readonly y: Tensor;
  /** [M, 2]: mean and inverse deviation per row. */
  readonly statistics: Tensor;
  readonly epsilon: number;
}

/** `rmsNorm` with the statistics that its gradient needs, off the tape. */
export function rmsNormRows(x: Tensor, weight: Tensor, epsilon: number): NormedRows {
  const [y, statistics] = norm({ x, weight, bias: undefined }, { epsilon, centre: false });
  return { y: y as Tensor, statistics: statistics as Tensor, epsilon };
}

/** Gradient of `rmsNormRows` with respect to x [M, D] for the cotangent dy of y. */
export function rmsNormGradient(x: Tensor, weight: Tensor, { statistics, epsilon }: NormedRows, dy: Tensor): Tensor {
  return inputGradient({ x, weight, dy, statistics }, { epsilon, centre: false })[0] as Tensor;
}

/** Adds that gradient to dx in place: to that of the residual around the norm. WebGPU only. */
export function addRmsNormGradient(x: Tensor, weight: Tensor, { statistics }: NormedRows, dy: Tensor, dx: Tensor): void {
  const [m, d] = x.shape as [number, number];
  const params = [m, d, 0, 0, 0, 1];
  currentGpu().run({
    kernel: inputGradientKernel,
    buffers: [x, weight, dy, statistics, dx],
    params,
    workgroups: spread(m),
  });
}
