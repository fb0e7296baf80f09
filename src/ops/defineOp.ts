// How an operation becomes a TF.js kernel: one definition registers the WGSL implementation for `webgpu`, the reference
// composition (stock operations) for every other backend, and the gradient. Importing an op's file is its registration.

import {
  engine,
  type KernelConfig,
  type NamedTensorMap,
  registerGradient,
  registerKernel,
  type Tensor,
  type TensorInfo,
  tidy,
} from "@tensorflow/tfjs-core";
import { type Dispatcher, dispatcherOf } from "@/gpu/dispatcher";
import "./stockGradients";

/** Inputs of an op by name; absent optional inputs are left out. */
export type OpInputs = Readonly<Record<string, Tensor | undefined>>;
export type OpInfos = Readonly<Record<string, TensorInfo>>;
export type OpAttributes = Readonly<Record<string, unknown>>;

/** Gradient of an op: called with the cotangents of its outputs and what was saved; one lazy function per input. */
export interface OpGradient<A extends OpAttributes> {
  readonly inputsToSave?: readonly string[];
  /** Per output, whether to save it. */
  readonly outputsToSave?: readonly boolean[];
  /** `dy`: cotangent per output; `saved`: inputs by name, then outputs as `output0`, `output1`, ... */
  readonly backward: (
    dy: readonly Tensor[],
    saved: Readonly<Record<string, Tensor>>,
    attributes: A,
  ) => Record<string, () => Tensor>;
}

export interface OpDefinition<A extends OpAttributes> {
  readonly name: string;
  /** Encodes the WGSL kernels and returns the outputs. */
  readonly webgpu: (inputs: OpInfos, attributes: A, gpu: Dispatcher) => TensorInfo | TensorInfo[];
  /** The same mathematics in stock operations: the other backends' implementation and the tests' oracle. */
  readonly reference: (inputs: Readonly<Record<string, Tensor>>, attributes: A) => Tensor | Tensor[];
  readonly gradient?: OpGradient<A>;
}

const referenceBackends = ["wasm", "cpu"] as const;

/** Registers an op and returns the function that runs it on the current backend. */
export function defineOp<A extends OpAttributes>(definition: OpDefinition<A>): (inputs: OpInputs, attributes: A) => Tensor[] {
  const { name, webgpu, reference, gradient } = definition;
  const webgpuKernel: KernelConfig = {
    kernelName: name,
    backendName: "webgpu",
    kernelFunc: ({ inputs, attrs, backend }) => webgpu(inputs as OpInfos, attrs as unknown as A, dispatcherOf(backend)),
  };
  registerKernel(webgpuKernel);
  for (const backendName of referenceBackends) {
    registerKernel({
      kernelName: name,
      backendName,
      kernelFunc: ({ inputs, attrs }) =>
        tidy(() => reference(inputs as unknown as Record<string, Tensor>, attrs as unknown as A)),
    });
  }
  if (gradient) {
    const inputsToSave = [...(gradient.inputsToSave ?? [])];
    const outputsToSave = [...(gradient.outputsToSave ?? [])];
    registerGradient({
      kernelName: name,
      inputsToSave,
      outputsToSave,
      gradFunc: (dy, saved, attrs) => {
        const named: Record<string, Tensor> = {};
        inputsToSave.forEach((input, index) => {
          named[input] = saved[index] as Tensor;
        });
        let next = inputsToSave.length;
        outputsToSave.forEach((keep, output) => {
          if (keep) named[`output${output}`] = saved[next++] as Tensor;
        });
        return gradient.backward(Array.isArray(dy) ? dy : [dy], named, attrs as unknown as A);
      },
    });
  }
  return (inputs, attributes) => {
    const present: NamedTensorMap = {};
    for (const [key, tensor] of Object.entries(inputs)) if (tensor) present[key] = tensor;
    const result = engine().runKernel(name, present, attributes as never) as Tensor | Tensor[];
    return Array.isArray(result) ? result : [result];
  };
}
