// Optimizer steps on the tiny model's own rollouts, on wasm: what must not change a step, and what each setting computes.

import { dispose, memory } from "@tensorflow/tfjs-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { readTensors } from "@/gpu/readback";
import { floatsOf } from "@/ops/attention/hostValues";
import * as head from "@/ops/headStats/headStats";
import { setUpWasm } from "@/ops/test/wasmFixture";
import type { TrainSettings } from "@/protocol/training";
import { dependencyOf } from "@/rl/dependency";
import { prepare, rollOut, tokenStatsOf } from "../../decoding/rollouts";
import { openSession, uniformPrecision } from "../../loading/openSession";
import { attachLora, loraParameters, removeLora } from "../../lora";
import type { Session } from "../../session";
import { fixtureFolder } from "../../test/fixtureFolder";
import { question, trainSettings, withoutEnd } from "../../test/tinySession";
import { Optimizer } from "./optimizer";
import { type UpdateOptimizer, updatePolicy } from "./policyPhase";
import type { UpdateInput } from "./stepPasses";
import { trainablesOf } from "./trainables";

vi.mock("@/ops/headStats/headStats", async (original) => {
  const module = await original<typeof head>();
  return { ...module, headLogProb: vi.fn(module.headLogProb) };
});

setUpWasm();
let session: Session;
let experience: UpdateInput;
const prompts = 3;
const settings: TrainSettings = { ...trainSettings, promptsPerStep: prompts, rolloutsPerPrompt: 4, measureMoves: false };

beforeAll(async () => {
  session = withoutEnd(await openSession(fixtureFolder("smolvlm"), "tiny", { precision: uniformPrecision("f32") }));
  startAdapter();
  const request = { questions: Array.from({ length: prompts }, (_, i) => question(i)), rollouts: 4, mask: settings.mask };
  const prepared = prepare(session, request);
  const rollouts = await rollOut(session, { ...request, sampling: settings.sampling }, prepared);
  const stats = rollouts.map(tokenStatsOf);
  experience = {
    prepared,
    rollouts,
    streams: rollouts.map((_, i) => i),
    rewards: rollouts.map((_, i) => ({ overall: (i + (i >> 2)) % 3 === 0 ? 1 : 0, accuracy: 0 })),
    stats,
    dependency: stats.map((stat) => dependencyOf(stat, settings.policy.dependencyMeasure)),
  };
}, 120_000);
afterAll(() => session[Symbol.dispose]());
beforeEach(startAdapter);
afterEach(() => vi.mocked(head.headLogProb).mockClear());

/** An adapter that changes something: a fresh B is 0 and gives A no gradient. */
function startAdapter(): void {
  attachLora(session.model, { rank: 4, alpha: 8, seed: 3 });
  for (const { name, tensor } of loraParameters(session.model)) {
    if (name.includes("lora_B"))
      floatsOf(tensor).forEach((_, i, values) => {
        values[i] = Math.sin(i + 1) / 50;
      });
  }
}

const values = async () => (await readTensors(loraParameters(session.model).map(({ tensor }) => tensor))).flatMap((x) => [...x]);

/** An optimizer that also notes the gradient of each of its steps. */
function noting() {
  const optimizer = Optimizer.create(loraParameters(session.model));
  const gradients: number[][] = [];
  const watched: UpdateOptimizer = {
    parameters: optimizer.parameters,
    step: async (map, rates) => {
      const present = optimizer.parameters.flatMap(({ tensor }) => map.get(tensor.id) ?? []);
      gradients.push((await readTensors(present)).flatMap((x) => [...x]));
      return optimizer.step(map, rates);
    },
  };
  return { watched, gradients, [Symbol.dispose]: () => optimizer[Symbol.dispose]() };
}

/** The update from the same adapter: gradient of every optimizer step, outcome and adapter. */
async function run(changes: Partial<TrainSettings> = {}, input = experience, keptInputBytes?: number, rate = 1e-3) {
  startAdapter();
  using optimizer = noting();
  const outcome = await updatePolicy(
    session,
    optimizer.watched,
    input,
    { ...settings, ...changes },
    { learningRate: rate, keptInputBytes },
  );
  return { outcome, gradients: optimizer.gradients, adapter: await values() };
}

/** ‖a − b‖ / ‖b‖ */
function relative(a: readonly number[] = [], b: readonly number[] = []): number {
  expect(a.length).toBe(b.length);
  const square = (of: (i: number) => number) => Math.sqrt(b.reduce((sum, _, i) => sum + of(i) ** 2, 0));
  return square((i) => a[i]! - b[i]!) / square((i) => b[i]!);
}

/** The same prompts in reverse, with their answers and the numbers of these. */
function reversed(input: UpdateInput): UpdateInput {
  const order = [...input.prepared.keys()].reverse();
  const pick = <T>(all: readonly T[]) => order.flatMap((q) => all.filter((_, i) => input.rollouts[i]!.group === q));
  return {
    prepared: order.map((q) => input.prepared[q]!),
    rollouts: pick(input.rollouts).map((rollout) => ({ ...rollout, group: order.indexOf(rollout.group) })),
    streams: pick(input.streams),
    rewards: pick(input.rewards),
    stats: pick(input.stats),
    dependency: pick(input.dependency),
  };
}

