// The adapter of one projection, as models hold it and as products and gradients take it.

import type { Tensor2D } from "@tensorflow/tfjs-core";

/** Low-rank update W + scaling · B·A (PEFT: scaling = lora_alpha / r). The kernels take r in multiples of 4 up to 256. */
export interface Lora {
  /** [r, in] */
  readonly a: Tensor2D;
  /** [out, r] */
  readonly b: Tensor2D;
  readonly scaling: number;
}
