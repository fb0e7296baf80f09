// Tensors whose numbers go to the device at once. TF.js uploads at first use and keeps its copy on the JavaScript side until then:
// hundreds of megabytes for a cache of keys and values, or for a model that is loaded and not used yet.

import { engine, getBackend, type Tensor, type TensorInfo, tensor, zeros } from "@tensorflow/tfjs-core";
import { currentGpu } from "./dispatcher";
import type { Purpose } from "./memory";

/** An output of a kernel as a tensor that `tidy` knows. */
export const asTensor = (info: TensorInfo): Tensor => engine().makeTensorFromTensorInfo(info);

/** A copy of float32 values as a tensor of the current backend; `values` is free to be used again. */
export function deviceTensor(values: Float32Array, shape: readonly number[]): Tensor {
  if (getBackend() !== "webgpu") return tensor(values.slice(), [...shape], "float32");
  const gpu = currentGpu();
  const info = gpu.output([...shape]);
  gpu.upload(info, values);
  return asTensor(info);
}

/** float32 zeros that are never on the JavaScript side, where TF.js' own take as many bytes as on the device; counted as `purpose`. */
export function deviceZeros(shape: readonly number[], purpose?: Purpose): Tensor {
  if (getBackend() !== "webgpu") return zeros([...shape]);
  const gpu = currentGpu();
  const { pool } = gpu;
  const before = pool.purpose;
  pool.purpose = purpose ?? before;
  const info = gpu.output([...shape]);
  pool.purpose = before;
  gpu.clear(info);
  return asTensor(info);
}

/** Gives idle buffers back to the device, on WebGPU: between phases whose shapes have nothing in common. */
export function trimDevice(): void {
  if (getBackend() === "webgpu") currentGpu().trim();
}
