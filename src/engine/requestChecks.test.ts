import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setUpWasm } from "@/ops/test/wasmFixture";
import { prepare } from "./decoding/rollouts";
import { openSession, uniformPrecision } from "./loading/openSession";
import { decodingPeakBytes } from "./memoryPlan";
import { checkMemory } from "./requestChecks";
import type { Session } from "./session";
import { fixtureFolder } from "./test/fixtureFolder";
import { request } from "./test/tinySession";

setUpWasm();
let session: Session;
beforeAll(async () => {
  session = await openSession(fixtureFolder("qwen3_vl-tied"), "tiny", { precision: uniformPrecision("f32") });
});
afterAll(() => session[Symbol.dispose]());

describe("checkMemory", () => {
  it("refuses answers that need more than may be used, with both numbers, and lets the same answers pass with enough", () => {
    const prompt = prepare(session, request)[0]!.prompt;
    const asked = { rollouts: 32, maxNewTokens: 4000 };
    const bytes = decodingPeakBytes(session, session.precision, {
      contextTokens: prompt.ids.length + 4000,
      answerTokens: 4000,
      pictureTokens: prompt.featureCount,
      rollouts: 32,
      loraRank: 0,
    });
    expect(() => checkMemory(session, prompt, asked, bytes)).not.toThrow();
    expect(() => checkMemory(session, prompt, asked, bytes - 1)).toThrow(
      /^The answers do not fit: 32 of up to 4000 tokens need [\d.]+ GiB of GPU memory with the model, and [\d.]+ GiB may be used/,
    );
    expect(() => checkMemory(session, prompt, { rollouts: 1, maxNewTokens: 16 }, bytes / 4)).not.toThrow();
  });
});
