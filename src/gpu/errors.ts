// What can go wrong with the GPU, as errors a user can act on.

import { UserError } from "@/lib/errors";

/** Any failure of the GPU device or of a kernel. */
export class GpuError extends UserError {
  override readonly name: string = "GpuError";
}

/** No usable WebGPU on this machine or in this browser. */
export class NoWebGpuError extends GpuError {
  override readonly name = "NoWebGpuError";
}

/** The device went away: driver reset, out of memory, or `destroy()`. */
export class DeviceLostError extends GpuError {
  override readonly name = "DeviceLostError";
}