describe("what must not change a step", { timeout: 120_000 }, () => {
  it("is memory: prompt by prompt gives the gradient of all at once, in every optimizer step", async () => {
    const whole = await run({ ppoEpochs: 2 });
    const cut = await run({ ppoEpochs: 2 }, experience, 1);
    expect(whole.gradients).toHaveLength(2);
    expect(relative(cut.gradients[0], whole.gradients[0])).toBeLessThan(1e-6);
    expect(cut.outcome.metrics["actor/pg_loss"]).toBeCloseTo(whole.outcome.metrics["actor/pg_loss"]!, 6);
  });

  it("is the order of the groups", async () => {
    const forwards = await run();
    const backwards = await run({}, reversed(experience));
    expect(relative(backwards.gradients[0], forwards.gradients[0])).toBeLessThan(1e-6);
    expect(relative(backwards.adapter, forwards.adapter)).toBeLessThan(1e-6);
  });

  it("is not the micro-batch of the official code, over which the mean scaling is 1", async () => {
    const policy = { ...settings.policy, microBatchSize: 4 };
    const whole = await run();
    const cut = await run({ policy });
    expect(cut.outcome.alpha).not.toEqual(whole.outcome.alpha);
    expect(relative(cut.gradients[0], whole.gradients[0])).toBeGreaterThan(1e-4);
  });
});

describe("optimizer steps", { timeout: 120_000 }, () => {
  it("are one per mini-batch and epoch; the first is on policy, the others are not", async () => {
    const { outcome, gradients } = await run({ promptsPerUpdate: 1, ppoEpochs: 2 });
    expect(gradients).toHaveLength(6);
    expect([outcome.updates, outcome.skipped]).toEqual([6, 0]);
    expect(outcome.metrics["actor/ppo_kl"]).not.toBe(0);
    const single = await run();
    expect(single.outcome.metrics["actor/ppo_kl"]).toBe(0);
    expect(single.gradients).toHaveLength(1);
  });

  it("are skipped and counted when the gradient is not finite, and change nothing", async () => {
    startAdapter();
    const before = await values();
    const policy = { ...settings.policy, entropyPenaltyCoef: 1e45 };
    const { outcome, adapter } = await run({ policy, promptsPerUpdate: 2 });
    expect([outcome.updates, outcome.skipped]).toEqual([0, 2]);
    expect(adapter).toEqual(before);
    expect(outcome.masks.map(({ length }) => length)).toEqual(experience.rollouts.map(({ ids }) => ids.length));
  });

  it("are skipped, too, when one before them has broken the weights, and what is reported stays finite", async () => {
    const { outcome } = await run({ promptsPerUpdate: 1, measureMoves: true }, experience, undefined, 1e30);
    expect([outcome.updates, outcome.skipped]).toEqual([1, 2]);
    expect(outcome.moves).toBeUndefined();
    for (const value of Object.values(outcome.metrics)) expect(value).toSatisfy(Number.isFinite);
    const sound = await run();
    expect(outcome.masks).toEqual(sound.outcome.masks);
    expect(outcome.advantages).toEqual(sound.outcome.advantages);
  });

  it("leave no tensor behind, whatever is measured on the way", async () => {
    const policy = { ...settings.policy, klCoef: 0.1, papoKlCoef: 0.1, tokenSelection: "either" as const };
    const everything = { policy, promptsPerUpdate: 2, ppoEpochs: 2, measureMoves: true, measureVariance: true };
    await run(everything);
    const before = memory().numTensors;
    const { outcome } = await run(everything, experience, 1);
    expect(memory().numTensors).toBe(before);
    expect(outcome.metrics["vppo/gradient_variance_ratio"]).toBeGreaterThan(0);
  });

  it("send only the kept tokens through the head's backward when there is no entropy penalty", async () => {
    const { outcome } = await run({ policy: { ...settings.policy, entropyPenaltyCoef: 0 } });
    const rows = vi.mocked(head.headLogProb).mock.calls.map(([hidden]) => hidden.shape[0]);
    const withAdvantage = (count: (mask: Float32Array) => number) =>
      outcome.masks.reduce((sum, mask, i) => sum + (outcome.advantages[i] === 0 ? 0 : count(mask)), 0);
    const all = outcome.masks.reduce((sum, { length }) => sum + length, 0);
    const kept = withAdvantage((mask) => mask.reduce((a, b) => a + b, 0));
    // On policy the log-probs are known, so nothing else reaches the head.
    expect(rows).toEqual([kept]);
    expect(kept).toBeLessThan(0.6 * all);
  });
});

