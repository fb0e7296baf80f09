// The update of an optimiser step: AdamW with decoupled weight decay and bias correction (torch.optim.AdamW) in place, so that
// parameter and moments keep their tensors, and the size of a gradient (sum of squares in fixed order, norm over many tensors
// with one readback), by which the trainer clips, and skips a step that is not finite.

import { getBackend, type Tensor, type TensorInfo, tensor } from "@tensorflow/tfjs-core";
import { asTensor } from "@/gpu/deviceTensor";
import { currentGpu, type Dispatcher, f32, type Kernel, spread } from "@/gpu/dispatcher";
import { readTensors } from "@/gpu/readback";
import { floatsOf } from "../attention/hostValues";
import { defineOp } from "../defineOp";
import adamwCode from "./adamw.wgsl?raw";
import squaresCode from "./sumOfSquares.wgsl?raw";

/** A trained tensor with its first and second moment, all float32 of one size; moments start at 0. */
export interface OptimizedParameter {
  readonly value: Tensor;
  readonly m: Tensor;
  readonly v: Tensor;
}

export interface AdamwSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Number of this update, from 1. */
  readonly step: number;
  /** Multiplies the gradient first: the factor of norm clipping. */
  readonly gradientScale: number;
}

const adamwKernel: Kernel = {
  name: "adamw",
  code: adamwCode,
  entryPoint: "one",
  bindings: ["write", "write", "write", "read"],
  uniform: true,
};
const adamwTwoKernel: Kernel = {
  ...adamwKernel,
  name: "adamwTwo",
  entryPoint: "two",
  bindings: [...adamwKernel.bindings, ...adamwKernel.bindings],
};

/** A parameter and its gradient, of one size. */
export type AdamwUpdate = OptimizedParameter & { readonly gradient: Tensor };

/** Updates one parameter in place from its gradient (same size). */
export function adamwStep(parameter: OptimizedParameter, gradient: Tensor, settings: AdamwSettings): void {
  adamwSteps([{ ...parameter, gradient }], settings);
}

/** Updates parameters in place from their gradients, two at a time. */
export function adamwSteps(updates: readonly AdamwUpdate[], settings: AdamwSettings): void {
  for (const { value, m, v, gradient } of updates) {
    if (m.size !== value.size || v.size !== value.size || gradient.size !== value.size)
      throw new Error(`adamwStep: sizes ${m.size}, ${v.size} and ${gradient.size} for a parameter of ${value.size}`);
  }
  const { learningRate, beta1, beta2, epsilon, weightDecay, step, gradientScale } = settings;
  if (!Number.isInteger(step) || step < 1) throw new Error(`adamwStep: step ${step} is not a whole number from 1`);
  const keep = 1 - learningRate * weightDecay;
  const stepSize = learningRate / (1 - beta1 ** step);
  const rootCorrection = Math.sqrt(1 - beta2 ** step);
  if (getBackend() === "webgpu") {
    const numbers = [gradientScale, keep, 1 - beta1, beta2, 1 - beta2, stepSize, rootCorrection, epsilon].map(f32);
    for (let first = 0; first < updates.length; first += 2) {
      const some = updates.slice(first, first + 2);
      const counts = some.map(({ value }) => value.size);
      currentGpu().run({
        kernel: some.length === 2 ? adamwTwoKernel : adamwKernel,
        buffers: some.flatMap(({ value, m, v, gradient }) => [value, m, v, gradient]),
        params: [counts[0] ?? 0, counts[1] ?? 0, ...numbers],
        workgroups: [...spread(Math.ceil(Math.max(...counts) / 256)), some.length],
      });
    }
    return;
  }
  for (const { value, m, v, gradient } of updates) {
    const [values, first, second, slopes] = [value, m, v, gradient].map((x) => floatsOf(x)) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    for (let i = 0; i < value.size; i++) {
      const g = (slopes[i] as number) * gradientScale;
      const mean = (first[i] as number) + (g - (first[i] as number)) * (1 - beta1);
      const square = beta2 * (second[i] as number) + (1 - beta2) * g * g;
      first[i] = mean;
      second[i] = square;
      values[i] = keep * (values[i] as number) - (stepSize * mean) / (Math.sqrt(square) / rootCorrection + epsilon);
    }
  }
}

/** Tensors of one dispatch: with the sums as many as the smallest limit of storage buffers allows. */
const tensorsPerDispatch = 7;

const partialKernel: Kernel = {
  name: "sumOfSquaresPartial",
  code: squaresCode,
  entryPoint: "partial",
  bindings: [...Array.from({ length: tensorsPerDispatch }, () => "read" as const), "write"],
  uniform: true,
};
const totalKernel: Kernel = {
  ...partialKernel,
  name: "sumOfSquaresTotal",
  entryPoint: "total",
  bindings: ["read", "write"],
};
const block = 4096;

/** Encodes the sums of squares of tensors into as many elements of `out`. */
function encode(gpu: Dispatcher, tensors: readonly TensorInfo[], out: TensorInfo): void {
  for (let slot = 0; slot < tensors.length; slot += tensorsPerDispatch) {
    const some = tensors.slice(slot, slot + tensorsPerDispatch);
    let first = 0;
    const ranges = some.map(({ shape }, i) => {
      const count = shape.reduce((a, b) => a * b, 1);
      const parts = Math.ceil(count / block);
      first += parts;
      return { count, parts, words: [count, first - parts, parts, slot + i] };
    });
    const partial = gpu.output([first]);
    const inputs = Array.from({ length: tensorsPerDispatch }, (_, i) => some[i] ?? (some[0] as TensorInfo));
    const params = Array.from({ length: tensorsPerDispatch }, (_, i) => ranges[i]?.words ?? [0, 0, 0, 0]).flat();
    const widest = Math.max(...ranges.map(({ parts }) => parts));
    gpu.run({ kernel: partialKernel, buffers: [...inputs, partial], params, workgroups: [...spread(widest), some.length] });
    gpu.run({ kernel: totalKernel, buffers: [partial, out], params, workgroups: [some.length] });
    gpu.backend.disposeData(partial.dataId);
  }
}

const sumOfSquaresOp = defineOp<Record<string, never>>({
  name: "SumOfSquares",
  webgpu: (inputs, _, gpu) => {
    const out = gpu.output([1]);
    encode(gpu, [(inputs as Record<"x", TensorInfo>).x], out);
    return out;
  },
  reference: ({ x }) => tensor([squares(x as Tensor)], [1]),
});

function squares(x: Tensor): number {
  let sum = 0;
  for (const value of floatsOf(x)) sum += value * value;
  return sum;
}

/** Σ x² → [1], in a fixed order; not differentiable. */
export function sumOfSquares(x: Tensor): Tensor {
  return sumOfSquaresOp({ x }, {})[0] as Tensor;
}

/** √(Σ over all tensors of Σ x²): the global gradient norm; NaN or infinite when an element is. */
export async function gradientNorm(tensors: readonly Tensor[]): Promise<number> {
  if (tensors.length === 0) return 0;
  if (getBackend() !== "webgpu") return Math.sqrt(tensors.reduce((sum, x) => sum + squares(x), 0));
  const gpu = currentGpu();
  const info = gpu.output([tensors.length]);
  encode(gpu, tensors, info);
  const out = asTensor(info);
  const [sums] = (await readTensors([out])) as [Float32Array];
  out.dispose();
  return Math.sqrt(sums.reduce((sum, value) => sum + value, 0));
}
