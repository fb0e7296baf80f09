import { describe, expect, it } from "vitest";
import { proposalSettings } from "@/state/models/fitting";
import { defaultSettings } from "@/state/settings";
import { announcement, peakLines, proposalText, timeText } from "./planText";

const now = {
  precision: { text: "int8", vision: "f16", head: "int8", groupSize: 32 },
  use: { contextTokens: 1024, rollouts: 8, loraRank: 8 },
} as const;

describe("the lines at the peak", () => {
  it("leave out what does not overlap: the smaller of answering and training", () => {
    const lines = (training: number) =>
      [
        { what: "text weights", bytes: 5 },
        { what: "KV cache", bytes: 2 },
        { what: "decoding", bytes: 1 },
        { what: "training step", bytes: training },
        { what: "trained weights", bytes: 1 },
      ] as const;
    const left = (training: number) => peakLines(lines(training)).map(({ what }) => what);
    expect(left(2)).toEqual(["text weights", "KV cache", "decoding", "trained weights"]);
    expect(left(4)).toEqual(["text weights", "training step", "trained weights"]);
  });
});

describe("a proposal in words", () => {
  it("names only what changes", () => {
    expect(proposalText(now, { ...now, use: { ...now.use, contextTokens: 512 } })).toBe("Use 512 tokens instead");
    const precision = { ...now.precision, text: "int4" } as const;
    expect(proposalText(now, { precision, use: { contextTokens: 512, rollouts: 1, loraRank: 8 } })).toBe(
      "Use int4 text, f16 vision, int8 head, 512 tokens and 1 rollout instead",
    );
  });

  it("becomes settings whose training still has two rollouts to compare", () => {
    const settings = proposalSettings(defaultSettings, { precision: now.precision, use: { ...now.use, rollouts: 1 } });
    expect(settings).toMatchObject({ visionFormat: "f16", groupSize: "32", rollouts: 1, rolloutsPerPrompt: 2 });
  });
});

describe("loading in words", () => {
  it("says times as people do", () => {
    expect([4.4, 61, 3599, 7300].map(timeText)).toEqual(["4 s", "1 min", "1 h 0 min", "2 h 2 min"]);
  });

  it("announces tenths, pauses and what it waits for", () => {
    const progress = { files: [], doneBytes: 39, totalBytes: 100, cachedBytes: 0, bytesPerSecond: 1, paused: false };
    expect(announcement("m", null)).toBe("Loading m");
    expect(announcement("m", progress)).toBe("Loading m: 30 %");
    expect(announcement("m", { ...progress, paused: true })).toBe("Loading m: 30 %, paused");
    expect(announcement("m", { ...progress, waiting: "the network" })).toBe("Loading m: 30 %, waiting: the network");
  });
});
