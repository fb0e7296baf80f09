// Pictures of a prompt: a user's bounds on their size reach the model in asking, training and evaluating; several pictures are
// read in order and masked together.

import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createRgbImage } from "@/image/rgbImage";
import type { SmolVlmTower } from "@/models/smolvlm/tower";
import { setUpWasm } from "@/ops/test/wasmFixture";
import type { EvaluationRequest } from "@/protocol/training";
import { shapesTask } from "@/tasks/shapes/shapesTask";
import { prepare, rollOut } from "./decoding/rollouts";
import { evaluate } from "./evaluate";
import { openSession, uniformPrecision } from "./loading/openSession";
import type { Session } from "./session";
import { fixtureFolder } from "./test/fixtureFolder";
import { parityParts, question, request, trainSettings } from "./test/tinySession";
import { RewardDesk } from "./training/experience/rewardScorer";
import { Trainer } from "./training/trainer";

setUpWasm();
let session: Session;
beforeAll(async () => {
  session = await openSession(fixtureFolder("qwen3_vl-tied"), "qwen3_vl-tied", { precision: uniformPrecision("f32") });
});
afterAll(() => session[Symbol.dispose]());

const fewer = { maxPixels: 2048 };
const evaluation: EvaluationRequest = {
  task: "shapes",
  reward: { kind: "exact", tolerance: 0 },
  problems: 2,
  rollouts: 1,
  sampling: { temperature: 1, topP: 1, topK: 0, maxNewTokens: 2 },
  masked: false,
  seed: 1,
};
const scorer = new RewardDesk();

/** Numbers of image tokens of every picture that is processed meanwhile, masked ones included. */
async function imageTokensOf(run: () => unknown): Promise<number[]> {
  const process = vi.spyOn(session, "process");
  await run();
  const counts = process.mock.results.map(({ value }) => (value as { featureCount: number }).featureCount);
  process.mockRestore();
  return counts;
}

const train = (settings: Parameters<Trainer["takeStep"]>[0]) => async () => {
  const trainer = Trainer.create(session, settings, parityParts);
  await trainer.takeStep(settings);
  trainer[Symbol.dispose]();
};

describe("fewer pixels", () => {
  it("give fewer image tokens in the prompt, and masked pictures of the same size", () => {
    const [own] = prepare(session, { ...request, questions: [question(0)] });
    const [small] = prepare(session, { ...request, questions: [question(0)], pixels: fewer });
    const tokens = (prepared: typeof own) => prepared!.images[0]!.featureCount;
    expect(tokens(small)).toBeLessThan(tokens(own));
    expect(own!.prompt.ids.length - small!.prompt.ids.length).toBe(tokens(own) - tokens(small));
    const seen = small!.seen[0]!;
    expect(seen.width * seen.height).toBeLessThanOrEqual(fewer.maxPixels);
    for (const [masked] of small!.masked) expect([masked!.width, masked!.height]).toEqual([seen.width, seen.height]);
  });

  it.each<[string, (pixels: { maxPixels: number } | undefined) => () => unknown]>([
    ["training", (pixels) => train({ ...trainSettings, rolloutsPerPrompt: 2, ...(pixels && { pixels }) })],
    ["evaluating", (pixels) => () => evaluate(session, shapesTask, { ...evaluation, ...(pixels && { pixels }) }, { scorer })],
  ])("hold for every picture of %s", async (_, run) => {
    const own = await imageTokensOf(run(undefined));
    const small = await imageTokensOf(run(fewer));
    expect(small.length).toBe(own.length);
    expect(small.length).toBeGreaterThan(0);
    expect(Math.max(...small)).toBeLessThan(Math.min(...own));
  });

  it("hold for pictures that are evaluated fully masked, black in the size that the model sees", async () => {
    const see = vi.spyOn(session, "see");
    const masked = { ...evaluation, masked: true, pixels: fewer };
    await evaluate(session, shapesTask, masked, { scorer });
    const last = see.mock.results.at(-1)!.value as { width: number; height: number; data: Uint8Array };
    see.mockRestore();
    expect(last.width * last.height).toBeLessThanOrEqual(fewer.maxPixels);
    expect(last.data.every((value) => value === 0)).toBe(true);
  });
});

