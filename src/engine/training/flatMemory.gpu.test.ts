// Memory stays flat over a run whose prompts and answers have other lengths in every step: tensors, bytes and buffers after it
// are those after its first step. A few steps by default; with VITE_FULL_COUNTS=1 there are 200 rollouts and 50 updates.

import { memory } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { setUpGpu } from "@/ops/test/gpuFixture";
import { shapesTask } from "@/tasks/shapes/shapesTask";
import { loadTiny, parityParts, trainSettings, withoutEnd } from "../test/tinySession";
import { Trainer } from "./trainer";

const fixture = setUpGpu();
const rolloutsPerPrompt = 4;
const updates = import.meta.env.VITE_FULL_COUNTS ? 50 : 4;

it(`${rolloutsPerPrompt * updates} rollouts and ${updates} updates of changing lengths leave what the first left`, {
  timeout: 1_800_000,
}, async () => {
  using session = withoutEnd(await loadTiny());
  const problems = (_: unknown, index: number) => shapesTask.sample(1, index, "train");
  using trainer = Trainer.create(session, trainSettings, { ...parityParts, problems });
  const { pool, dispatcher } = fixture.gpu;
  const state = () => {
    dispatcher.flush();
    session.clearFeatures();
    const inUse = { tensors: memory().numTensors, bytes: pool.numBytesUsed, buffers: pool.getNumUsedBuffers() };
    // Idle buffers kept for the next tensor of their size are no leak.
    pool.trim();
    return { ...inUse, allocated: pool.numBytesAllocated };
  };
  const step = async (maxNewTokens: number) => {
    const sampling = { ...trainSettings.sampling, maxNewTokens };
    const report = await trainer.takeStep({ ...trainSettings, sampling, rolloutsPerPrompt });
    expect(report?.metrics["vppo/updates"]).toBe(1);
  };
  await step(4);
  const first = state();
  let peak = 0;
  for (let update = 0; update < updates; update++) {
    pool.numBytesPeak = 0;
    await step(2 + (update % 3));
    peak = Math.max(peak, pool.numBytesPeak);
    if (update % 10 === 9) expect(state()).toEqual(first);
  }
  const last = state();
  expect(last).toEqual(first);
  // The counters themselves work: a step needs more than what is left of it.
  expect(peak).toBeGreaterThan(first.allocated);
});
