// Training steps on WebGPU, whole: the first update is exactly on policy, a step changes the adapter and nothing else, and the
// same seed takes the same step.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTensors } from "@/gpu/readback";
import { differingBits, setUpGpu } from "@/ops/test/gpuFixture";
import { rollOut } from "../decoding/rollouts";
import { loraParameters, removeLora } from "../lora";
import type { Session } from "../session";
import { loadTiny, parityParts, request, trainSettings, withoutEnd } from "../test/tinySession";
import { Trainer } from "./trainer";

setUpGpu();
let session: Session;
beforeAll(async () => {
  session = withoutEnd(await loadTiny());
});
afterAll(() => session[Symbol.dispose]());

const adapterValues = async () =>
  (await readTensors(loraParameters(session.model).map(({ tensor }) => tensor))) as Float32Array[];

describe("a training step", { timeout: 300_000 }, () => {
  it("is exactly on policy: no log-ratio, nothing clipped, before and after the adapter has moved", async () => {
    using trainer = Trainer.create(session, trainSettings, parityParts);
    // The first pass takes the rollouts' own log-probs; the second asks the weights, which a learning rate of 0 leaves alone.
    const still = { ...trainSettings, ppoEpochs: 2, learningRate: 0 };
    for (const settings of [still, trainSettings, still]) {
      const report = await trainer.takeStep(settings);
      expect(report!.metrics["vppo/updates"]).toBe(settings.ppoEpochs);
      expect(report!.metrics["actor/ppo_kl"]).toBe(0);
      expect(report!.metrics["actor/pg_clipfrac_higher"]).toBe(0);
      expect(report!.metrics["actor/pg_clipfrac_lower"]).toBe(0);
      expect(report!.metrics["actor/grad_norm"]).toBeGreaterThan(0);
    }
    removeLora(session.model);
  });

  it("is off policy in the second pass when the first has moved the adapter", async () => {
    using trainer = Trainer.create(session, trainSettings, parityParts);
    const report = await trainer.takeStep({ ...trainSettings, ppoEpochs: 2, learningRate: 1e-2 });
    expect(Math.abs(report!.metrics["actor/ppo_kl"]!)).toBeGreaterThan(1e-6);
    removeLora(session.model);
  });

  it("moves the adapter, the same way for the same seed, and leaves the base model as it was", async () => {
    const base = await rollOut(session, request);
    const runs: Float32Array[][] = [];
    for (let run = 0; run < 2; run++) {
      using trainer = Trainer.create(session, trainSettings, parityParts);
      const fresh = await adapterValues();
      await trainer.takeStep(trainSettings);
      const stepped = await adapterValues();
      expect(stepped.some((values, i) => differingBits(values, fresh[i]!) > 0)).toBe(true);
      runs.push(stepped);
      removeLora(session.model);
    }
    runs[0]!.forEach((values, i) => {
      expect(differingBits(runs[1]![i]!, values)).toBe(0);
    });
    const after = await rollOut(session, request);
    after.forEach(({ ids, stats }, i) => {
      expect(ids).toEqual(base[i]!.ids);
      expect(differingBits(stats, base[i]!.stats)).toBe(0);
    });
  });

  it("skips the update, and says so, when the gradient is not finite", async () => {
    using trainer = Trainer.create(session, trainSettings, parityParts);
    const fresh = await adapterValues();
    const policy = { ...trainSettings.policy, entropyPenaltyCoef: 1e38 };
    const report = await trainer.takeStep({ ...trainSettings, policy });
    expect(report!.metrics["vppo/skipped"]).toBe(1);
    (await adapterValues()).forEach((values, i) => {
      expect(differingBits(values, fresh[i]!)).toBe(0);
    });
    removeLora(session.model);
  });

  it("stops before the update when asked to, and changes nothing", async () => {
    using trainer = Trainer.create(session, trainSettings, parityParts);
    const fresh = await adapterValues();
    const abort = new AbortController();
    const onPhase = () => abort.abort();
    expect(await trainer.takeStep(trainSettings, { signal: abort.signal, onPhase })).toBeUndefined();
    expect(trainer.step).toBe(0);
    (await adapterValues()).forEach((values, i) => {
      expect(differingBits(values, fresh[i]!)).toBe(0);
    });
    removeLora(session.model);
  });
});
