// What the decoding steps of training rollouts may be computed in, and where that cannot be: the page asks before it sends settings and
// disables what the device lacks, the engine asks again and never falls back in silence. Pure.

import type { DeviceReport } from "./engine";
import type { RolloutArithmetic } from "./training";
import { TrainSettingError } from "./trainingChecks";

/** The feature of WebGPU that a device needs for f16. */
export const halfFeature = "shader-f16";

/** Why a device cannot decode so, as the end of a sentence; undefined when it can. */
export function arithmeticMissing(
  arithmetic: RolloutArithmetic,
  { backend, features }: Pick<DeviceReport, "backend" | "features">,
): string | undefined {
  if (arithmetic === "f32") return undefined;
  if (backend !== "webgpu") return `the engine runs without a GPU, where there are no ${arithmetic} kernels`;
  if (arithmetic === "f16" && !features.includes(halfFeature)) return `this GPU has no 16-bit arithmetic (${halfFeature})`;
  return undefined;
}

/** The refusal of a setting for a reason. */
export function arithmeticError(why: string): TrainSettingError {
  const what = "The setting rolloutArithmetic cannot be used";
  return new TrainSettingError("rolloutArithmetic", what, why, "Choose f32, which is exact");
}
