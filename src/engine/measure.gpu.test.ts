// On the GPU a row's numbers depend on that row alone, so an answer measured again has the very bits that it streamed with, however many
// masks go through the model together.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setUpGpu } from "@/ops/test/gpuFixture";
import type { TokenChunk } from "@/protocol/generation";
import type { MaskSettings } from "@/protocol/image";
import type { MeasureEvent } from "@/protocol/measure";
import { answer } from "./answer";
import { measure } from "./measure";
import type { Session } from "./session";
import { askRequest, loadTiny, withoutEnd } from "./test/tinySession";
import { statCount, tokenStatsOfRows } from "./tokenStats";

setUpGpu();
let session: Session;
beforeAll(async () => {
  session = withoutEnd(await loadTiny());
});
afterAll(() => session[Symbol.dispose]());

describe("measuring again", () => {
  it("a region gives the bits of an answer asked with that region as its mask, alone and among other masks", async () => {
    const region: MaskSettings = { ...askRequest.mask, strategy: "region", region: [0.25, 0, 0.75, 0.5], sharing: "shared" };
    const request = { ...askRequest, rollouts: 1, mask: region };
    const signal = new AbortController().signal;
    const chunks: TokenChunk[] = [];
    await answer(session, request, {
      budgetBytes: Number.POSITIVE_INFINITY,
      emit: (event) => event.type === "tokens" && chunks.push(event.chunk),
      signal,
      textsOf: () => ({}),
    });
    const ids = Int32Array.from(chunks.flatMap((chunk) => [...chunk.ids]));
    const streamed = tokenStatsOfRows(
      chunks.flatMap(({ stats }) => [...stats]),
      ids.length,
      statCount,
    );
    const { image, question } = request;
    const masks: MaskSettings[] = [{ ...region, region: [0, 0, 1, 1] }, region, { ...region, region: [0, 0.5, 0.5, 1] }, region];
    const events: MeasureEvent[] = [];
    await measure(session, { image, question, responses: [ids], masks }, { emit: (event) => events.push(event), signal });
    expect(Math.max(...streamed.kl)).toBeGreaterThan(0);
    for (const index of [1, 3]) expect(events[index]?.stats[0]).toEqual(streamed);
    expect(events[0]?.stats[0]?.kl).not.toEqual(streamed.kl);
  });
});
