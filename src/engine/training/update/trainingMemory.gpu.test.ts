// What a training pass takes on the device grows with its rows and no faster: kept inputs of all blocks, and one block at a time.

import { dispose } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { setUpGpu } from "@/ops/test/gpuFixture";
import { textBatch } from "../../batch";
import { prepare } from "../../decoding/rollouts";
import { LayerwisePass } from "../../layerwise";
import { attachLora, loraParameters } from "../../lora";
import { packGroups } from "../../packing";
import { loadTiny, question } from "../../test/tinySession";

const fixture = setUpGpu();

it("the peak of a training pass is linear in its tokens", { timeout: 300_000 }, async () => {
  using session = await loadTiny();
  const { model, rope } = session;
  const { pool, dispatcher } = fixture.gpu;
  attachLora(model, { rank: 8, alpha: 16, seed: 1 });
  const trainable = new Set(loraParameters(model).map(({ tensor }) => tensor));
  const [prepared] = prepare(session, { questions: [question(0)], rollouts: 4 });
  const { prompt, images } = prepared!;
  const features = session.encodeTogether(images);

  /** Rows, and the bytes they took on top of what was there. */
  const measured = (answerTokens: number) => {
    const responses = Array.from({ length: 4 }, (_, i) => new Int32Array(answerTokens).fill(5 + i));
    dispatcher.trim();
    const before = pool.numBytesAllocated;
    pool.numBytesPeak = before;
    const packed = packGroups([{ prompt, responses }]);
    const batch = textBatch(packed, rope);
    const pass = new LayerwisePass(model, batch, undefined, trainable, features);
    pass.keepInputs();
    const gradients = pass.backward(Float32Array.from(packed.targets, (_, i) => Math.sin(i)));
    expect(gradients.size).toBe(trainable.size);
    dispose([...gradients.values()]);
    pass[Symbol.dispose]();
    batch.dispose();
    return { rows: packed.count, bytes: pool.numBytesPeak - before };
  };

  const points = [16, 64, 128, 256].map(measured);
  const [first, , , last] = points as [Point, Point, Point, Point];
  const slope = (last.bytes - first.bytes) / (last.rows - first.rows);
  for (const { rows, bytes } of points) {
    const line = first.bytes + slope * (rows - first.rows);
    expect(Math.abs(bytes / line - 1), `${rows} rows`).toBeLessThan(0.05);
  }
  // Three blocks of width 48, 96 inside, 6 + 2 heads of 8, rank 8: what a row keeps and what one block makes of it, as memoryPlan
  // counts it ...
  const kept = 5 * 48;
  const again = 4 * 48 + 3 * 48 + 3 * 16 + 3 * 96;
  const back = 4 * 48 + 3 * 48 + 3 * 16 + 96;
  // ... and what is small in larger models: the adapters, attention's statistics, the fused forward pass, 288 logits.
  const small = 7 * 2 * 8 + 6 + 16 + 3 * 48 + 6 + 96 + 2 * 288 + 3 * 48;
  const expected = 4 * (kept + again + back + small);
  expect(slope / expected).toBeGreaterThan(0.85);
  expect(slope / expected).toBeLessThan(1.15);
  console.info(
    `training memory: ${points.map(({ rows, bytes }) => `${rows} rows ${bytes} B`).join(", ")}; ${slope.toFixed(0)} B a row`,
  );
  features.dispose();
});

interface Point {
  readonly rows: number;
  readonly bytes: number;
}
