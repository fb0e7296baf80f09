// A step cut into parts is the step in one piece.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setUpWasm } from "@/ops/test/wasmFixture";
import { openSession, uniformPrecision } from "../loading/openSession";
import { exportAdapter, removeLora } from "../lora";
import type { Session } from "../session";
import { fixtureFolder } from "../test/fixtureFolder";
import { parityParts, trainSettings, withoutEnd } from "../test/tinySession";
import { Trainer } from "./trainer";

setUpWasm();
let session: Session;
beforeAll(async () => {
  session = withoutEnd(await openSession(fixtureFolder("smolvlm"), "tiny", { precision: uniformPrecision("f32") }));
});
afterAll(() => session[Symbol.dispose]());

/** Loss, gradient norm and adapter after one step of three prompts, and how many parts it was done in. */
async function step(keptInputBytes?: number) {
  removeLora(session.model);
  const settings = { ...trainSettings, promptsPerStep: 3, rolloutsPerPrompt: 4 };
  const trainer = Trainer.create(session, settings, { ...parityParts, ...(keptInputBytes && { keptInputBytes }) });
  let parts = 0;
  const report = await trainer.takeStep(settings, {
    onPhase: (phase, _, total) => {
      if (phase === "update") parts = total;
    },
  });
  trainer[Symbol.dispose]();
  const adapter = await exportAdapter(session.model, "tiny");
  const numbers = [...(adapter?.modules.values() ?? [])].flatMap(({ a, b }) => [...a, ...b]);
  return { metrics: report?.metrics ?? {}, numbers, parts };
}

describe("a training step", () => {
  it("gives the same loss, gradient and adapter in one pass and prompt by prompt", { timeout: 120_000 }, async () => {
    const whole = await step();
    const cut = await step(1);
    expect([whole.parts, cut.parts]).toEqual([1, 3]);
    expect(whole.metrics["actor/grad_norm"]).toBeGreaterThan(0);
    for (const name of ["actor/pg_loss", "actor/grad_norm"])
      expect(cut.metrics[name]).toBeCloseTo(whole.metrics[name] as number, 6);
    const difference = Math.max(...cut.numbers.map((value, i) => Math.abs(value - (whole.numbers[i] as number))));
    expect(cut.numbers.length).toBe(whole.numbers.length);
    expect(difference).toBeLessThan(trainSettings.learningRate * 0.05);
  });
});
