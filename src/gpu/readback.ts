// One readback for several tensors, or parts of them: on WebGPU a single staging copy, submit and map; elsewhere a plain copy.

import { getBackend, type Tensor } from "@tensorflow/tfjs-core";
import { currentGpu } from "./dispatcher";
import { DeviceLostError } from "./errors";

/** Some of a tensor's values: `count` from `first` on. */
export interface ReadRange {
  readonly tensor: Tensor;
  readonly first: number;
  readonly count: number;
}

/** The values of tensors as copies, float32 or int32 by dtype. Never cached, so tensors that kernels rewrite are safe. */
export function readTensors(tensors: readonly Tensor[]): Promise<(Float32Array | Int32Array)[]> {
  return readRanges(tensors.map((tensor) => ({ tensor, first: 0, count: tensor.size })));
}

/** The same for parts of tensors. */
export async function readRanges(ranges: readonly ReadRange[]): Promise<(Float32Array | Int32Array)[]> {
  const typed = ({ tensor }: ReadRange, bytes: ArrayBuffer) =>
    tensor.dtype === "int32" ? new Int32Array(bytes) : new Float32Array(bytes);
  if (getBackend() !== "webgpu")
    return Promise.all(
      ranges.map(
        async ({ tensor, first, count }) => (await tensor.data()).slice(first, first + count) as Float32Array | Int32Array,
      ),
    );
  const dispatcher = currentGpu();
  const sizes = ranges.map(({ count }) => count * 4);
  const total = sizes.reduce((a, b) => a + b, 0);
  if (total === 0) return ranges.map((range) => typed(range, new ArrayBuffer(0)));
  const staging = dispatcher.staging(total);
  let offset = 0;
  ranges.forEach(({ tensor, first }, i) => {
    const size = sizes[i] as number;
    if (size > 0) dispatcher.copyToBuffer(tensor, staging, size, offset, first * 4);
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
  return ranges.map((range, i) => {
    const size = sizes[i] as number;
    const part = bytes.slice(at, at + size);
    at += size;
    return typed(range, part);
  });
}
