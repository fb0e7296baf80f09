// One readback for several tensors: on WebGPU a single staging copy, submit and map; elsewhere a plain copy.

import { backend, getBackend, type Tensor } from "@tensorflow/tfjs-core";
import { dispatcherOf } from "./dispatcher";
import { DeviceLostError } from "./errors";

/** The values of tensors as copies, float32 or int32 by dtype. Never cached, so tensors that kernels rewrite are safe. */
export async function readTensors(tensors: readonly Tensor[]): Promise<(Float32Array | Int32Array)[]> {
  const typed = (tensor: Tensor, bytes: ArrayBuffer) =>
    tensor.dtype === "int32" ? new Int32Array(bytes) : new Float32Array(bytes);
  if (getBackend() !== "webgpu")
    return Promise.all(tensors.map(async (t) => (await t.data()).slice() as Float32Array | Int32Array));
  const dispatcher = dispatcherOf(backend());
  const sizes = tensors.map((t) => t.size * 4);
  const total = sizes.reduce((a, b) => a + b, 0);
  if (total === 0) return tensors.map((t) => typed(t, new ArrayBuffer(0)));
  const staging = dispatcher.staging(total);
  let offset = 0;
  tensors.forEach((t, i) => {
    const size = sizes[i] as number;
    if (size > 0) dispatcher.copyToBuffer(t, staging, size, offset);
    offset += size;
  });
  dispatcher.flush();
  dispatcher.counters.maps++;
  dispatcher.counters.mapBytes += total;
  try {
    await staging.mapAsync(GPUMapMode.READ, 0, total);
  } catch (cause) {
    throw new DeviceLostError(
      "The GPU stopped in the middle of a job",
      "its device was lost",
      "Press Reload device; your text and adapter are kept",
      { cause },
    );
  }
  const bytes = staging.getMappedRange(0, total).slice(0);
  staging.unmap();
  dispatcher.releaseStaging(staging);
  let at = 0;
  return tensors.map((t, i) => {
    const size = sizes[i] as number;
    const part = bytes.slice(at, at + size);
    at += size;
    return typed(t, part);
  });
}
