// What an update costs in calls to the device: held here, because calls are time on every adapter. On the tiny model, with an adapter on
// every projection of the decoder.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Counters } from "@/gpu/counters";
import { setUpGpu } from "@/ops/test/gpuFixture";
import type { TrainSettings } from "@/protocol/training";
import { dependencyOf } from "@/rl/dependency";
import { prepare, rollOut, tokenStatsOf } from "../../decoding/rollouts";
import { removeLora } from "../../lora";
import type { Session } from "../../session";
import { loadTiny, request, trainSettings, withoutEnd } from "../../test/tinySession";
import { Optimizer } from "./optimizer";
import { updatePolicy } from "./policyPhase";
import type { UpdateInput } from "./stepPasses";
import { trainablesOf } from "./trainables";

const fixture = setUpGpu();
let session: Session;
beforeAll(async () => {
  session = withoutEnd(await loadTiny());
});
afterAll(() => session[Symbol.dispose]());

/** Answers of some lengths to one question, as an update takes them. */
async function experienceOf(lengths: readonly number[]): Promise<UpdateInput> {
  const prepared = prepare(session, { ...request, rollouts: lengths.length });
  const answers = await rollOut(session, { ...request, rollouts: lengths.length }, prepared);
  const rollouts = answers.map((answer, i) => ({ ...answer, ids: answer.ids.slice(0, lengths[i]) }));
  const stats = rollouts.map(tokenStatsOf);
  return {
    ...{ prepared, rollouts, stats },
    streams: rollouts.map((_, i) => i),
    rewards: rollouts.map((_, i) => ({ overall: i % 2, accuracy: i % 2 })),
    dependency: stats.map((of) => dependencyOf(of, "kl")),
  };
}

describe("an update", { timeout: 300_000 }, () => {
  const settings: TrainSettings = { ...trainSettings, measureMoves: false, measureVariance: false };

  /** Costs of updates on answers of these lengths, one after the other. */
  async function costs(all: readonly (readonly number[])[], changed: Partial<TrainSettings> = {}): Promise<readonly Counters[]> {
    const { dispatcher } = fixture.gpu;
    const experiences: UpdateInput[] = [];
    for (const lengths of all) experiences.push(await experienceOf(lengths));
    const optimizer = Optimizer.create(trainablesOf(session, settings));
    const found: Counters[] = [];
    for (const experience of experiences) {
      dispatcher.trim();
      const before = dispatcher.work();
      await updatePolicy(session, optimizer, experience, { ...settings, ...changed }, { learningRate: 0 });
      const after = dispatcher.work();
      const names = Object.keys(after) as (keyof Counters)[];
      found.push(Object.fromEntries(names.map((name) => [name, after[name] - before[name]])) as unknown as Counters);
    }
    optimizer[Symbol.dispose]();
    removeLora(session.model);
    return found;
  }

  it("on policy reads back the norms of its gradients alone, in one submit, and uploads the uniform blocks of new shapes at once", async () => {
    const layers = session.model.text.weights.layers.length;
    const projections = session.model.text.projections.length;
    const same = [6, 6];
    const [, again, other] = await costs([same, same, [5, 4]]);
    for (const cost of [again, other] as const) {
      const { dispatches, submits, maps, mapBytes, uploads, uniformUploads, buffers } = cost as Counters;
      // 11 of a layer's are the norm and the update of its adapters' tensors.
      expect(dispatches).toBeLessThanOrEqual(67 * layers + 6);
      expect([submits, maps, mapBytes]).toEqual([1, 1, 2 * projections * 4]);
      // Ids, rows, keys, positions, targets, cotangents: ten tensors of the batch.
      expect(uploads - uniformUploads).toBeLessThanOrEqual(11);
      expect(uniformUploads).toBeLessThanOrEqual(1);
      // From an empty pool: gradients, inputs of blocks, the batch twice (it is copied) and the activations of one block.
      expect(buffers).toBeLessThanOrEqual(2 * projections + layers + 2 * 11 + 48);
    }
    expect(other?.uniformUploads).toBe(1);
  });

  it("asks the head for its log-probs once when it is off policy: the gradient takes what the forward pass has found", async () => {
    const [once] = await costs([[6, 6]]);
    const [twice] = await costs([[6, 6]], { ppoEpochs: 2 });
    // Norm, product and statistics of the head, and copies of columns.
    expect((twice?.dispatches ?? 0) - 2 * (once?.dispatches ?? 0)).toBeLessThanOrEqual(4);
    expect(twice?.maps).toBe(3);
  });
});
