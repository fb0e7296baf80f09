// A user's bounds on pictures reach the model in everything that shows it pictures: asking, training and evaluating.

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { setUpWasm } from "@/ops/test/wasmFixture";
import { shapesTask } from "@/tasks/shapes/shapesTask";
import { evaluate } from "./evaluate";
import { openSession, uniformPrecision } from "./loading/openSession";
import { prepare } from "./rollouts";
import type { Session } from "./session";
import { fixtureFolder } from "./test/fixtureFolder";
import { parityTask, question, request, trainSettings } from "./test/tinySession";
import { Trainer } from "./trainer";

setUpWasm();
let session: Session;
beforeAll(async () => {
  session = await openSession(fixtureFolder("qwen3_vl-tied"), "qwen3_vl-tied", { precision: uniformPrecision("f32") });
});
afterAll(() => session[Symbol.dispose]());

const fewer = { maxPixels: 2048 };
const evaluation = { task: "shapes", problems: 2, rollouts: 1, temperature: 1, masked: false, seed: 1 };

/** Numbers of image tokens of every picture that is processed meanwhile, masked ones included. */
async function imageTokensOf(run: () => unknown): Promise<number[]> {
  const process = vi.spyOn(session, "process");
  await run();
  const counts = process.mock.results.map(({ value }) => (value as { featureCount: number }).featureCount);
  process.mockRestore();
  return counts;
}

const train = (settings: Parameters<Trainer["takeStep"]>[0]) => async () => {
  const trainer = Trainer.create(session, parityTask, settings);
  await trainer.takeStep(settings);
  trainer[Symbol.dispose]();
};

describe("fewer pixels", () => {
  it("give fewer image tokens in the prompt, and masked pictures of the same size", () => {
    const [own] = prepare(session, { ...request, questions: [question(0)] });
    const [small] = prepare(session, { ...request, questions: [question(0)], pixels: fewer });
    expect(small!.image.featureCount).toBeLessThan(own!.image.featureCount);
    expect(own!.prompt.ids.length - small!.prompt.ids.length).toBe(own!.image.featureCount - small!.image.featureCount);
    expect(small!.seen.width * small!.seen.height).toBeLessThanOrEqual(fewer.maxPixels);
    for (const masked of small!.masked) expect([masked.width, masked.height]).toEqual([small!.seen.width, small!.seen.height]);
  });

  it.each<[string, (pixels: { maxPixels: number } | undefined) => () => unknown]>([
    ["training", (pixels) => train({ ...trainSettings, rolloutsPerPrompt: 2, ...(pixels && { pixels }) })],
    [
      "evaluating",
      (pixels) => () => evaluate(session, shapesTask, { ...evaluation, ...(pixels && { pixels }) }, { maxNewTokens: 2 }),
    ],
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
    await evaluate(session, shapesTask, masked, { maxNewTokens: 2 });
    const last = see.mock.results.at(-1)!.value as { width: number; height: number; data: Uint8Array };
    see.mockRestore();
    expect(last.width * last.height).toBeLessThanOrEqual(fewer.maxPixels);
    expect(last.data.every((value) => value === 0)).toBe(true);
  });
});
