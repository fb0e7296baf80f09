// What a step's report takes in memory: its buffers, each once, with all of their bytes even where only a part is looked at, and its text.

import type { StepReport } from "@/protocol/training";

/** Bytes of a report, a little below the truth: objects and names are not counted. */
export function reportBytes(report: StepReport): number {
  const buffers = new Set<ArrayBufferLike>();
  let bytes = 0;
  const count = (value: unknown): void => {
    if (typeof value === "string") bytes += 2 * value.length;
    else if (ArrayBuffer.isView(value)) {
      if (!buffers.has(value.buffer)) bytes += value.buffer.byteLength;
      buffers.add(value.buffer);
    } else if (typeof value === "object" && value !== null) for (const part of Object.values(value)) count(part);
  };
  count([report.rollouts, report.images, report.texts]);
  return bytes;
}
