// A tensor whose numbers go to the device at once. TF.js uploads at first use and keeps its copy on the JavaScript side for as long
// as the tensor lives; what stays on the device for a whole session need not be in memory twice.

import { backend, engine, getBackend, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { dispatcherOf } from "./dispatcher";

/** float32 values as a tensor of the current backend; on WebGPU `values` is free to be used again. */
export function deviceTensor(values: Float32Array, shape: readonly number[]): Tensor {
  if (getBackend() !== "webgpu") return tensor(values, [...shape], "float32");
  const gpu = dispatcherOf(backend());
  const info = gpu.output([...shape]);
  gpu.upload(info, values);
  return engine().makeTensorFromTensorInfo(info);
}
