// Elementwise activations of the transformers: SwiGLU of language models and of Qwen2.5-VL's vision tower, the tanh form of
// GELU of vision encoders, and GELU itself (with erf) of what merges patches. Safe for any finite input: no exponential of a large positive number is ever taken.

import type { Tensor, TensorInfo } from "@tensorflow/tfjs-core";
import { type Dispatcher, type Kernel, spread } from "@/gpu/dispatcher";
import { defineOp } from "../defineOp";
import code from "./activation.wgsl?raw";
import {
  geluErfGradientReference,
  geluErfReference,
  geluGradientReference,
  geluReference,
  swigluGradientReference,
  swigluReference,
} from "./reference";

type NoAttributes = Record<string, never>;
type Named<K extends string> = Record<K, TensorInfo>;

const swigluKernel: Kernel = {
  name: "swiglu",
  code,
  entryPoint: "swiglu",
  bindings: ["read", "read", "write"],
  uniform: true,
};
const swigluGradientKernel: Kernel = {
  name: "swigluGradient",
  code,
  entryPoint: "swigluGradient",
  bindings: ["read", "read", "read", "write", "write"],
  uniform: true,
};
/** Runs an elementwise kernel: `inputs` and `outputs` all have the same size. */
function elementwise(gpu: Dispatcher, kernel: Kernel, inputs: readonly TensorInfo[], outputs: readonly TensorInfo[]): void {
  const size = (inputs[0] as TensorInfo).shape.reduce((a, b) => a * b, 1);
  gpu.run({ kernel, buffers: [...inputs, ...outputs], params: [size], workgroups: spread(Math.ceil(size / 64)) });
}

const swigluGradient = defineOp<NoAttributes>({
  name: "SwigluGradient",
  webgpu: (inputs, _, gpu) => {
    const { gate, up, dy } = inputs as Named<"gate" | "up" | "dy">;
    const outputs = [gpu.output(gate.shape), gpu.output(gate.shape)];
    elementwise(gpu, swigluGradientKernel, [gate, up, dy], outputs);
    return outputs;
  },
  reference: swigluGradientReference,
});

const swigluOp = defineOp<NoAttributes>({
  name: "Swiglu",
  webgpu: (inputs, _, gpu) => {
    const { gate, up } = inputs as Named<"gate" | "up">;
    const out = gpu.output(gate.shape);
    elementwise(gpu, swigluKernel, [gate, up], [out]);
    return out;
  },
  reference: swigluReference,
  gradient: {
    inputsToSave: ["gate", "up"],
    backward: ([dy], { gate, up }) => {
      const [dgate, dup] = swigluGradient({ gate, up, dy: dy as Tensor }, {});
      return { gate: () => dgate as Tensor, up: () => dup as Tensor };
    },
  },
});

/** silu(gate)·up elementwise, both [M, F]. Differentiable. @throws when the shapes differ. */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  if (gate.shape.join() !== up.shape.join())
    throw new Error(`swiglu: gate [${gate.shape.join(", ")}] and up [${up.shape.join(", ")}] differ`);
  return swigluOp({ gate, up }, {})[0] as Tensor;
}

type Reference = (inputs: Readonly<Record<string, Tensor>>) => Tensor;

/** An op of one input x and its gradient; `entryPoint` and `entryPoint`Gradient are the kernels. */
function defineUnary(name: string, entryPoint: string, reference: Reference, gradientReference: Reference) {
  const bindings = ["read", "write"] as const;
  const kernel: Kernel = { name: entryPoint, code, entryPoint, bindings, uniform: true };
  const gradientEntry = `${entryPoint}Gradient`;
  const gradientKernel: Kernel = { ...kernel, name: gradientEntry, entryPoint: gradientEntry, bindings: ["read", ...bindings] };
  const gradient = defineOp<NoAttributes>({
    name: `${name}Gradient`,
    webgpu: (inputs, _, gpu) => {
      const { x, dy } = inputs as Named<"x" | "dy">;
      const out = gpu.output(x.shape);
      elementwise(gpu, gradientKernel, [x, dy], [out]);
      return out;
    },
    reference: gradientReference,
  });
  return defineOp<NoAttributes>({
    name,
    webgpu: (inputs, _, gpu) => {
      const { x } = inputs as Named<"x">;
      const out = gpu.output(x.shape);
      elementwise(gpu, kernel, [x], [out]);
      return out;
    },
    reference,
    gradient: {
      inputsToSave: ["x"],
      backward: ([dy], { x }) => ({ x: () => gradient({ x, dy: dy as Tensor }, {})[0] as Tensor }),
    },
  });
}

const geluOp = defineUnary("GeluTanh", "gelu", geluReference, geluGradientReference);
const geluErfOp = defineUnary("GeluErf", "geluErf", geluErfReference, geluErfGradientReference);

/** x·(1 + tanh(√(2/π)·(x + 0.044715 x³)))/2 elementwise, any shape (`gelu_pytorch_tanh`). Differentiable. */
export function gelu(x: Tensor): Tensor {
  return geluOp({ x }, {})[0] as Tensor;
}

/** x·(1 + erf(x/√2))/2 elementwise, any shape (PyTorch's `nn.GELU()`). Differentiable. */
export function geluErf(x: Tensor): Tensor {
  return geluErfOp({ x }, {})[0] as Tensor;
}
