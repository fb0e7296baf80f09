// What a plan says of trained weights is what the trainer really makes, for every family and every part.

import { afterEach, describe, expect, it } from "vitest";
import { setUpWasm } from "@/ops/test/wasmFixture";
import { type LoraTarget, trainDefaults } from "@/protocol/training";
import { openSession, uniformPrecision } from "./loading/openSession";
import { memoryLines } from "./memoryPlan";
import type { Session } from "./session";
import { fixtureFolder } from "./test/fixtureFolder";
import { trainablesOf } from "./training/update/trainables";

setUpWasm();
let session: Session | undefined;
afterEach(() => session?.[Symbol.dispose]());

const families = ["smolvlm", "qwen2_5_vl-tied", "qwen3_vl-untied"];
const parts: LoraTarget[][] = [["text"], ["projector"], ["vision"], ["text", "projector", "vision"]];
const loraRank = 4;

async function planAndTruth(family: string, settings: Partial<typeof trainDefaults>) {
  session = await openSession(fixtureFolder(family), family, { precision: uniformPrecision("f32") });
  const { trainable, loraTargets } = { ...trainDefaults, ...settings };
  const use = { contextTokens: 64, rollouts: 2, loraRank, trainable, loraTargets };
  const planned = memoryLines(session, session.precision, use).find(({ what }) => what === "trained weights")?.bytes;
  const trained = trainablesOf(session, { ...trainDefaults, ...settings, loraRank });
  return { planned, elements: trained.reduce((sum, { tensor }) => sum + tensor.size, 0) };
}

describe("memory of trained weights", () => {
  it.each(families.flatMap((family) => parts.map((targets) => [family, targets] as const)))(
    "of %s: an adapter on %s has value, gradient and two moments",
    async (family, loraTargets) => {
      const { planned, elements } = await planAndTruth(family, { loraTargets });
      expect(elements).toBeGreaterThan(0);
      expect(planned).toBe(elements * 4 * 4);
    },
  );

  it("of all weights: gradient and two moments beside the weights themselves", async () => {
    const { planned, elements } = await planAndTruth("smolvlm", { trainable: "full" });
    expect(planned).toBe(elements * 3 * 4);
  });
});
