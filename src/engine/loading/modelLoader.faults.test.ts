// What goes wrong between a server and a page, each through a whole load over real connections: the load goes on, tries again, or
// says exactly what is wrong, and a normal load afterwards always succeeds.

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nodeDirectory } from "@/fetching/test/nodeCacheFiles";
import type { FaultRequest } from "../../../scripts/syntheticHub/faults";
import { setUpLoader } from "./test/loaderBench";

const bench = setUpLoader();
const secondShard = "model-00002-of-00003.safetensors";
const freshDirectory = () => nodeDirectory(mkdtempSync(join(tmpdir(), "loader-")));

/** The weights as a server without faults gives them. */
async function trueWeights(repo?: string): Promise<string | undefined> {
  const { weights } = await bench.load({ useCache: false, ...(repo !== undefined && { repo }) });
  bench.hub.reset();
  return weights;
}

/** Loads under a fault. */
function loadUnder(fault: FaultRequest, ...more: FaultRequest[]) {
  for (const one of [fault, ...more]) bench.hub.fault(one);
  return bench.load();
}

/** A load without faults after one that failed. */
async function expectRecovery(): Promise<void> {
  bench.hub.reset();
  const { error, weights } = await bench.load();
  expect(error).toBeUndefined();
  expect(weights).toBe(await trueWeights());
  await bench.expectCached();
}

describe("faults that pass", () => {
  it("goes on at the byte where a shard was cut, without asking for what it has", async () => {
    const expected = await trueWeights();
    const cut = { kind: "cutMidShard", match: secondShard, afterBytes: 40_000, afterRequests: 1, times: 1 } as const;
    const { weights, error } = await loadUnder(cut);
    expect(error).toBeUndefined();
    expect(weights).toBe(expected);
    const [header, data, rest] = bench.hub.log.filter(({ path }) => path === secondShard).map(({ range }) => range?.[0]);
    expect(header).toBe(0);
    expect(data).toBeGreaterThan(0);
    expect(rest).toBeGreaterThanOrEqual(data as number);
    await bench.expectCached();
  });

  it("tries again where the connection breaks while the small files are read", async () => {
    const { weights } = await loadUnder({ kind: "cutMidShard", match: "tokenizer.json", afterBytes: 500, times: 1 });
    expect(weights).toBe(await trueWeights());
  });

  it("waits as long as the server asks, and says so", async () => {
    const expected = await trueWeights();
    bench.hub.fault({ kind: "rateLimited", match: secondShard, retryAfter: "2", times: 1 });
    const started = performance.now();
    const { weights, events } = await bench.load({ isPatient: true });
    expect(performance.now() - started).toBeGreaterThan(1990);
    expect(weights).toBe(expected);
    expect(events).toContainEqual({
      type: "progress",
      progress: expect.objectContaining({ waiting: "the server asked to wait 2 s" }),
    });
  });

  it("tries again after a server error", async () => {
    const { weights } = await loadUnder({ kind: "serverError", match: secondShard, status: 502, times: 1 });
    expect(weights).toBe(await trueWeights());
  });

  it("skips what it has where a server ignores ranges", async () => {
    const { weights } = await loadUnder(
      { kind: "cutMidShard", match: secondShard, afterBytes: 40_000, times: 1 },
      { kind: "ignoreRange", match: secondShard },
    );
    expect(weights).toBe(await trueWeights());
  });

  it("asks for the rest where a server sends smaller parts than it was asked for", async () => {
    const { weights } = await loadUnder({ kind: "smallParts", match: secondShard, bytes: 30_000 });
    expect(weights).toBe(await trueWeights());
  });

  it("fetches anew what a changed model left behind in the cache", async () => {
    const source = bench.url("tiny/smolvlm-3shards");
    const expected = await trueWeights();
    // The first third of the model: the second shard is gone after its header was read.
    bench.hub.fault({ kind: "notFound", match: secondShard, afterRequests: 1 });
    const first = await bench.load({ source });
    expect(first.error).toBeDefined();
    bench.hub.reset();
    bench.hub.fault({ kind: "changedRevision", match: "" });
    const { weights, notices } = await bench.load({ source });
    expect(notices).toEqual(["The model changed on the server since loading it began; it is fetched anew."]);
    expect(weights).toBe(expected);
  });

  it("starts again when the model changes between two parts of it", async () => {
    const source = bench.url("tiny/smolvlm-3shards");
    const expected = await trueWeights();
    bench.hub.fault({ kind: "changedRevision", match: secondShard, afterRequests: 1 });
    const { weights, notices } = await bench.load({ source });
    expect(notices).toEqual(["The model changed on the server since loading it began; it is fetched anew."]);
    expect(weights).toBe(expected);
    bench.hub.reset();
    bench.hub.fault({ kind: "changedRevision", match: secondShard });
    await bench.expectCached({ source });
  });
});

