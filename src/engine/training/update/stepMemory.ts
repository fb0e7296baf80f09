// What a step reports of the device's memory, beside the time it took.

import { memory } from "@tensorflow/tfjs-core";
import type { StepMetrics, StepReport } from "@/protocol/training";

/** The report with the bytes that are held on the device now: on WebGPU those of the buffer pool, elsewhere those of the tensors. */
export function withMemory(report: StepReport): StepReport {
  const held: StepMetrics = { "vppo/memory_bytes": deviceBytes() };
  return { ...report, metrics: { ...report.metrics, ...held } };
}

function deviceBytes(): number {
  const info = memory();
  const pool: unknown = Reflect.get(info, "numBytesAllocatedInGPU");
  return typeof pool === "number" ? pool : info.numBytes;
}
