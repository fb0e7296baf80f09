// Rollouts decoded in a rough arithmetic, and the training step that learns from them: they are reproducible and independent of their
// neighbours as exact ones are, near those, and an update sees nothing of them but the tokens.

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { differingBits, setUpGpu } from "@/ops/test/gpuFixture";
import { TrainSettingError } from "@/protocol/trainingChecks";
import { rollOut, tokenStatsOf } from "../../decoding/rollouts";
import { attachLora, removeLora } from "../../lora";
import type { Session } from "../../session";
import { loadTiny, parityParts, question, request, trainSettings, withoutEnd } from "../../test/tinySession";
import { Trainer } from "../trainer";

const fixture = setUpGpu();
let session: Session;
beforeAll(async () => {
  session = withoutEnd(await loadTiny());
});
afterEach(() => removeLora(session.model));
afterAll(() => session[Symbol.dispose]());

const rough = { ...request, arithmetic: "int8" } as const;
const gap = "training/rollout_probs_diff";

describe("rollouts in int8", { timeout: 300_000 }, () => {
  it("differ from exact ones, but little, and not at the first token, which the prompt's pass gives", async () => {
    const exact = await rollOut(session, request);
    const others = await rollOut(session, rough);
    let compared = 0;
    exact.forEach((rollout, i) => {
      const [one, other] = [tokenStatsOf(rollout).logp, tokenStatsOf(others[i]!).logp];
      expect(other[0]).toBe(one[0]);
      for (let t = 1; t < one.length && rollout.ids[t - 1] === others[i]!.ids[t - 1]; t++) {
        if (rollout.ids[t] !== others[i]!.ids[t]) break;
        compared++;
        expect(other[t]).not.toBe(one[t]);
        expect(Math.abs(other[t]! - one[t]!)).toBeLessThan(0.5);
      }
    });
    expect(compared).toBeGreaterThan(3);
  });

  it("are the same again, alone, and among more rows than a tile has, with an adapter as without", async () => {
    const many = { ...rough, questions: [question(0), question(1)], rollouts: 5 };
    for (const isAdapted of [false, true]) {
      if (isAdapted) {
        attachLora(session.model, { rank: 4, alpha: 8, seed: 1 });
        for (const { lora } of session.model.text.projections)
          fixture.gpu.dispatcher.upload(
            lora!.b,
            Float32Array.from({ length: lora!.b.size }, (_, i) => Math.sin(i + 1) / 10),
          );
      }
      const all = await rollOut(session, many);
      for (const [index, asked] of [
        [1, 0],
        [7, 1],
      ] as const) {
        const [alone] = await rollOut(session, { ...rough, questions: [question(asked)], rollouts: 1, firstStream: index });
        expect(alone!.ids).toEqual(all[index]!.ids);
        expect(differingBits(alone!.stats, all[index]!.stats)).toBe(0);
      }
    }
  });

  it("have the same tokens and log-probs without twins, and no number of what was not measured", async () => {
    const [twinned, alone] = [rough, { questions: rough.questions, rollouts: rough.rollouts, sampling: rough.sampling }];
    const all = await rollOut(session, twinned);
    const own = await rollOut(session, { ...alone, arithmetic: "int8", logProbs: true });
    own.forEach((rollout, i) => {
      expect(rollout.ids).toEqual(all[i]!.ids);
      const [stats, expected] = [tokenStatsOf(rollout), tokenStatsOf(all[i]!)];
      expect(differingBits(stats.logp, expected.logp)).toBe(0);
      expect(differingBits(stats.entropy, expected.entropy)).toBe(0);
      for (const column of ["logpMasked", "kl", "jsd", "entropyMasked", "top1Drop"] as const)
        expect(stats[column].every(Number.isNaN)).toBe(true);
    });
  });

  it("take as many dispatches as exact ones", async () => {
    const { counters } = fixture.gpu.dispatcher;
    const dispatches = async (asked: typeof request) => {
      const before = counters.dispatches;
      await rollOut(session, { ...asked, stepsPerRead: 2 });
      return counters.dispatches - before;
    };
    expect(await dispatches(rough)).toBe(await dispatches(request));
  });
});

describe("a training step on rough rollouts", { timeout: 300_000 }, () => {
  const settings = { ...trainSettings, rolloutArithmetic: "int8" } as const;

  it("takes exact log-probs for those of the sampler: no log-ratio against the weights, and tells how far the sampler was", async () => {
    using trainer = Trainer.create(session, settings, parityParts);
    // The second pass asks the weights, which a learning rate of 0 leaves alone.
    const still = { ...settings, ppoEpochs: 2, learningRate: 0 };
    for (const taken of [settings, still]) {
      const report = await trainer.takeStep(taken);
      expect(report!.metrics["vppo/updates"]).toBe(taken.ppoEpochs);
      expect(report!.metrics["actor/ppo_kl"]).toBe(0);
      expect(report!.metrics["actor/pg_clipfrac_higher"]).toBe(0);
      expect(report!.metrics["actor/grad_norm"]).toBeGreaterThan(0);
      expect(report!.metrics[`${gap}_mean`]).toBeGreaterThan(0);
      expect(report!.metrics[`${gap}_mean`]).toBeLessThan(0.05);
      expect(report!.metrics[`${gap}_max`]).toBeGreaterThan(report!.metrics[`${gap}_mean`]!);
      expect(report!.metrics[`${gap}_std`]).toBeGreaterThan(0);
      expect(report!.metrics["timing_s/old"]).toBeGreaterThan(0);
    }
  });

  it("decodes twins for the reported prompt alone; scoring sees the masked pictures of all", async () => {
    const several = { ...settings, promptsPerStep: 3, onlineFiltering: false };
    const encoded = vi.spyOn(session, "encodeSeen");
    using trainer = Trainer.create(session, several, parityParts);
    await trainer.takeStep(several);
    expect(encoded).toHaveBeenCalledTimes(settings.rolloutsPerPrompt * (1 + 3));
    encoded.mockRestore();
  });

  it("reports tokens with the numbers that it learns from", async () => {
    using trainer = Trainer.create(session, settings, parityParts);
    const report = await trainer.takeStep(settings);
    for (const { tokens, logp, dependency } of report!.rollouts) {
      const width = tokens!.stats.length / tokens!.ids.length;
      logp!.forEach((value, t) => {
        expect(tokens!.stats[t * width]).toBe(value);
        expect(tokens!.stats[t * width + 2]).toBe(dependency[t]);
      });
    }
  });

  it("has no such numbers in f32", async () => {
    using trainer = Trainer.create(session, trainSettings, parityParts);
    const report = await trainer.takeStep(trainSettings);
    expect(Object.keys(report!.metrics).filter((name) => name.startsWith(gap) || name === "timing_s/old")).toEqual([]);
  });

  it("refuses f16 where the device has none, before anything runs", async ({ skip }) => {
    skip(fixture.gpu.device.features.has("shader-f16"), "the adapter has shader-f16");
    using trainer = Trainer.create(session, settings, parityParts);
    const refused = trainer.takeStep({ ...settings, rolloutArithmetic: "f16" });
    await expect(refused).rejects.toThrow(TrainSettingError);
    await expect(refused).rejects.toThrow("this GPU has no 16-bit arithmetic (shader-f16)");
    expect(trainer.step).toBe(0);
  });

  it("refuses an adapter whose products the kernels do not take", async () => {
    attachLora(session.model, { rank: 260, alpha: 8, seed: 1 });
    await expect(rollOut(session, rough)).rejects.toThrow("do not run in the kernels that know it");
  });
});
