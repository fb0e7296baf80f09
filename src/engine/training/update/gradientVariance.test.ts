// The variance meter's numbers against gradients of single tokens taken one by one (wasm, tiny model).

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTensors } from "@/gpu/readback";
import { floatsOf } from "@/ops/attention/hostValues";
import { setUpWasm } from "@/ops/test/wasmFixture";
import { officialDefaults, policyPresets } from "@/rl/settings";
import { shapeGroup } from "@/rl/shapeGroup";
import { prepare, rollOut, tokenStatsOf } from "../../decoding/rollouts";
import { openSession, uniformPrecision } from "../../loading/openSession";
import { attachLora, loraParameters } from "../../lora";
import type { Session } from "../../session";
import { fixtureFolder } from "../../test/fixtureFolder";
import { blackening, question, sampling, withoutEnd } from "../../test/tinySession";
import { measureVariance } from "./gradientVariance";
import { StepPictures } from "./stepPictures";
import { TrainingPass } from "./trainingPass";

const factors = ["cross_terms", "advantage_norms", "alpha_advantage", "mean_gradient", "token_norms"] as const;
const product = (metrics: Readonly<Record<string, number>>) =>
  factors.reduce((value, name) => value * metrics[`vppo/variance_${name}`]!, metrics["vppo/variance_bound"]!);

describe("measureVariance", { timeout: 120_000 }, () => {
  setUpWasm();
  let session: Session;
  beforeAll(async () => {
    session = withoutEnd(await openSession(fixtureFolder("smolvlm"), "tiny", { precision: uniformPrecision("f32") }));
    attachLora(session.model, { rank: 4, alpha: 8, seed: 3 });
    for (const { name, tensor } of loraParameters(session.model)) {
      if (!name.includes("lora_B")) continue;
      floatsOf(tensor).forEach((_, i, values) => {
        values[i] = Math.sin(i + 1) / 20;
      });
    }
  });
  afterAll(() => session[Symbol.dispose]());

  async function measured() {
    const request = { questions: [question(0), question(1)], rollouts: 3, mask: blackening };
    const prepared = prepare(session, request);
    const rollouts = await rollOut(session, { ...request, sampling }, prepared);
    const trajectories = rollouts.map((rollout, i) => {
      const stats = tokenStatsOf(rollout);
      return { group: rollout.group, reward: [1, 0, 0, 0, 1, 1][i]!, dependency: stats.kl };
    });
    const trainable = new Set(loraParameters(session.model).map(({ tensor }) => tensor));
    const answers = rollouts.map(({ group, ids }, rollout) => ({ rollout, question: group, ids }));
    return { prepared, trajectories, trainable, answers };
  }

  it("finds the variances that gradients of single tokens add up to", async () => {
    const { prepared, trajectories, trainable, answers } = await measured();
    using pictures = new StepPictures(session, prepared, trainable);
    const context = { prepared, pictures, trainable, policy: officialDefaults, seed: 7 };
    const metrics = await measureVariance(session, answers, trajectories, context);
    expect(product(metrics) / metrics["vppo/gradient_variance_ratio"]!).toBeCloseTo(1, 10);

    const { advantages, alpha, masks } = shapeGroup(trajectories, officialDefaults);
    const [grpo, vppo]: number[][][] = [[], []];
    for (const [i, { question: q, ids }] of answers.entries()) {
      const part = { questions: [q], groups: [{ prompt: prepared[q]!.prompt, responses: [ids] }], rollouts: [i] };
      using pass = new TrainingPass(session, part, pictures, trainable);
      await pass.forward();
      const tokens: number[][] = [];
      for (let t = 0; t < ids.length; t++) {
        const gradients = pass.backward([Float32Array.from(ids, (_, s) => (s === t ? 1 : 0))]);
        const list = [...trainable].map((tensor) => gradients.get(tensor.id)!);
        tokens.push((await readTensors(list)).flatMap((x) => [...x]));
        for (const tensor of list) tensor.dispose();
      }
      const sumOf = (weight: (t: number) => number) =>
        tokens[0]!.map((_, j) => tokens.reduce((sum, v, t) => sum + weight(t) * v[j]!, 0));
      grpo!.push(sumOf(() => advantages[i]!));
      vppo!.push(sumOf((t) => alpha[i]! * advantages[i]! * masks[i]![t]!));
    }
    const variance = (all: number[][]) =>
      all[0]!.reduce((total, _, j) => {
        const mean = all.reduce((sum, g) => sum + g[j]!, 0) / all.length;
        return total + all.reduce((sum, g) => sum + (g[j]! - mean) ** 2, 0) / (all.length - 1);
      }, 0);
    expect(metrics["vppo/gradient_variance_ratio"]! / (variance(vppo!) / variance(grpo!))).toBeCloseTo(1, 3);
  });

  it("is 1 for GRPO itself, with every factor 1", async () => {
    const { prepared, trajectories, trainable, answers } = await measured();
    using pictures = new StepPictures(session, prepared, trainable);
    const context = { prepared, pictures, trainable, policy: policyPresets.grpo, seed: 7 };
    const metrics = await measureVariance(session, answers, trajectories, context);
    expect(Object.keys(metrics)).toHaveLength(7);
    for (const value of Object.values(metrics)) expect(value).toBeCloseTo(1, 5);
  });
});
