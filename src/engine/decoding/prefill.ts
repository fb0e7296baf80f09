// Reading prompts into the KV cache, a few hundred rows at a time: each slice attends to what the slices before it have written,
// so the numbers are those of one long pass and memory does not grow with the prompt. The rows that decoding begins with, the last
// prompt token of every rollout, go with the last slice: the first token costs no pass of its own.

import { concat, reshape, slice, type Tensor, tensor, tensor1d, tidy, tile } from "@tensorflow/tfjs-core";
import { trimDevice } from "@/gpu/deviceTensor";
import type { DecodeState } from "@/ops/sample/decodeState";
import { prefillRows } from "../memoryPlan";
import type { PackedRows } from "../packing";
import type { Decoding } from "./decodeBatch";

/**
 * Writes keys and values of the packed prompts at slots 0 to packed.count and those of the decoding rows at theirs, whose hidden rows
 * (before the final norm) it returns, [rows, D]; `features` [F, D] are those of all prompts in order.
 */
export function prefill(
  { text, fused, rope, cache }: Pick<Decoding, "text" | "fused" | "rope" | "cache">,
  packed: PackedRows,
  features: Tensor,
  state: Pick<DecodeState, "rows" | "positions" | "slots" | "tokenIds">,
  rowsAtATime = prefillRows,
): Tensor {
  const decoded = state.tokenIds.size;
  // A row that decoding begins with sees its prompt and itself.
  const mostKeys = 1 + packed.rows.reduce((most, value, i) => (i % 4 === 3 ? Math.max(most, value) : most), 0);
  let first: Tensor | undefined;
  for (let from = 0; from < packed.count; from += rowsAtATime) {
    const to = Math.min(from + rowsAtATime, packed.count);
    const isLast = to === packed.count;
    // Buffers of the full slices do not fit the shorter last one.
    if (from > 0 && to - from < rowsAtATime) trimDevice();
    first = tidy(() => {
      const int = (values: Int32Array) => tensor1d(values, "int32");
      const count = to - from;
      const extra = isLast ? decoded : 0;
      const withState = (own: Tensor, more: Tensor) => (isLast ? concat([own, more], 0) : own);
      const none = new Int32Array(extra).fill(-1);
      const merge = {
        features,
        featureIndex: int(Int32Array.of(...packed.featureIndex.subarray(from, to), ...none)),
        featureRows: int(packed.featureRows),
      };
      const positions = tensor(packed.positions.slice(from * packed.axes, to * packed.axes), [count, packed.axes], "int32");
      const everyAxis = tile(reshape(state.positions, [decoded, 1]), [1, packed.axes]);
      const hidden = text.blocks(
        text.embed(withState(int(packed.ids.slice(from, to)), state.tokenIds), merge),
        {
          meta: { rows: withState(tensor(packed.rows.slice(from * 4, to * 4), [count, 4], "int32"), state.rows), mostKeys },
          positions: withState(positions, everyAxis),
          rope,
          merge,
          cache: { layers: cache, slots: withState(int(Int32Array.from({ length: count }, (_, i) => from + i)), state.slots) },
        },
        fused,
      );
      return isLast ? slice(hidden, [count, 0], [decoded, hidden.shape[1] as number]) : undefined;
    });
  }
  if (!first) throw new Error("there are no prompts to read");
  return first;
}
