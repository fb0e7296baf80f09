// Nothing is left behind by a session (a run's own memory: training/flatMemory.gpu.test.ts).

import { memory } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { setUpGpu } from "@/ops/test/gpuFixture";
import { loadTiny, parityParts, trainSettings } from "./test/tinySession";
import { Trainer } from "./training/trainer";

setUpGpu();

it("a session that is disposed of gives back every tensor", async () => {
  const before = memory().numTensors;
  const session = await loadTiny();
  const trainer = Trainer.create(session, trainSettings, parityParts);
  await trainer.takeStep(trainSettings);
  trainer[Symbol.dispose]();
  session[Symbol.dispose]();
  expect(memory().numTensors).toBe(before);
});
