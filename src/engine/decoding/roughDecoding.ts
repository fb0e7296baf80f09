// Whether decoding steps can be computed in a rough arithmetic on this device, with this model as it is now: asked before anything runs, so
// that nobody gets exact steps in silence who wanted others.

import { getBackend } from "@tensorflow/tfjs-core";
import { currentGpu } from "@/gpu/dispatcher";
import { computesIn, fuses } from "@/nn/fusedDecoder";
import type { TextDecoder } from "@/nn/textDecoder";
import type { Arithmetic } from "@/ops/linear/arithmetic";
import { arithmeticError, arithmeticMissing } from "@/protocol/rolloutArithmetic";

/** Throws TrainSettingError where device or model have no products in this arithmetic. */
export function refuseArithmetic({ weights }: TextDecoder, arithmetic: Arithmetic): void {
  if (arithmetic === "f32") return;
  const isGpu = getBackend() === "webgpu";
  const features = isGpu ? [...currentGpu().device.features] : [];
  const missing = arithmeticMissing(arithmetic, { backend: isGpu ? "webgpu" : "wasm", features });
  if (missing) throw arithmeticError(missing);
  if (!fuses(weights))
    throw arithmeticError("the blocks of this model, with its adapter, do not run in the kernels that know it");
  if (!computesIn(arithmetic, weights))
    throw arithmeticError(`${arithmetic} products need int8 or int4 weights, and this model's decoder has others`);
}
