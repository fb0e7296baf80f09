// Nothing is left behind: after twenty answers and five training steps there are as many tensors and GPU bytes as after one.

import { memory } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { setUpGpu } from "@/ops/test/gpuFixture";
import { rollOut } from "./rollouts";
import { loadTiny, parityParts, request, trainSettings, withoutEnd } from "./test/tinySession";
import { Trainer } from "./training/trainer";

const fixture = setUpGpu();

it("20 rollouts and 5 updates leave tensors and GPU bytes as one of each left them", { timeout: 600_000 }, async () => {
  using session = withoutEnd(await loadTiny());
  using trainer = Trainer.create(session, trainSettings, parityParts);
  const { pool, dispatcher } = fixture.gpu;
  /** Two rollouts and their masked twins. */
  const answer = () => rollOut(session, { ...request, rollouts: 2 });
  const state = () => {
    dispatcher.flush();
    session.clearFeatures();
    return { tensors: memory().numTensors, used: pool.numBytesUsed, buffers: pool.getNumUsedBuffers() };
  };

  await answer();
  await trainer.takeStep(trainSettings);
  const before = state();
  // Idle buffers kept for reuse are no leak.
  const held = () => {
    pool.trim();
    return pool.numBytesAllocated;
  };
  const allocated = held();
  for (let i = 0; i < 10; i++) await answer();
  for (let i = 0; i < 5; i++) {
    const report = await trainer.takeStep(trainSettings);
    expect(report?.metrics["vppo/skipped"]).toBe(0);
  }
  expect(state()).toEqual(before);
  expect(Math.abs(held() - allocated)).toBeLessThanOrEqual(allocated * 0.01);
});

it("a session that is disposed of gives back every tensor", async () => {
  const before = memory().numTensors;
  const session = await loadTiny();
  const trainer = Trainer.create(session, trainSettings, parityParts);
  await trainer.takeStep(trainSettings);
  trainer[Symbol.dispose]();
  session[Symbol.dispose]();
  expect(memory().numTensors).toBe(before);
});