describe("faults that stay", () => {
  const cases: readonly [string, FaultRequest, RegExp, { readonly madeRoom: boolean }][] = [
    [
      "a shard that is missing",
      { kind: "notFound", match: secondShard },
      /^The model file model-00002-of-00003\.safetensors could not be loaded: the server has no such file \(404\)\./,
      { madeRoom: false },
    ],
    [
      "a shard that is longer than it is",
      { kind: "wrongLength", match: secondShard, extraBytes: 1000 },
      /model-00002-of-00003\.safetensors.*damaged|wrong length/,
      { madeRoom: false },
    ],
    [
      "a repository that asks to accept its licence",
      { kind: "gated", match: "", token: "hf_right" },
      /^The model file config\.json could not be loaded: tiny\/smolvlm-3shards is gated: .* Accept its licence/,
      { madeRoom: false },
    ],
    [
      "a private repository",
      { kind: "unauthorized", match: "" },
      /there is no repository tiny\/smolvlm-3shards, or it is private.*access token/,
      { madeRoom: false },
    ],
    [
      "weights that are forbidden while the small files are not",
      { kind: "forbidden", match: "-of-00003" },
      /^The model file model-00001-of-00003\.safetensors could not be loaded: the server does not let this page read it \(403\).*access token/,
      { madeRoom: false },
    ],
    [
      "a server that asks to wait for an hour",
      { kind: "rateLimited", match: secondShard, retryAfter: "3600" },
      /too many requests from here and asks to wait 60 minutes\. Check the connection and load the model again; what was loaded is kept\./,
      { madeRoom: false },
    ],
    [
      "a server that sends another part than it was asked for",
      { kind: "wrongRange", match: secondShard, afterRequests: 1 },
      /another part of the file than it was asked for/,
      { madeRoom: true },
    ],
  ];
  it.each(cases)("says what is wrong with %s, and the next load succeeds", async (_, fault, message, { madeRoom }) => {
    const outcome = await loadUnder(fault);
    expect(outcome.error).toMatch(message);
    expect(outcome.weights).toBeUndefined();
    expect(outcome.madeRoom).toBe(madeRoom);
    await expectRecovery();
  });

  it("says that a token may not read the repository", async () => {
    bench.hub.fault({ kind: "forbidden", match: "" });
    const { error } = await bench.load({ token: "hf_wrong" });
    expect(error).toMatch(/the access token may not read tiny\/smolvlm-3shards\. Enter a token that may/);
    await expectRecovery();
  });

  it("loads a gated repository with the token, which is kept out of the cache", async () => {
    bench.hub.fault({ kind: "gated", match: "", token: "hf_right" });
    const directory = freshDirectory();
    const { weights } = await bench.load({ token: "hf_right", directory });
    expect(weights).toBeDefined();
    const { models } = await bench.loader(directory).cachedModels();
    expect(JSON.stringify(models)).not.toContain("hf_right");
    expect(models.map(({ complete }) => complete)).toEqual([true]);
  });

  it("gives up after six broken connections in a row, with what was loaded kept", async () => {
    bench.hub.fault({ kind: "cutMidShard", match: secondShard, afterBytes: 0, afterRequests: 1 });
    const { error } = await bench.load();
    expect(error).toMatch(/model-00002-of-00003\.safetensors could not be loaded: the connection broke, 6 times in a row/);
    expect(bench.slept).toEqual([1000, 2000, 4000, 8000, 16_000]);
    const { models } = await bench.loader().cachedModels();
    expect(models.map(({ complete }) => complete)).toEqual([false]);
    await expectRecovery();
  });
});

describe("where models come from", () => {
  it("loads a GGUF pair of the hub, and again without the network", async () => {
    const gguf = { model: "model.gguf", projector: "mmproj.gguf" };
    const source = { kind: "hub", repo: "tiny/smolvlm-gguf", revision: "main", gguf } as const;
    const { error, weights } = await bench.load({ source });
    expect(error).toBeUndefined();
    expect(weights).toBeDefined();
    await bench.expectCached({ source });
  });

  it("says which GGUF file is missing", async () => {
    const gguf = { model: "model.gguf", projector: "mmproj-other.gguf" };
    const { error } = await bench.load({ source: { kind: "hub", repo: "tiny/smolvlm-gguf", revision: "main", gguf } });
    expect(error).toMatch(/^The model file mmproj-other\.gguf could not be loaded: the server has no such file \(404\)\./);
  });

  it.each(["tiny/smolvlm", "tiny/qwen2_5_vl-tied-3shards", "tiny/qwen3_vl-untied-3shards"])(
    "loads %s, and again without the network",
    async (repo) => {
      const { error } = await bench.load({ repo });
      expect(error).toBeUndefined();
      await bench.expectCached({ repo });
    },
  );

  it("says when there is no such revision", async () => {
    const { error } = await bench.load({ source: { kind: "hub", repo: "tiny/smolvlm", revision: "v9" } });
    expect(error).toMatch(/tiny\/smolvlm has no revision "v9"\. Check the name after the @, or leave it out\.$/);
  });
});
