import { describe, expect, it, vi } from "vitest";
import type { TokenChunk } from "@/protocol/generation";
import { randomRollout, randomTexts, randomTopK } from "./test/randomAnswer";
import { TokenBuffer } from "./tokenBuffer";

/** Rows of several chunks in turn, as a batch of rollouts streams. */
function interleaved(chunks: readonly TokenChunk[], t: number): TokenChunk {
  const rows = <A extends Int32Array | Float32Array>(of: (chunk: TokenChunk) => A, size: number) =>
    chunks.flatMap((chunk) => [...of(chunk).subarray(t * size, (t + 1) * size)]);
  return {
    rollout: Int32Array.from(rows((chunk) => chunk.rollout, 1)),
    ids: Int32Array.from(rows((chunk) => chunk.ids, 1)),
    stats: Float32Array.from(rows((chunk) => chunk.stats, 7)),
    topIds: Int32Array.from(rows((chunk) => chunk.topIds, 2 * randomTopK)),
    topLogp: Float32Array.from(rows((chunk) => chunk.topLogp, 2 * randomTopK)),
    topOther: Float32Array.from(rows((chunk) => chunk.topOther, 2 * randomTopK)),
  };
}

describe("TokenBuffer", () => {
  it("holds the same after streaming row by row as after one chunk per rollout, past several enlargements", () => {
    const chunks = [0, 1, 2].map((rollout) => randomRollout(rollout, 300));
    const streamed = new TokenBuffer();
    const whole = new TokenBuffer();
    streamed.start(3, randomTopK);
    whole.start(3, randomTopK);
    for (let t = 0; t < 300; t++) streamed.append(interleaved(chunks, t), randomTexts);
    for (const chunk of chunks) whole.append(chunk, randomTexts);
    for (const rollout of [0, 1, 2]) {
      expect(streamed.ids(rollout)).toEqual(chunks[rollout]!.ids);
      expect(streamed.stats(rollout)).toEqual(whole.stats(rollout));
      for (const t of [0, 63, 64, 299]) {
        for (const condition of [0, 1] as const) {
          const start = (t * 2 + condition) * randomTopK;
          expect(streamed.top(rollout, t, condition)).toEqual({
            ids: chunks[rollout]!.topIds.slice(start, start + randomTopK),
            logp: chunks[rollout]!.topLogp.slice(start, start + randomTopK),
            other: chunks[rollout]!.topOther.slice(start, start + randomTopK),
          });
        }
      }
    }
  });

  it("joins the texts of a rollout and names an id it has no text for", () => {
    const buffer = new TokenBuffer();
    buffer.start(1, randomTopK);
    buffer.append(randomRollout(0, 5), randomTexts);
    expect(buffer.rolloutText(0)).toBe("<think>There are two red");
    expect(buffer.text(999)).toBe("⟨999⟩");
  });

  it("forgets the old answer when a new one starts", () => {
    const buffer = new TokenBuffer();
    buffer.start(2, randomTopK);
    buffer.append(randomRollout(1, 5), randomTexts);
    const { epoch } = buffer;
    buffer.start(1, randomTopK);
    expect(buffer.epoch).toBe(epoch + 1);
    expect([buffer.rolloutCount, buffer.length(0), buffer.length(1)]).toEqual([1, 0, 0]);
  });

  it("notifies once per scheduled turn, however much arrives", () => {
    const turns: (() => void)[] = [];
    const buffer = new TokenBuffer((notify) => turns.push(notify));
    const listener = vi.fn();
    const stop = buffer.subscribe(listener);
    buffer.start(1, randomTopK);
    buffer.append(randomRollout(0, 5), randomTexts);
    buffer.finishRollout(0, "stop");
    expect(turns).toHaveLength(1);
    turns[0]?.();
    expect(listener).toHaveBeenCalledTimes(1);
    buffer.append(randomRollout(0, 5), {});
    stop();
    turns[1]?.();
    expect(listener).toHaveBeenCalledTimes(1);
    expect(buffer.finished(0)).toBe("stop");
  });

  it("refuses rows of a rollout that was not announced", () => {
    const buffer = new TokenBuffer();
    buffer.start(1, randomTopK);
    expect(() => buffer.append(randomRollout(1, 2), {})).toThrow(RangeError);
  });
});

describe("answers taken out of the buffer", () => {
  it("are shown again as they were, and go on streaming while another one is shown", () => {
    const buffer = new TokenBuffer();
    const first = buffer.start(2, randomTopK);
    buffer.append(randomRollout(1, 5), randomTexts);
    buffer.start(1, randomTopK);
    buffer.append(randomRollout(0, 3, 9), randomTexts);
    const { epoch } = buffer;
    // Past an enlargement, which replaces the arrays inside.
    buffer.append(randomRollout(1, 200), {}, first);
    buffer.finishRollout(1, "length", first);
    expect([buffer.rolloutCount, buffer.length(0)]).toEqual([1, 3]);
    buffer.put(first);
    expect(buffer.epoch).toBe(epoch + 1);
    expect([buffer.rolloutCount, buffer.length(1), buffer.finished(1)]).toEqual([2, 205, "length"]);
    expect([...buffer.ids(1)]).toEqual([...randomRollout(1, 5).ids, ...randomRollout(1, 200).ids]);
  });

  it("keep their texts when another model's ids mean something else", () => {
    const buffer = new TokenBuffer();
    const first = buffer.start(1, randomTopK);
    buffer.append(randomRollout(0, 3), randomTexts);
    const second = buffer.start(1, randomTopK);
    buffer.append(randomRollout(0, 3), { ...randomTexts, 1: "Zwei" });
    expect(buffer.rolloutText(0)).toBe("<think>Zwei are");
    buffer.put(first);
    expect(buffer.rolloutText(0)).toBe("<think>There are");
    buffer.put(second);
    buffer.start(1, randomTopK);
    buffer.append(randomRollout(0, 3), {});
    expect(buffer.rolloutText(0)).toBe("<think>Zwei are");
  });

  it("can be read by a second buffer, and their beginning comes out as the chunk that went in", () => {
    const buffer = new TokenBuffer();
    buffer.start(2, randomTopK);
    const chunk = randomRollout(1, 90);
    buffer.append(chunk, randomTexts);
    const reader = new TokenBuffer();
    reader.put(buffer.snapshot);
    expect(reader.chunk(1, 90)).toEqual({ ...chunk, rollout: new Int32Array(90) });
    expect(reader.chunk(1, 4).stats).toEqual(chunk.stats.slice(0, 28));
    expect(reader.textsOf(reader.chunk(1, 2))).toMatchObject({ 0: "<think>", 1: "There" });
  });
});
