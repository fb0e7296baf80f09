import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { SeriesBuffer } from "@/client/seriesBuffer";
import { trainDefaults } from "@/protocol/training";
import { defaultSettings } from "@/state/settings";
import { chartGroupsOf } from "@/views/training/charts";
import type { AnswerDocument, DocumentToken } from "./answerDocument";
import { answerReport } from "./answerReport";
import { fileNamePart, textFile, zipFile } from "./exportFile";
import { type Provenance, settingRows } from "./provenance";
import { reportedSteps, runReport } from "./runReport";

const hostile = `</title><script>alert(1)</script><img src=x onerror=alert(1)>"'&\u202e\u0000 `;
const hash = async (text: string) => createHash("sha256").update(text).digest("base64");

const from: Provenance = {
  page: { name: "VPPO playground", version: "0.1.0", address: "https://example.org/" },
  exportedAt: "2026-01-01T00:00:00.000Z",
  model: { name: hostile, family: "SmolVLM", source: hostile, precision: "text int8", adapter: hostile },
  device: hostile,
  seed: 1,
  sample: null,
  settings: defaultSettings,
};

function token(text: string, kl: number): DocumentToken {
  const row = { probability: 0.75, probabilityMasked: 0.25, contribution: kl + 0.01 };
  return {
    id: 7,
    text,
    logp: Math.log(0.75),
    logpMasked: Math.log(0.25),
    kl,
    jsd: 0.1,
    entropy: 0.5,
    entropyMasked: 0.6,
    top1Drop: 0.5,
    dependency: kl,
    kept: kl > 1,
    weight: 0.5,
    colour: kl > 1 ? 15 : 1,
    pairs: {
      rows: [{ id: 7, text, sampled: true, ...row }],
      tail: { probability: 0.25, probabilityMasked: 0.75, contribution: -0.01 },
    },
  };
}

const answer: AnswerDocument = {
  provenance: from,
  question: hostile,
  answer: hostile,
  image: null,
  masked: [],
  source: "live",
  writtenBy: hostile,
  notices: [],
  policy: { betaMin: 0.9 },
  legend: {
    label: "Visual dependency",
    unit: "nats",
    help: "How much.",
    map: "cividis",
    scale: "linear",
    ends: Array.from({ length: 16 }, (_, i) => i),
  },
  rollouts: [
    {
      finished: "stop",
      reward: 1,
      rewardSource: "measured",
      advantage: 0.5,
      alpha: 1.1,
      meanDependency: 1,
      tokens: [token(hostile, 1.9), token(" bus", 0.2)],
    },
  ],
};

/** Everything in a document that a browser could fetch or run. */
function dangers(document: string): string[] {
  const tags = document.replace(/<style>[\s\S]*?<\/style>/, "").match(/<[a-z][^>]*>/gi) ?? [];
  return tags.filter((tag) =>
    /^<(script|iframe|object|embed|link|base|form|video|audio)|\son\w+=|\sstyle=|(src|href)="(?!data:image\/png|#)/i.test(tag),
  );
}

describe("the answer as one HTML file", () => {
  const write = () =>
    answerReport(answer, {
      image: "AAAA",
      masked: ["BBBB"],
      settings: settingRows(defaultSettings),
      link: "https://example.org/#v=1",
      hash,
    });

  it("holds every token with its numbers and both predictions, and what it takes to repeat it", async () => {
    const document = await write();
    for (const part of [
      "KL 1.9 nats",
      "KL, the sum",
      ".75",
      "1.91",
      "All settings",
      "https://example.org/#v=1",
      'class="t b15 k"',
    ]) {
      expect(document).toContain(part);
    }
    expect(document.match(/data:image\/png;base64,/g)).toHaveLength(2);
  });

  it("takes hostile text for text: no tag, no handler, no address of it is left", async () => {
    const document = await write();
    expect(dangers(document)).toEqual([]);
    expect(document).not.toContain("<script>alert");
    expect(document).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(document).not.toContain("\u0000");
  });

  it("allows its own style by hash and nothing else", async () => {
    const document = await write();
    const [, css = ""] = /<style>([\s\S]*?)<\/style>/.exec(document) ?? [];
    const [, policy = ""] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(document) ?? [];
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`style-src 'sha256-${createHash("sha256").update(css).digest("base64")}'`);
    expect(policy).not.toContain("unsafe");
  });
});

describe("a run as one HTML file", () => {
  it("holds charts, every metric, settings and rollouts as text", async () => {
    const series = new SeriesBuffer();
    series.append(1, { "reward/accuracy": 0.25, "actor/pg_loss": 0.5 });
    series.append(2, { "reward/accuracy": 0.5, "actor/pg_loss": Number.NaN });
    const rollout = {
      ...{ prompt: 0, question: hostile, answer: "3", family: "count", text: hostile, reward: 1, advantage: 0.5, alpha: 1 },
      ...{ meanDependency: 0.4, length: 2, dependency: Float32Array.of(0.1, 0.7), mask: Float32Array.of(0, 1) },
    };
    const charts = chartGroupsOf([{ id: "a", name: hostile, series, colour: 0, dashed: false }], 0);
    const settings = [{ fromStep: 1, settings: trainDefaults }];
    const reports = [{ step: 2, metrics: {}, rollouts: [rollout], images: [], texts: {} }];
    const document = await runReport({ name: hostile, note: hostile, provenance: from, settings, charts, series, reports, hash });
    expect(dangers(document)).toEqual([]);
    for (const part of ["<svg", "reward/accuracy", "policy.betaMin", "Step 2", "&lt;script&gt;"])
      expect(document).toContain(part);
  });

  it("has the rollouts of the first, a middle and the last step", () => {
    expect(reportedSteps([3, 4, 5, 6, 9])).toEqual([3, 5, 9]);
    expect(reportedSteps([3])).toEqual([3]);
    expect(reportedSteps([])).toEqual([]);
  });
});

describe("exported files", () => {
  it("have names that every disk takes", () => {
    expect(fileNamePart("../Réward, α / β?")).toBe("reward");
    expect(fileNamePart("\u202e")).toBe("export");
    expect(fileNamePart("x".repeat(300))).toHaveLength(60);
  });

  it("keep both of two files with one name in a zip", async () => {
    const { unzipSync, strFromU8 } = await import("fflate");
    const files = [textFile("a.csv", "1", "text/csv"), textFile("a.csv", "2", "text/csv")];
    const { blob } = await zipFile("all.zip", files);
    const parts = unzipSync(new Uint8Array(await blob.arrayBuffer()));
    expect(Object.entries(parts).map(([name, bytes]) => [name, strFromU8(bytes)])).toEqual([
      ["a.csv", "1"],
      ["a-2.csv", "2"],
    ]);
  });
});