describe("several pictures", () => {
  const [first, second, third] = [question(0).image, question(1).image, question(2).image];
  const asked = (...moreImages: (typeof first)[]) => ({ ...request, rollouts: 2, questions: [{ ...question(0), moreImages }] });

  it("have their tokens in the prompt one after the other, and a mask of their own each", () => {
    const [one] = prepare(session, asked());
    const [two] = prepare(session, asked(second));
    expect(two!.prompt.featureCount).toBe(two!.images[0]!.featureCount + two!.images[1]!.featureCount);
    expect(two!.prompt.featureCount).toBe(2 * one!.prompt.featureCount);
    expect(two!.masked.map((set) => set.length)).toEqual([2, 2]);
    const black = ({ data }: typeof first) => Array.from(data, (value) => value === 0).join();
    expect(black(two!.masked[0]![0]!)).not.toBe(black(two!.masked[0]![1]!));
    expect(two!.masked[0]![0]!.data).toEqual(one!.masked[0]![0]!.data);
  });

  it("keep a drawn region on the first picture and leave the others as they are", () => {
    const mask = { ...request.mask!, strategy: "region" as const, region: [0, 0, 0.5, 0.5] as const };
    const [two] = prepare(session, { ...asked(second), mask });
    expect(two!.masked[0]![0]!.data).not.toEqual(two!.seen[0]!.data);
    expect(two!.masked[0]![1]!.data).toEqual(two!.seen[1]!.data);
  });

  it("all matter to the answer", async () => {
    const statsOf = async (...more: (typeof first)[]) => (await rollOut(session, asked(...more)))[0]!.stats;
    const pair = await statsOf(second);
    expect(await statsOf(second)).toEqual(pair);
    expect(await statsOf(third)).not.toEqual(pair);
  });
});

describe("the tower", () => {
  it("computes a picture and its masked copies once, however often they are asked about", async () => {
    session.clearFeatures();
    const batch = vi.spyOn(session.model.vision, "batch");
    const first = await rollOut(session, { ...request, rollouts: 3 });
    const encoded = batch.mock.calls.flatMap(([images]) => images).length;
    expect(encoded).toBe(1 + 3);
    const again = await rollOut(session, { ...request, rollouts: 3 });
    expect(batch.mock.calls.flatMap(([images]) => images).length).toBe(encoded);
    batch.mockRestore();
    expect(again.map(({ ids }) => ids)).toEqual(first.map(({ ids }) => ids));
  });
});

describe("a picture of many tiles", () => {
  it("has the same features when its tiles are computed a few at a time", async () => {
    using smol = await openSession(fixtureFolder("smolvlm"), "smolvlm", { precision: uniformPrecision("f32") });
    const wide = createRgbImage(190, 100);
    wide.data.forEach((_, i) => {
      wide.data[i] = (i * 37) % 251;
    });
    const image = smol.process(wide);
    expect(image.patchCount).toBeGreaterThan(4 * 16);
    const encode = () => {
      smol.clearFeatures();
      const [features] = smol.encode([image]);
      const values = features!.dataSync();
      features!.dispose();
      return values;
    };
    const whole = encode();
    const tower = smol.model.vision as SmolVlmTower;
    tower.rowsAtATime = 2 * 16;
    const { numTensors } = memory();
    const cut = encode();
    smol.clearFeatures();
    expect(memory().numTensors).toBe(numTensors - 1);
    expect(Math.max(...cut.map((value, i) => Math.abs(value - (whole[i] as number))))).toBeLessThan(1e-5);
  });
});
