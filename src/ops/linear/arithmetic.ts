// What the products of decoding steps may be computed in: exactly, or roughly for rollouts whose log-probs are scored again
// (roughProduct.wgsl). Everything else of the engine knows f32 alone.

import type { MatrixFormat } from "../matrix";

/** f32 is exact: weights as their format has them, everything else float32 in one order. */
export type Arithmetic = "f32" | "f16" | "int8";

/** Whether products with a matrix of this format are computed roughly; the others stay exact. */
export function isRough(arithmetic: Arithmetic, format: MatrixFormat): boolean {
  if (arithmetic === "int8") return format === "int8" || format === "int4";
  return arithmetic === "f16";
}
