// What the engine computes on, however it was started (worker: `worker/backend.ts`; Node: `scripts/nodeBackend.ts`).

import type { Gpu } from "@/gpu/device";
import type { DeviceReport } from "@/protocol/engine";

/** A started backend. */
export interface Device {
  readonly report: DeviceReport;
  /** Present on WebGPU. */
  readonly gpu?: Gpu;
}
