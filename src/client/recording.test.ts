import { describe, expect, it } from "vitest";
import type { Recording } from "@/protocol/recorded";
import { fetchRecording, parseRecording, RecordingError, replayAnswer, replayRun } from "./recording";
import { SeriesBuffer } from "./seriesBuffer";
import { randomRollout, randomTexts, randomTopK } from "./test/randomAnswer";
import { TokenBuffer } from "./tokenBuffer";

const base64 = (values: Int32Array | Float32Array | Uint8Array) =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");

function recording(): Recording {
  const rollouts = [0, 1].map((i) => {
    const chunk = randomRollout(i, 10 + i);
    return {
      reward: i,
      ids: base64(chunk.ids),
      stats: base64(chunk.stats),
      topIds: base64(chunk.topIds),
      topLogp: base64(chunk.topLogp),
      topOther: base64(chunk.topOther),
    };
  });
  const picture = { width: 2, height: 1, rgb: base64(Uint8Array.of(1, 2, 3, 4, 5, 6)) };
  return {
    version: 1,
    model: "m",
    adapter: "a",
    command: "c",
    texts: randomTexts,
    answers: [{ question: "How many?", image: picture, masked: picture, topK: randomTopK, answer: "2", rollouts }],
    run: {
      name: "r",
      settings: { keepRatio: 0.4 },
      steps: [{ step: 5, reward: 0.5 }, { reward: 0.75 }],
      evaluation: { before: 0, after: 1, maskedBefore: 0, maskedAfter: 0 },
    },
  };
}

const throughJson = () => JSON.parse(JSON.stringify(recording())) as unknown;

describe("recordings", () => {
  it("come back through JSON into the token buffer bit for bit", () => {
    const tokens = new TokenBuffer();
    const parsed = parseRecording(throughJson());
    const header = replayAnswer(parsed, parsed.answers[0]!, tokens);
    const chunk = randomRollout(1, 11);
    expect(tokens.ids(1)).toEqual(chunk.ids);
    expect(tokens.stats(1).kl).toEqual(Float32Array.from({ length: 11 }, (_, t) => chunk.stats[t * 7 + 2]!));
    expect(tokens.rolloutText(0).startsWith("<think>There")).toBe(true);
    expect(header).toMatchObject({ question: "How many?", answer: "2", rewards: [0, 1], image: { width: 2, height: 1 } });
    expect([...header.image!.data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("fill the series of the recorded run", () => {
    const series = new SeriesBuffer();
    replayRun(parseRecording(throughJson()), series);
    expect([...series.steps()]).toEqual([5, 2]);
    expect([...series.values("reward")]).toEqual([0.5, 0.75]);
  });

  it("are refused by the name of the wrong field", () => {
    const broken = throughJson() as { answers: { rollouts: { reward: unknown }[] }[] };
    broken.answers[0]!.rollouts[1]!.reward = "much";
    expect(() => parseRecording(broken)).toThrow(/answers\.0\.rollouts\.1\.reward/);
    expect(() => parseRecording({ ...recording(), version: 2 })).toThrow(RecordingError);
  });

  it("are refused when their numbers do not fit together", () => {
    const tokens = new TokenBuffer();
    const parsed = recording();
    const cut = { ...parsed.answers[0]!, rollouts: [{ ...parsed.answers[0]!.rollouts[0]!, stats: base64(new Float32Array(7)) }] };
    expect(() => replayAnswer(parsed, cut, tokens)).toThrow(RecordingError);
    const noBase64 = { ...parsed.answers[0]!, rollouts: [{ ...parsed.answers[0]!.rollouts[0]!, ids: "%%%" }] };
    expect(() => replayAnswer(parsed, noBase64, tokens)).toThrow(/base64/);
  });

  it("report a missing or unreadable file as a sentence", async () => {
    await expect(fetchRecording("x", async () => new Response("", { status: 404 }))).rejects.toThrow(/404/);
    await expect(fetchRecording("x", async () => new Response("<html>"))).rejects.toThrow(/not JSON/);
    await expect(fetchRecording("x", () => Promise.reject(new TypeError("offline")))).rejects.toThrow(/offline/);
  });
});
