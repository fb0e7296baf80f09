// Reading prompts into the KV cache, a few hundred rows at a time: each slice attends to what the slices before it have written,
// so the numbers are those of one long pass and memory does not grow with the prompt.

import { type Tensor, tensor, tensor1d, tidy } from "@tensorflow/tfjs-core";
import { trimDevice } from "@/gpu/deviceTensor";
import type { LayerCache } from "@/nn/attention";
import type { TextDecoder } from "@/nn/textDecoder";
import type { Rope } from "@/ops/rope/rope";
import { prefillRows } from "./memoryPlan";
import type { PackedRows } from "./packing";

/** Writes keys and values of the packed prompts at slots 0 to packed.count; `features` [F, D] are those of all of them in order. */
export function prefill(
  text: TextDecoder,
  packed: PackedRows,
  rope: Rope,
  cache: readonly LayerCache[],
  features: Tensor,
  rowsAtATime = prefillRows,
): void {
  for (let from = 0; from < packed.count; from += rowsAtATime) {
    const to = Math.min(from + rowsAtATime, packed.count);
    // Buffers of the full slices do not fit the shorter last one.
    if (from > 0 && to - from < rowsAtATime) trimDevice();
    tidy(() => {
      const int = (values: Int32Array) => tensor1d(values, "int32");
      const featureRows = int(packed.featureRows);
      const merge = { features, featureIndex: int(packed.featureIndex.slice(from, to)), featureRows };
      text.decode(text.embed(int(packed.ids.slice(from, to)), merge), {
        meta: { rows: tensor(packed.rows.slice(from * 4, to * 4), [to - from, 4], "int32") },
        positions: tensor(packed.positions.slice(from * packed.axes, to * packed.axes), [to - from, packed.axes], "int32"),
        rope,
        merge,
        cache: { layers: cache, slots: int(Int32Array.from({ length: to - from }, (_, i) => from + i)) },
      });
    });
  }
}
