// Appends keys or values to a cache: rows are written into the cache tensor itself, so that a captured decode step can be
// replayed. Changing a tensor in place is safe only because a cache is never on the tape; it has no gradient.

import { getBackend, type Tensor } from "@tensorflow/tfjs-core";
import { currentGpu, type Kernel, spread } from "@/gpu/dispatcher";
import { floatsOf, intsOf } from "./hostValues";
import code from "./kvWrite.wgsl?raw";

const kernel: Kernel = {
  name: "kvWrite",
  code,
  entryPoint: "main",
  bindings: ["read", "read", "write"],
  uniform: true,
};

/**
 * cache[slots[b]] = values[b], in place: cache [S, Hkv, hd], values [B, Hkv, hd], slots int32 [B]. A slot outside the cache
 * is skipped; slots must differ.
 * @throws when shapes do not fit.
 */
export function kvWrite(cache: Tensor, values: Tensor, slots: Tensor): void {
  const [size, heads, width] = cache.shape;
  const count = values.shape[0] ?? 0;
  if (
    size === undefined ||
    values.shape[1] !== heads ||
    values.shape[2] !== width ||
    slots.size !== count ||
    slots.dtype !== "int32"
  )
    throw new Error(
      `kvWrite: cache [${cache.shape.join(", ")}], values [${values.shape.join(", ")}] and ${slots.dtype} slots ` +
        `[${slots.shape.join(", ")}] do not fit`,
    );
  const columns = values.size / Math.max(1, count);
  if (count === 0) return;
  if (getBackend() === "webgpu") {
    currentGpu().run({
      kernel,
      buffers: [values, slots, cache],
      params: [count, columns, size],
      workgroups: spread(Math.ceil(values.size / 64)),
    });
    return;
  }
  const [target, source] = [floatsOf(cache), floatsOf(values)];
  intsOf(slots).forEach((slot, row) => {
    if (slot >= 0 && slot < size) target.set(source.subarray(row * columns, (row + 1) * columns), slot * columns);
  });
}
