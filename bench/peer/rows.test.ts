import { describe, expect, it } from "vitest";
import { markdownOf } from "../report";
import { noCalls } from "./counters";
import { steadyState } from "./measure";
import type { EngineName, EngineResult, PagePeerReport } from "./plan";
import { peerRows } from "./rows";

const nothing = { ...noCalls(), t: 0 };

function engine(name: EngineName, dispatches: number, tokensPerSecond: number): EngineResult {
  const marks = [1, 2, 3].map((i) => ({ ...nothing, t: i * 10, maps: i, reads: i, dispatches: dispatches * i }));
  const { first, perToken } = steadyState(nothing, marks);
  return {
    name,
    version: `${name} 1`,
    notes: "q4",
    loadMs: 10,
    coldFirstTokenMs: 30,
    loaded: { buffers: 3, bytes: 2e6, peakBytes: 4e6 },
    answering: { bytes: 2e6, peakBytes: 3e6 },
    contexts: [
      {
        context: 128,
        tokens: 4,
        timeToFirstTokenMs: 10,
        tokensPerSecond,
        msPerToken: 1000 / tokensPerSecond,
        hostMsPerToken: 1,
        perToken,
        first,
        agreeing: 3,
      },
    ],
  };
}

const pageOf = (engines: readonly EngineResult[]): PagePeerReport => ({
  adapter: { name: "a", features: [] },
  hiddenFeatures: [],
  engines,
  problems: [],
  gpuErrors: [],
  workers: 0,
});

describe("peerRows", () => {
  const both = [engine("transformers.js", 274, 10), engine("ours", 155, 40), engine("stock TF.js", 204, 5)];

  it("puts the rival's number beside each of ours, and stock operations in the note", () => {
    const rows = peerRows({ size: "l4", report: pageOf(both), solo: [] });
    const decode = rows.find(({ name }) => name === "l4, context 128: decode");
    expect(decode).toMatchObject({ value: 40, unit: "tokens/s", baseline: { name: "transformers.js", value: 10 } });
    expect(decode?.note).toContain("ours 3 of 4");
    expect(decode?.note).toContain("stock TF.js: 5");
    const dispatches = rows.find(({ name }) => name.endsWith("dispatches per decoded token"));
    expect(dispatches).toMatchObject({ value: 155, baseline: { value: 274 } });
    expect(rows.find(({ name }) => name.includes("worst moment of loading"))).toMatchObject({ value: 4, unit: "MB" });
  });

  it("tells the first token about a picture, with its work and how far the features are from the reference's", () => {
    const seen = (one: EngineResult, ms: number, isReferenceToken: boolean): EngineResult => ({
      ...one,
      picture: {
        side: 512,
        imageTokens: 64,
        promptTokens: 128,
        runs: 3,
        ms,
        hostMs: 5,
        token: 7,
        work: { ...nothing, dispatches: ms / 10, buffersCreated: 4 },
        isReferenceToken,
        features: { maxAbsolute: 1e-5, relative: 2e-6 },
      },
    });
    const [peer, own, stock] = both as [EngineResult, EngineResult, EngineResult];
    const report = pageOf([seen(peer, 4000, false), seen(own, 1000, true), stock]);
    const rows = peerRows({ size: "l4", report, solo: [] }).filter(({ name }) => name.startsWith("l4: one picture"));
    expect(rows[0]).toEqual({
      name: "l4: one picture: time to first token, warm",
      unit: "ms",
      value: 1000,
      baseline: { name: "transformers.js", value: 4000 },
      note:
        "512 × 512 pixels, 64 of 128 prompt tokens, 3 runs; transformers.js: another token than on the CPU, features 2.0e-6 " +
        "from the CPU's; ours: token as on the CPU, features 2.0e-6 from the CPU's",
    });
    expect(rows[1]).toMatchObject({ name: "l4: one picture: host time until the first token", value: 5 });
    expect(rows[2]).toMatchObject({ value: 100, baseline: { value: 400 } });
    expect(rows.at(-1)).toMatchObject({ name: "l4: one picture: buffers created until the first token", value: 4 });
    expect(peerRows({ size: "l4", report: pageOf(both), solo: [] }).some(({ name }) => name.includes("picture"))).toBe(false);
  });

  it("leaves out memory that engines took from one pool, unless each had a browser of its own", () => {
    const find = (solo: Parameters<typeof peerRows>[0]["solo"]) =>
      peerRows({ size: "l4", report: pageOf(both), solo }).find(({ name }) => name.includes("worst moment of answering"));
    expect(find([])).toBeUndefined();
    const alone = { name: "ours", processes: [], report: pageOf([engine("ours", 155, 40)]) } as const;
    expect(find([alone])).toMatchObject({ value: 3, unit: "MB" });
  });

  it("gives this engine's half alone where the rival is missing, and nothing where this engine is", () => {
    const alone = peerRows({ size: "l4", report: pageOf([engine("ours", 155, 40)]), solo: [] });
    expect(alone.length).toBeGreaterThan(10);
    expect(alone.some(({ baseline }) => baseline)).toBe(false);
    expect(peerRows({ size: "l4", report: pageOf([engine("transformers.js", 274, 10)]), solo: [] })).toEqual([]);
  });

  it("shows the memory of processes where an engine had a browser of its own", () => {
    const solo = (["ours", "transformers.js"] as const).map((name, i) => ({
      name,
      processes: [{ type: "renderer", peakBytes: (i + 1) * 1e8, bytes: 1 }],
      report: pageOf([]),
    }));
    const memory = peerRows({ size: "l4", report: pageOf(both), solo }).filter(({ name }) => name.includes("resident"));
    expect(memory).toEqual([
      {
        name: "l4: largest resident memory of the renderer",
        unit: "MB",
        value: 100,
        baseline: { name: "transformers.js", value: 200 },
        note: "own browser",
      },
    ]);
  });

  it("prints remarks before the table", () => {
    const rows = peerRows({ size: "l4", report: pageOf(both), solo: [] });
    const text = markdownOf({
      version: 1,
      adapter: "a",
      runtime: "r",
      quick: false,
      repetitions: 5,
      rows,
      remarks: ["Read this."],
    });
    expect(text.indexOf("Read this.")).toBeGreaterThan(0);
    expect(text.indexOf("Read this.")).toBeLessThan(
      text.indexOf("| l4, context 128: decode | 40.00 tokens/s | transformers.js: 10.00 | 4.00 × |"),
    );
  });
});
