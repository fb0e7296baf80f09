// The cache through whole loads: what a second load reads, what an interrupted one goes on from, and that damage, a full disk, a
// second tab or a changed model never give wrong weights and never make the cache unusable.

import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CacheDirectory, CacheFile } from "@/fetching/cacheFiles";
import { nodeDirectory } from "@/fetching/test/nodeCacheFiles";
import type { LoadEvent, LoadRequest } from "@/protocol/engine";
import { commitOf } from "../../../scripts/syntheticHub/server";
import { type LoadChoice, setUpLoader } from "./test/loaderBench";

const bench = setUpLoader();
const repo = "tiny/smolvlm-3shards";
const secondShard = "model-00002-of-00003.safetensors";
const changedNotice = "The model changed on the server since loading it began; it is fetched anew.";

async function trueWeights(): Promise<string | undefined> {
  const { weights } = await bench.load({ useCache: false });
  bench.hub.reset();
  return weights;
}

const modelFolder = () => join(bench.cachePath, "models", fs.readdirSync(join(bench.cachePath, "models"))[0] as string);
const weightsPath = () => join(modelFolder(), "weights.bin");
const journal = () =>
  fs
    .readFileSync(join(modelFolder(), "journal.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { key?: string; offset?: number; bytes?: number });
const record = (part: string) => journal().findLast(({ key }) => key?.includes(part)) as { offset: number; bytes: number };
const cached = async () => (await bench.loader().cachedModels()).models;

/** Flips a bit of what is recorded under a key that contains `part`. */
function damage(part: string): void {
  const bytes = fs.readFileSync(weightsPath());
  const { offset } = record(part);
  bytes[offset] = (bytes[offset] as number) ^ 1;
  fs.writeFileSync(weightsPath(), bytes);
}

/** Loads until the first weights are on the device, then closes the tab: the second shard's bytes do not come. */
async function closeTabMidway(choice: LoadChoice = {}): Promise<void> {
  bench.hub.fault({ kind: "stall", match: secondShard, afterBytes: 0, afterRequests: 1 });
  const tab = new AbortController();
  const { error } = await bench.load({
    ...choice,
    signal: tab.signal,
    // Its first request was for the header.
    onEvent: () => bench.hub.log.filter(({ path }) => path === secondShard).length > 1 && tab.abort(),
  });
  expect(error).toMatch(/abort/i);
  bench.hub.reset();
}

/** `directory`, with every file replaced by what `wrap` makes of it. */
function wrapped(directory: CacheDirectory, wrap: (name: string, file: CacheFile) => CacheFile): CacheDirectory {
  return {
    ...directory,
    async folder(name, make) {
      const inside = await directory.folder(name, make);
      return inside && wrapped(inside, wrap);
    },
    open: async (name) => wrap(name, await directory.open(name)),
  };
}

/** A disk with room for so many bytes of weights. */
const limited = (limit: number) =>
  wrapped(nodeDirectory(bench.cachePath), (name, file) => ({
    ...file,
    write(bytes, at) {
      if (name === "weights.bin" && at + bytes.length > limit) throw new DOMException("full", "QuotaExceededError");
      file.write(bytes, at);
    },
  }));

describe("a model that is cached", () => {
  it("is loaded and looked at without the network", async () => {
    const first = await bench.load();
    expect(first.notices).toEqual([]);
    await bench.expectCached();
    const preview = await bench.loader().inspect(bench.request(), 2 ** 30);
    expect(bench.hub.log).toEqual([]);
    expect(preview).toMatchObject({ family: "SmolVLM", downloadBytes: 0, revision: commitOf(repo) });
    expect(preview.cachedBytes).toBeGreaterThan(100_000);
  });

  it("is another one for every precision", async () => {
    await bench.load();
    await bench.load({ precision: { text: "f32", vision: "f32", head: "f32", groupSize: 32 } });
    expect((await cached()).map(({ complete }) => complete)).toEqual([true, true]);
    await bench.expectCached();
  });

  it("fetches a damaged piece again, from the same revision, and says so once", async () => {
    const { weights } = await bench.load();
    bench.hub.reset();
    damage("q_proj");
    damage("v_proj");
    const repaired = await bench.load();
    expect(repaired.weights).toBe(weights);
    expect(repaired.notices).toEqual([
      `Part of the cached copy of ${repo} is damaged: its checksum is wrong. What is damaged is fetched again.`,
    ]);
    expect(bench.hub.log.length).toBeGreaterThan(0);
    expect(new Set(bench.hub.log.map(({ revision }) => revision))).toEqual(new Set([commitOf(repo)]));
    await bench.expectCached();
  });

  it("fetches a damaged small file again, and needs no network afterwards", async () => {
    await bench.load();
    bench.hub.reset();
    damage("file/tokenizer.json");
    const { error, notices } = await bench.load();
    expect(error).toBeUndefined();
    expect(notices).toHaveLength(1);
    expect(bench.hub.log.map(({ path }) => path)).toEqual(["tokenizer.json"]);
    await bench.expectCached();
  });

  it("is fetched anew when a piece is damaged and the model has changed on its server", async () => {
    const source = bench.url(repo);
    const expected = (await bench.load({ source })).weights;
    damage("q_proj");
    bench.hub.fault({ kind: "changedRevision", match: "" });
    const { weights, notices } = await bench.load({ source });
    expect(notices).toEqual([expect.stringContaining("is damaged"), changedNotice]);
    expect(weights).toBe(expected);
    await bench.expectCached({ source });
  });

  it("is fetched anew when it is no longer known what its weights belong to", async () => {
    const expected = (await bench.load()).weights;
    damage("file/revision");
    const { weights, notices } = await bench.load();
    expect(notices).toEqual([expect.stringContaining("is damaged"), changedNotice]);
    expect(weights).toBe(expected);
    await bench.expectCached();
  });

  it("says what is wrong when a damaged piece cannot be fetched, and stays usable", async () => {
    await bench.load();
    damage("q_proj");
    bench.hub.fault({ kind: "notFound", match: ".safetensors" });
    const { error } = await bench.load();
    expect(error).toMatch(/could not be loaded: the server has no such file/);
    bench.hub.reset();
    expect((await bench.load()).error).toBeUndefined();
    await bench.expectCached();
  });

  it("loads again after its journal was cut in the middle of a line", async () => {
    await bench.load();
    const path = join(modelFolder(), "journal.jsonl");
    fs.truncateSync(path, fs.statSync(path).size - 200);
    expect((await bench.load()).error).toBeUndefined();
    await bench.expectCached();
  });

  it("is gone when it is deleted", async () => {
    await bench.load();
    const [model] = await cached();
    const report = await bench.loader().deleteCached(model?.id as string);
    expect(report).toMatchObject({ models: [], usedBytes: 0 });
    bench.hub.reset();
    expect((await bench.load()).error).toBeUndefined();
    expect(bench.weightBytesSent()).toBeGreaterThan(0);
  });
});

describe("a load that was interrupted", () => {
  it("goes on where the tab was closed and fetches only what is missing", async () => {
    const expected = await trueWeights();
    const before = await bench.loader().inspect(bench.request(), 2 ** 30);
    bench.hub.reset();
    await closeTabMidway();
    expect((await cached()).map(({ complete }) => complete)).toEqual([false]);
    const after = await bench.loader().inspect(bench.request(), 2 ** 30);
    expect(after.downloadBytes).toBeLessThan(before.downloadBytes - 50_000);
    expect(after.downloadBytes).toBeGreaterThan(100_000);
    bench.hub.reset();
    const { weights, events } = await bench.load();
    expect(weights).toBe(expected);
    const first = bench.hub.log.filter(({ path }) => path.startsWith("model-00001"));
    // Of the first shard its header alone.
    expect(first.map(({ range }) => range?.[0])).toEqual([0]);
    const last = events.findLast((event) => event.type === "progress");
    expect(last?.type === "progress" && last.progress.cachedBytes).toBeGreaterThan(10_000);
    await bench.expectCached();
  });

  it("asks for the commit that it began with", async () => {
    await closeTabMidway();
    await bench.load();
    expect(new Set(bench.hub.log.map(({ revision }) => revision))).toEqual(new Set([commitOf(repo)]));
  });

  it("is fetched anew when the commit it began with is gone", async () => {
    const expected = await trueWeights();
    await closeTabMidway();
    bench.hub.fault({ kind: "notFound", code: "RevisionNotFound", match: "config.json", times: 1 });
    const { weights, notices } = await bench.load();
    expect(notices).toEqual([changedNotice]);
    expect(weights).toBe(expected);
    expect(bench.hub.log.map(({ revision }) => revision)).toContain("main");
    await bench.expectCached();
  });

  it("is fetched anew when a server without commits has other files now", async () => {
    const expected = await trueWeights();
    const source = bench.url(repo);
    await closeTabMidway({ source });
    // config.json is what it was; one of the weight files is not.
    bench.hub.fault({ kind: "changedRevision", match: "model-00001" });
    const { weights, notices } = await bench.load({ source });
    expect(notices).toEqual([changedNotice]);
    expect(weights).toBe(expected);
    await bench.expectCached({ source });
  });

  it("leaves nothing in the cache when no weight had come", async () => {
    bench.hub.fault({ kind: "notFound", match: ".safetensors" });
    expect((await bench.load({ repo: "tiny/smolvlm" })).error).toBeDefined();
    expect(await cached()).toEqual([]);
  });
});

describe("a full disk and a second tab", () => {
  it("loads from memory when the quota is reached midway, says so once, and goes on with what was kept", async () => {
    const expected = await trueWeights();
    const { weights, notices } = await bench.load({ directory: limited(60_000) });
    expect(weights).toBe(expected);
    expect(notices).toEqual([
      `The rest of ${repo} is not cached: the browser grants no more space. It runs from memory; delete other cached models to keep it whole.`,
    ]);
    const [model] = await cached();
    expect(model).toMatchObject({ complete: false });
    expect(model?.bytes).toBeGreaterThan(30_000);
    // There is room again.
    expect(await bench.load()).toMatchObject({ weights: expected, notices: [] });
    await bench.expectCached();
  });

  it("loads from memory when there is no room at all, and leaves nothing behind", async () => {
    const { error, notices } = await bench.load({ directory: limited(0) });
    expect(error).toBeUndefined();
    expect(notices).toHaveLength(1);
    expect(await cached()).toEqual([]);
  });

  it("loads from memory when the file system fails", async () => {
    const broken: CacheDirectory = {
      ...nodeDirectory(bench.cachePath),
      folder: async () => Promise.reject(new Error("the disk is gone")),
    };
    const { error, notices } = await bench.load({ directory: broken });
    expect(error).toBeUndefined();
    expect(notices).toEqual([expect.stringMatching(/is not cached: the disk is gone\. It runs from memory/)]);
  });

  it("loads a model twice at once: one tab has the cache, the other says that it goes without", async () => {
    const expected = await trueWeights();
    const [one, other] = await Promise.all([0, 1].map(() => loadWithoutLeakCheck(bench.request())));
    expect([one?.notices, other?.notices].map((notices) => notices?.length).sort()).toEqual([0, 1]);
    expect([...(one?.notices ?? []), ...(other?.notices ?? [])]).toEqual([
      "Another tab uses the cached copy of this model; this one loads it into memory without the cache.",
    ]);
    expect((await bench.load()).weights).toBe(expected);
    await bench.expectCached();
  });
});

/** A load beside others, whose tensors come and go meanwhile. */
async function loadWithoutLeakCheck(request: LoadRequest) {
  const events: LoadEvent[] = [];
  const { session } = await bench.loader().load(request, {
    budgetBytes: 2 ** 30,
    signal: new AbortController().signal,
    emit: (event) => events.push(event),
    onFits: () => {},
  });
  session[Symbol.dispose]();
  return { notices: events.flatMap((event) => (event.type === "notice" ? [event.message] : [])) };
}

describe("pause", () => {
  it("closes the connection until loading goes on", async () => {
    const expected = await trueWeights();
    bench.hub.fault({ kind: "slow", match: ".safetensors", bytesPerSecond: 200_000 });
    let pausedAt = 0;
    let sentWhilePaused = -1;
    const { weights, error } = await bench.load({
      repo: "tiny/smolvlm",
      onEvent(event, loader) {
        if (event.type !== "progress" || event.progress.doneBytes === 0 || pausedAt > 0) return;
        loader.pause(true);
        pausedAt = performance.now();
        setTimeout(() => {
          const before = bench.weightBytesSent();
          setTimeout(() => {
            sentWhilePaused = bench.weightBytesSent() - before;
            bench.hub.fault({ kind: "slow", match: ".none", bytesPerSecond: 1 });
            loader.pause(false);
          }, 400);
        }, 300);
      },
    });
    expect(error).toBeUndefined();
    expect(weights).toBe(expected);
    expect(sentWhilePaused).toBe(0);
    const requests = bench.hub.log.filter(({ path }) => path.endsWith(".safetensors"));
    expect(requests.length).toBeGreaterThan(1);
    await bench.expectCached({ repo: "tiny/smolvlm" });
  });

  it("can be followed by cancelling", async () => {
    const stop = new AbortController();
    bench.hub.fault({ kind: "slow", match: ".safetensors", bytesPerSecond: 200_000 });
    const { error } = await bench.load({
      signal: stop.signal,
      onEvent(event, loader) {
        if (event.type !== "progress" || event.progress.doneBytes === 0 || event.progress.paused) return;
        loader.pause(true);
        setTimeout(() => stop.abort(), 100);
      },
    });
    expect(error).toMatch(/abort/i);
    bench.hub.reset();
    expect((await bench.load()).error).toBeUndefined();
  });
});
