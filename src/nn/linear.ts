// A projection as the models use it: a weight matrix in any format, an optional bias, and an optional LoRA pair on top.
// Removing the adapter restores the base output bit for bit, since the base product never changes.

import type { Tensor } from "@tensorflow/tfjs-core";
import { linear } from "@/ops/linear/linear";
import type { Lora } from "@/ops/lora/lora";
import { f32Matrix, type Matrix, trainableData } from "@/ops/matrix";

/** One projection of a model, named by its module path in `transformers` (the PEFT key without prefix). */
export interface LinearLayer {
  readonly name: string;
  readonly weight: Matrix;
  readonly bias?: Tensor;
  lora?: Lora | undefined;
}

/** x·Wᵀ + bias + scaling·(x·Aᵀ)·Bᵀ + residual for rows x [M, in] → [M, out]. */
export function applyLinear(layer: LinearLayer, x: Tensor, residual?: Tensor): Tensor {
  const base = linear(x, layer.weight, { ...(layer.bias && { bias: layer.bias }), ...(residual && { residual }) });
  if (!layer.lora) return base;
  const { a, b, scaling } = layer.lora;
  return linear(linear(x, f32Matrix(a)), f32Matrix(b), { residual: base, scale: scaling });
}

/** The tensors of a projection that training may change. */
export function linearParameters(layer: LinearLayer): Tensor[] {
  return [trainableData(layer.weight), layer.bias].filter((tensor) => tensor !== undefined);
}
