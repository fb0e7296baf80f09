// Scaled dot-product attention over packed rows. One description of who sees what (two ranges of key rows per query row)
// covers causal and full attention, packed sequences, a shared prompt prefix and a KV cache. Keys are cached by `kvWrite`.
// Every result of a row depends only on that row, its keys and their logical order (see attention.wgsl).

import type { Tensor, TensorInfo } from "@tensorflow/tfjs-core";
import { asTensor } from "@/gpu/deviceTensor";
import { currentGpu, type Dispatcher } from "@/gpu/dispatcher";
import { defineOp, type OpInfos } from "../defineOp";
import { type AttentionOptions, attentionGradientOnGpu, attentionOnGpu } from "./kernels";
import { attentionGradientReference, attentionReference } from "./reference";

/** Who sees what. */
export interface AttentionMeta {
  /**
   * int32 [M, 4] per query row: prefixStart, prefixLength, segmentStart, keyCount. Logical key j < keyCount is physical row
   * j < prefixLength ? prefixStart + j : segmentStart + (j − prefixLength) of k and v.
   */
  readonly rows: Tensor;
  /** int32 [S, 2] per key row: the first and the end of the range of query rows that may see it. Needed by the gradient only. */
  readonly keys?: Tensor | undefined;
}

type NoAttributes = Record<string, never>;
type Named<K extends string> = Record<K, TensorInfo>;

const attentionGradient = defineOp<NoAttributes>({
  name: "AttentionGradient",
  webgpu: (inputs, _, gpu) =>
    attentionGradientOnGpu(inputs as Named<"q" | "k" | "v" | "dy" | "output" | "lse" | "rows" | "keys">, gpu),
  reference: attentionGradientReference,
});

const forward = {
  webgpu: (inputs: OpInfos, _: NoAttributes, gpu: Dispatcher) => attentionOnGpu(inputs as Named<"q" | "k" | "v" | "rows">, gpu),
  reference: attentionReference,
};

const attentionForward = defineOp<NoAttributes>({ name: "Attention", ...forward });

const attentionOnTape = defineOp<NoAttributes>({
  name: "AttentionOnTape",
  ...forward,
  gradient: {
    inputsToSave: ["q", "k", "v", "rows", "keys"],
    outputsToSave: [true, true],
    backward: ([dy], saved) => {
      const { q, k, v, rows, keys, output0, output1 } = saved;
      const [dq, dk, dv] = attentionGradient({ q, k, v, dy: dy as Tensor, output: output0, lse: output1, rows, keys }, {});
      return { q: () => dq as Tensor, k: () => dk as Tensor, v: () => dv as Tensor };
    },
  },
});

/**
 * softmax(q·kᵀ / √hd)·v: q [M, H, hd], k and v [S, Hkv, hd] → [M, H, hd]; query head h uses key head ⌊h·Hkv/H⌋, rows without
 * keys give 0. Differentiable in q, k and v when `keys` is given. S may be larger than what is used.
 * @throws when shapes do not fit, or hd is not a multiple of 8 up to 128.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, { rows, keys }: AttentionMeta): Tensor {
  const [m, heads, width] = q.shape;
  const [keyRows, keyHeads, keyWidth] = k.shape;
  const shapes = `q [${q.shape.join(", ")}], k [${k.shape.join(", ")}], v [${v.shape.join(", ")}]`;
  if (q.rank !== 3 || k.rank !== 3 || width !== keyWidth || k.shape.join() !== v.shape.join())
    throw new Error(`attention: ${shapes} do not fit`);
  if (!heads || !keyHeads || heads % keyHeads !== 0)
    throw new Error(`attention: ${heads} heads cannot share ${keyHeads} key heads`);
  if (!width || width % 8 !== 0 || width > 128) throw new Error(`attention: heads of ${width} are not a multiple of 8 up to 128`);
  if (rows.size !== (m ?? 0) * 4 || rows.dtype !== "int32")
    throw new Error(`attention: rows must be int32 [${m}, 4], not ${rows.dtype} [${rows.shape.join(", ")}]`);
  if (keys && (keys.size !== (keyRows ?? 0) * 2 || keys.dtype !== "int32"))
    throw new Error(`attention: keys must be int32 [${keyRows}, 2], not ${keys.dtype} [${keys.shape.join(", ")}]`);
  const op = keys ? attentionOnTape : attentionForward;
  const [output, lse] = op({ q, k, v, rows, keys }, {});
  lse?.dispose();
  return output as Tensor;
}

/**
 * [output [M, H, hd], lse [M, H]] on WebGPU without a tape: for inference, where queries may be part of wider rows and keys be split,
 * and for gradients by hand. Shapes are not looked at.
 */
export function attentionWithLse(inputs: Record<"q" | "k" | "v" | "rows", Tensor>, options?: AttentionOptions): [Tensor, Tensor] {
  return attentionOnGpu(inputs, currentGpu(), options).map(asTensor) as [Tensor, Tensor];
}
