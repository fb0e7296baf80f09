// Keeps the measurements of decoding steps on the GPU until several of them are read back together. WebGPU only: elsewhere a step's
// tensors are read as they are.

import type { Tensor } from "@tensorflow/tfjs-core";
import { currentGpu, type Kernel, spread } from "@/gpu/dispatcher";
import type { HeadStats } from "../headStats/logitStats";
import code from "./keepStep.wgsl?raw";

const kernel: Kernel = {
  name: "keepStep",
  code,
  entryPoint: "main",
  bindings: ["read", "read", "read", "read", "read", "write"],
  uniform: true,
};

/** What a step measured: rows of values, and alternatives where there are some. */
export type StepStats = Pick<HeadStats, "values"> & Partial<HeadStats>;

/**
 * kept[step − 1] = [values | topIds | topLogp | topOther] per rollout, in place: kept [steps, B, C + 3·2·alternatives] in words,
 * step int32 [1] after `advanceDecodeState`, stats of B rollouts.
 * @throws when kept does not fit.
 */
export function keepStep(kept: Tensor, step: Tensor, stats: StepStats, alternatives: number): void {
  // Values stand in for alternatives that there are none of.
  const { values, topIds = values, topLogp = values, topOther = values } = stats;
  const [batch, valueCount] = values.shape as [number, number];
  const [steps, rows, columns] = kept.shape as [number, number, number];
  const width = alternatives * 2;
  const topStride = (stats.topIds?.size ?? 0) / batch;
  if (rows !== batch || columns !== valueCount + 3 * width || width > topStride)
    throw new Error(`keepStep: [${kept.shape.join(", ")}] for ${batch} rows of ${valueCount} + 3·${width} numbers`);
  currentGpu().run({
    kernel,
    buffers: [step, values, topIds, topLogp, topOther, kept],
    params: [batch, valueCount, width, topStride, steps],
    workgroups: spread(Math.ceil((batch * columns) / 64)),
  });
}
