// The one device of this project's engine and of the stock operations: TensorFlow.js knows one WebGPU backend at a time.

import { createGpu, type Gpu } from "@/gpu/device";

let gpu: Promise<Gpu> | undefined;

/** Makes the device at the first call. It lives as long as the page. */
export function sharedGpu(): Promise<Gpu> {
  gpu ??= createGpu();
  return gpu;
}