describe("what settings add", { timeout: 120_000 }, () => {
  it("is a reference for the KL penalty: the model without its adapter, which comes back bit for bit", async () => {
    const policy = { ...settings.policy, klCoef: 0.5 };
    const before = loraParameters(session.model).map(({ tensor }) => tensor);
    const { outcome } = await run({ policy });
    expect(outcome.metrics["actor/kl_loss"]).toBeGreaterThan(0);
    // A fresh adapter is the base model.
    expect(before).toHaveLength(loraParameters(session.model).length);
    for (const { name, tensor } of loraParameters(session.model)) if (name.includes("lora_B")) floatsOf(tensor).fill(0);
    using optimizer = noting();
    const same = await updatePolicy(session, optimizer.watched, await onPolicy(), { ...settings, policy }, { learningRate: 0 });
    expect(same.metrics["actor/kl_loss"]).toBeLessThan(1e-9);
  });

  it("refuses a reference where all weights are trained", async () => {
    const policy = { ...settings.policy, klCoef: 0.1 };
    await expect(run({ policy, trainable: "full" })).rejects.toThrow("adapter");
  });

  it("is the entropy of the current policy, and its log-probs with the masked picture", async () => {
    for (const changes of [{ tokenSelection: "either" as const }, { papoKlCoef: 0.1 }, { papoMaskedEntropyCoef: 0.1 }]) {
      const policy = { ...settings.policy, ...changes };
      // The second epoch asks the weights again; where they have not moved, they say what the rollouts said.
      const still = await run({ policy, ppoEpochs: 2 }, experience, undefined, 0);
      expect(still.gradients).toHaveLength(2);
      expect(relative(still.gradients[1], still.gradients[0])).toBeLessThan(1e-5);
      const moving = await run({ policy, ppoEpochs: 2 });
      expect(relative(moving.gradients[1], moving.gradients[0])).toBeGreaterThan(1e-3);
    }
  });

  it("is how the tokens moved, which nothing does at a learning rate of 0", async () => {
    const { outcome } = await run({ measureMoves: true });
    expect(outcome.moves).toHaveLength(4);
    expect(outcome.metrics["vppo/move_kept"]).toBeGreaterThan(1e-5);
    startAdapter();
    using optimizer = noting();
    const still = { ...settings, measureMoves: true, weightDecay: 0 };
    const unmoved = await updatePolicy(session, optimizer.watched, experience, still, { learningRate: 0 });
    expect(unmoved.metrics["vppo/move_kept"]).toBeLessThan(1e-5);
  });
});

describe("weights outside the decoder", { timeout: 120_000 }, () => {
  const featuresNow = async () => {
    const features = session.encodeTogether(experience.prepared[0]!.images);
    const [numbers] = await readTensors([features]);
    features.dispose();
    return [...numbers!];
  };

  it("take steps through the tower, prompt by prompt as well as all at once", async () => {
    const gradients: number[][][] = [];
    for (const keptInputBytes of [1, 1e9]) {
      removeLora(session.model);
      attachLora(session.model, { rank: 4, alpha: 8, seed: 3, targets: ["text", "vision", "projector"] });
      const before = await featuresNow();
      using optimizer = noting();
      const input = await onPolicy();
      const several = { ...settings, ppoEpochs: 2 };
      const outcome = await updatePolicy(session, optimizer.watched, input, several, { learningRate: 1e-3, keptInputBytes });
      expect(outcome.updates).toBe(2);
      expect(relative(await featuresNow(), before)).toBeGreaterThan(1e-5);
      gradients.push(optimizer.gradients);
    }
    expect(relative(gradients[0]![0], gradients[1]![0])).toBeLessThan(1e-5);
  });

  it("are every weight of a small model, whose pictures are encoded anew after each optimizer step", async () => {
    const own = withoutEnd(await openSession(fixtureFolder("smolvlm"), "tiny", { precision: uniformPrecision("f32") }));
    const shared = session;
    session = own;
    try {
      const parameters = trainablesOf(own, { ...settings, trainable: "full" });
      using optimizer = Optimizer.create(parameters);
      const before = await featuresNow();
      const input = await onPolicy();
      const changes = { ...settings, trainable: "full" as const, promptsPerUpdate: 1, measureMoves: true };
      const outcome = await updatePolicy(own, optimizer, input, changes, { learningRate: 1e-4 });
      expect([outcome.updates, optimizer.updates]).toEqual([3, 3]);
      expect(outcome.metrics["vppo/move_kept"]).toBeGreaterThan(1e-4);
      expect(relative(await featuresNow(), before)).toBeGreaterThan(1e-5);
    } finally {
      session = shared;
      own[Symbol.dispose]();
    }
  });
});

/** The same answers scored by the weights as they are now. */
async function onPolicy(): Promise<UpdateInput> {
  const { scoreResponses } = await import("../../score");
  const features = experience.prepared.map(({ images }) => session.encodeTogether(images));
  const groups = experience.prepared.map(({ prompt }, q) => ({
    prompt,
    responses: experience.rollouts.filter(({ group }) => group === q).map(({ ids }) => ids),
    features: features[q]!,
    masked: [features[q]!],
  }));
  const stats = await scoreResponses(session, groups);
  dispose(features);
  return { ...experience, stats };
}

afterAll(() => removeLora(session.model));
