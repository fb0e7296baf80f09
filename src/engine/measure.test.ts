// Answers measured again under other masks, and answers that go on from a given beginning, against what asking gave.

import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setUpWasm } from "@/ops/test/wasmFixture";
import type { AskEvent, AskRequest, TokenChunk } from "@/protocol/generation";
import type { MaskSettings } from "@/protocol/image";
import type { MeasureEvent, MeasureRequest } from "@/protocol/measure";
import type { TokenStats } from "@/rl/dependency";
import { answer } from "./answer";
import { openSession, uniformPrecision } from "./loading/openSession";
import { measure } from "./measure";
import type { Session } from "./session";
import { fixtureFolder } from "./test/fixtureFolder";
import { blackening, question } from "./test/tinySession";
import { statCount, tokenStatsOfRows } from "./tokenStats";

setUpWasm();
const families = ["smolvlm", "qwen2_5_vl-tied", "qwen3_vl-untied"];

describe.each(families)("%s", (family) => {
  let session: Session;
  beforeAll(async () => {
    session = await openSession(fixtureFolder(family), family, { precision: uniformPrecision("f32") });
  });
  afterAll(() => session[Symbol.dispose]());

  const shared: MaskSettings = { ...blackening, sharing: "shared" };
  const asked: AskRequest = {
    image: question(0).image,
    question: "What is there?",
    rollouts: 1,
    sampling: { temperature: 0, topP: 1, topK: 0, seed: 1, maxNewTokens: 8 },
    mask: shared,
    topK: 1,
  };

  async function ask(request: AskRequest): Promise<{ ids: number[]; stats: TokenStats }> {
    const chunks: TokenChunk[] = [];
    const emit = (event: AskEvent) => event.type === "tokens" && chunks.push(event.chunk);
    const options = { budgetBytes: Number.POSITIVE_INFINITY, emit, signal: new AbortController().signal, textsOf: () => ({}) };
    await answer(session, request, options);
    const rows = chunks.flatMap(({ stats }) => [...stats]);
    return { ids: chunks.flatMap(({ ids }) => [...ids]), stats: tokenStatsOfRows(rows, rows.length / statCount) };
  }

  async function measured(ids: readonly number[], masks: MeasureRequest["masks"], stopAfter = masks.length) {
    const events: MeasureEvent[] = [];
    const abort = new AbortController();
    const { image, question: text } = asked;
    const request = { image, question: text, responses: [Int32Array.from(ids)], masks };
    const emit = (event: MeasureEvent) => {
      events.push(event);
      if (events.length === stopAfter) abort.abort();
    };
    await measure(session, request, { emit, signal: abort.signal });
    return events;
  }

  it("an answer measured under the mask it was asked with has the numbers that streamed", async () => {
    const { ids, stats } = await ask(asked);
    const [event] = await measured(ids, [shared]);
    for (const key of ["logp", "logpMasked", "kl", "entropy"] as const) {
      const again = event!.stats[0]![key];
      expect(again.length).toBe(ids.length);
      again.forEach((value, t) => {
        expect(value).toBeCloseTo(stats[key][t]!, 4);
      });
    }
    expect(Math.max(...stats.kl)).toBeGreaterThan(0);
  });

  it("masks are measured in order, an untouched picture has no dependency at all, and Stop ends it between two", async () => {
    const { ids } = await ask(asked);
    const region: MaskSettings = { ...shared, strategy: "region", region: [0, 0, 0.5, 1] };
    const untouched: MaskSettings = { ...shared, ratio: 0 };
    const events = await measured(ids, [region, untouched, { ...shared, strategy: "whole" }]);
    // The features of these pictures are kept from now on; nothing else is.
    const before = memory().numTensors;
    expect(events.map(({ mask, total }) => [mask, total])).toEqual([0, 1, 2].map((mask) => [mask, 3]));
    expect([...events[1]!.stats[0]!.kl].every((value) => value === 0)).toBe(true);
    expect(Math.max(...events[0]!.stats[0]!.kl)).toBeGreaterThan(0);
    expect(await measured(ids, [region, untouched], 1)).toHaveLength(1);
    expect(memory().numTensors).toBe(before);
  });

  it("an answer goes on from its own beginning as it did", async () => {
    const { ids, stats } = await ask(asked);
    const branch = await ask({ ...asked, prefix: Int32Array.from(ids.slice(0, 3)) });
    const rest = ids.slice(3);
    expect(branch.ids.slice(0, rest.length)).toEqual(rest);
    branch.stats.kl.subarray(0, rest.length).forEach((value, t) => {
      expect(value).toBeCloseTo(stats.kl[3 + t]!, 4);
    });
  });

  it("a region measured afterwards has the numbers of an answer asked with that region as its mask", async () => {
    const region: MaskSettings = { ...shared, strategy: "region", region: [0.25, 0, 0.75, 0.5] };
    const { ids, stats } = await ask({ ...asked, mask: region });
    const [event] = await measured(ids, [region]);
    expect(Math.max(...stats.kl)).toBeGreaterThan(0);
    event!.stats[0]!.kl.forEach((value, t) => {
      expect(value).toBeCloseTo(stats.kl[t]!, 4);
    });
  });

  it("a part covered with black is that region, bit for bit, and several parts together are one mask", async () => {
    const { ids } = await ask(asked);
    const region: MaskSettings = { ...shared, strategy: "region", region: [0, 0.5, 1, 1] };
    const black = { strategy: "cover", fill: "black", seed: 0 } as const;
    const [drawn, covered, halves, nothing] = await measured(ids, [
      region,
      { ...black, regions: [[0, 0.5, 1, 1]] },
      {
        ...black,
        regions: [
          [0, 0.5, 0.5, 1],
          [0.5, 0.5, 1, 1],
        ],
      },
      { ...black, regions: [] },
    ]);
    expect(covered!.stats).toEqual(drawn!.stats);
    expect(halves!.stats).toEqual(drawn!.stats);
    expect(nothing!.stats[0]!.kl.every((value) => value === 0)).toBe(true);
    const { width, height } = session.see(asked.image);
    const { rows, columns } = drawn!.patches;
    expect(rows * columns).toBeGreaterThan(1);
    expect(Math.abs(rows / columns - height / width)).toBeLessThan(0.01);
  });

  it("masks measured together have the numbers that each has alone", async () => {
    const { ids } = await ask(asked);
    const masks = [1, 2, 3, 4, 5].map((seed): MaskSettings => ({ ...shared, seed }));
    const together = await measured(ids, masks);
    for (const index of [0, 3]) {
      const [alone] = await measured(ids, [masks[index]!]);
      together[index]!.stats[0]!.kl.forEach((value, t) => {
        expect(value).toBeCloseTo(alone!.stats[0]!.kl[t]!, 5);
      });
    }
    expect(together[0]!.stats).not.toEqual(together[3]!.stats);
  });

  it("nothing to measure is told", async () => {
    await expect(measured([], [shared])).rejects.toThrow("there is no answer yet");
  });
});
