import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CacheBusyError, type CacheDirectory, type CacheFile } from "./cacheFiles";
import type { CacheMeta } from "./cacheJournal";
import { cacheId, cacheReport, deleteCached } from "./cacheList";
import { nodeDirectory } from "./test/nodeCacheFiles";
import { CacheClosedError, openWeightCache } from "./weightCache";

const meta: CacheMeta = {
  name: "SmolVLM-256M",
  precision: { text: "int4", vision: "f16", head: "int8", groupSize: 32 },
  revision: "abc",
};
const chunk = (seed: number, length = 1000) => Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 7) & 255);

let path: string;
let problems: string[];
let now: number;
const context = { now: () => now, onProblem: (text: string) => problems.push(text) };
const open = (directory: CacheDirectory = nodeDirectory(path), id = "m") => openWeightCache(directory, id, meta, context);
const weightsPath = () => join(path, "models/m/weights.bin");
const journalPath = () => join(path, "models/m/journal.jsonl");

beforeEach(() => {
  path = fs.mkdtempSync(join(tmpdir(), "weight-cache-"));
  problems = [];
  now = 1000;
});
afterEach(() => fs.rmSync(path, { recursive: true, force: true }));

async function fill(count: number): Promise<void> {
  const cache = await open();
  for (let i = 0; i < count; i++) expect(await cache.write(`layer${i}`, chunk(i))).toBe(true);
  cache.close();
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

/** A disk with room for `limit` bytes of weights, which writes what fits before it fails, as disks do. */
const limited = (limit: number) =>
  wrapped(nodeDirectory(path), (name, file) => ({
    ...file,
    write(bytes, at) {
      const fits = name === "weights.bin" ? Math.max(0, limit - at) : bytes.length;
      file.write(bytes.subarray(0, fits), at);
      if (fits < bytes.length) throw new DOMException("full", "QuotaExceededError");
    },
  }));

describe("the weight cache", () => {
  test("gives back after reopening what was written", async () => {
    const cache = await open();
    expect(cache.has("a")).toBe(false);
    expect(await cache.read("a")).toBeUndefined();
    expect(
      await Promise.all([cache.write("a", chunk(1)), cache.write("b", chunk(2, 77)), cache.write("c", chunk(3, 0))]),
    ).toEqual([true, true, true]);
    cache.close();
    const again = await open();
    expect(again.has("a")).toBe(true);
    expect(await again.read("a")).toEqual(chunk(1));
    expect(await again.read("b")).toEqual(chunk(2, 77));
    expect(await again.read("c")).toEqual(chunk(3, 0));
    expect(again.weightBytes).toBe(1077);
    again.close();
    expect(problems).toEqual([]);
  });

  test("keeps the newer of two writes under one key, and uses the room of the older again", async () => {
    const cache = await open();
    await cache.write("a", chunk(1));
    await cache.write("a", chunk(2));
    await cache.write("b", chunk(3, 600));
    await cache.write("c", chunk(4, 400));
    cache.close();
    expect(fs.statSync(weightsPath()).size).toBe(2000);
    const again = await open();
    expect(await again.read("a")).toEqual(chunk(2));
    expect(await again.read("b")).toEqual(chunk(3, 600));
    expect(await again.read("c")).toEqual(chunk(4, 400));
    again.close();
  });

  test("is complete only when all weight chunks are there; small files do not count", async () => {
    const cache = await open();
    await cache.putFile("config.json", chunk(9));
    await cache.write("a", chunk(1));
    expect(cache.complete).toBe(false);
    cache.markComplete(2);
    expect(cache.complete).toBe(false);
    await cache.write("b", chunk(2));
    expect(cache.complete).toBe(true);
    cache.close();
    const again = await open();
    expect(again.complete).toBe(true);
    again.close();
  });

  test("keeps small files and remembers which do not exist", async () => {
    const cache = await open();
    expect(await cache.getFile("config.json")).toBeUndefined();
    await cache.putFile("config.json", chunk(5));
    await cache.putFile("chat_template.jinja", null);
    cache.close();
    const again = await open();
    expect(await again.getFile("config.json")).toEqual(chunk(5));
    expect(await again.getFile("chat_template.jinja")).toBeNull();
    await again.putFile("chat_template.jinja", chunk(6));
    expect(await again.getFile("chat_template.jinja")).toEqual(chunk(6));
    again.close();
  });

  test("drops a chunk with one wrong byte, says so once, and takes it again in the same place", async () => {
    await fill(3);
    const bytes = fs.readFileSync(weightsPath());
    bytes[1500] = (bytes[1500] as number) ^ 1;
    bytes[2500] = (bytes[2500] as number) ^ 1;
    fs.writeFileSync(weightsPath(), bytes);
    const cache = await open();
    cache.markComplete(3);
    expect(await cache.read("layer0")).toEqual(chunk(0));
    expect(await cache.read("layer1")).toBeUndefined();
    expect(await cache.read("layer2")).toBeUndefined();
    expect(cache.has("layer1")).toBe(false);
    expect(cache.complete).toBe(false);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/damaged/);
    cache.close();
    const again = await open();
    expect(again.has("layer1")).toBe(false);
    expect(await again.write("layer1", chunk(1))).toBe(true);
    expect(await again.write("layer2", chunk(2))).toBe(true);
    expect(again.complete).toBe(true);
    again.close();
    expect(fs.statSync(weightsPath()).size).toBe(3000);
    const last = await open();
    expect(await last.read("layer1")).toEqual(chunk(1));
    expect(await last.read("layer2")).toEqual(chunk(2));
    last.close();
  });

  test("wherever a crash cut the journal or the weights, what opens is right and the load can go on", async () => {
    await fill(3);
    const weights = fs.readFileSync(weightsPath());
    const journal = fs.readFileSync(journalPath());
    const cuts = [
      ...Array.from({ length: Math.ceil(journal.length / 7) }, (_, i) => ({ weights: weights.length, journal: i * 7 })),
      { weights: weights.length, journal: journal.length - 1 },
      { weights: weights.length, journal: journal.length },
      ...[0, 1, 999, 1000, 1001, 2500, 2999].map((at) => ({ weights: at, journal: journal.length })),
    ];
    let kept = 0;
    for (const cut of cuts) {
      fs.writeFileSync(weightsPath(), weights.subarray(0, cut.weights));
      fs.writeFileSync(journalPath(), journal.subarray(0, cut.journal));
      const cache = await open();
      for (let i = 0; i < 3; i++) {
        const there = cache.has(`layer${i}`);
        const read = await cache.read(`layer${i}`);
        expect(read).toEqual(there ? chunk(i) : undefined);
        if (there) kept++;
        else expect(await cache.write(`layer${i}`, chunk(i))).toBe(true);
      }
      cache.close();
      const again = await open();
      for (let i = 0; i < 3; i++) expect(await again.read(`layer${i}`)).toEqual(chunk(i));
      expect(again.weightBytes).toBe(3000);
      again.close();
      expect(fs.statSync(weightsPath()).size).toBe(3000);
    }
    expect(kept).toBeGreaterThan(cuts.length / 2);
    expect(kept).toBeLessThan(cuts.length * 3);
    expect(problems).toEqual([]);
  });

  test("a line that power loss turned into zeros costs only itself", async () => {
    await fill(3);
    const lines = fs.readFileSync(journalPath(), "utf8").split("\n");
    lines[2] = "\0".repeat(lines[2]?.length ?? 0);
    fs.writeFileSync(journalPath(), lines.join("\n"));
    const cache = await open();
    expect([0, 1, 2].map((i) => cache.has(`layer${i}`))).toEqual([true, false, true]);
    expect(await cache.read("layer2")).toEqual(chunk(2));
    cache.close();
  });

  test("a journal that points to the wrong place is found out by the hash", async () => {
    await fill(2);
    const text = fs.readFileSync(journalPath(), "utf8").replace('"offset":1000', '"offset":999');
    fs.writeFileSync(journalPath(), text);
    const cache = await open();
    expect(await cache.read("layer1")).toBeUndefined();
    expect(await cache.read("layer0")).toEqual(chunk(0));
    cache.close();
  });

  test("starts afresh when the files have another layout version", async () => {
    await fill(2);
    fs.writeFileSync(journalPath(), fs.readFileSync(journalPath(), "utf8").replace('"version":1', '"version":0'));
    const cache = await open();
    expect(cache.has("layer0")).toBe(false);
    expect(cache.weightBytes).toBe(0);
    expect(await cache.write("layer0", chunk(0))).toBe(true);
    cache.close();
    expect(fs.statSync(weightsPath()).size).toBe(1000);
  });

  test("goes on without writing when the quota is full, says so once, and keeps what it has", async () => {
    const cache = await open(limited(2500));
    expect(await cache.write("a", chunk(1))).toBe(true);
    expect(await cache.write("b", chunk(2))).toBe(true);
    expect(await cache.write("c", chunk(3))).toBe(false);
    expect(await cache.write("d", chunk(4, 10))).toBe(false);
    expect(await cache.read("a")).toEqual(chunk(1));
    expect(cache.has("c")).toBe(false);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/no more space/);
    cache.close();
    expect(fs.statSync(weightsPath()).size).toBe(2000);
    const again = await open();
    expect(await again.read("b")).toEqual(chunk(2));
    expect(await again.write("c", chunk(3))).toBe(true);
    again.close();
  });

  test("takes back a chunk whose journal line finds no room", async () => {
    let room = 450;
    const cache = await open(
      wrapped(nodeDirectory(path), (name, file) => ({
        ...file,
        write(bytes, at) {
          if (name === "journal.jsonl") room -= bytes.length;
          if (room < 0) {
            file.write(bytes.subarray(0, 20), at);
            throw new DOMException("full", "QuotaExceededError");
          }
          file.write(bytes, at);
        },
      })),
    );
    const written: boolean[] = [];
    for (let i = 0; i < 4; i++) written.push(await cache.write(`layer${i}`, chunk(i)));
    expect(written).toEqual([true, true, false, false]);
    cache.close();
    const again = await open();
    expect([0, 1, 2].map((i) => again.has(`layer${i}`))).toEqual([true, true, false]);
    expect(await again.write("layer2", chunk(2))).toBe(true);
    expect(await again.read("layer1")).toEqual(chunk(1));
    again.close();
    expect(problems).toHaveLength(1);
  });

  test("refuses a second holder of the same model and leaves the first one whole", async () => {
    const cache = await open();
    await cache.write("a", chunk(1));
    await expect(open()).rejects.toThrow(CacheBusyError);
    await expect(open()).rejects.toThrow(/SmolVLM-256M.*another tab/);
    const other = await open(nodeDirectory(path), "other");
    other.close();
    expect(await cache.read("a")).toEqual(chunk(1));
    cache.close();
    (await open()).close();
  });

  test("says why when the file system cannot be opened, and holds nothing then", async () => {
    const broken = wrapped(nodeDirectory(path), (name, file) => {
      if (name === "weights.bin") return file;
      file.close();
      throw new DOMException("full", "QuotaExceededError");
    });
    await expect(open(broken)).rejects.toThrow(CacheClosedError);
    await expect(open(broken)).rejects.toThrow(/SmolVLM-256M is not cached: the browser grants no more space/);
    (await open()).close();
  });

  test("is silent after closing, even in the middle of a write", async () => {
    const cache = await open();
    const writing = cache.write("a", chunk(1));
    cache.close();
    cache.close();
    expect(await writing).toBe(false);
    expect(await cache.write("b", chunk(2))).toBe(false);
    expect(await cache.read("a")).toBeUndefined();
    const again = await open();
    expect(again.has("a")).toBe(false);
    again.close();
    expect(fs.statSync(weightsPath()).size).toBe(0);
  });
});

describe("the list of cached models", () => {
  test("names, sizes, completeness and time of last use, the last used first, also of one that is open", async () => {
    await fill(2);
    now = 2000;
    const cache = await open(nodeDirectory(path), "second");
    await cache.write("a", chunk(1));
    cache.markComplete(1);
    const report = await cacheReport({ directory: nodeDirectory(path) }, { quota: 5000, usage: 10 });
    const sizes = ["second", "m"].map((id) => {
      const size = (name: string) => fs.statSync(join(path, "models", id, name)).size;
      return size("weights.bin") + size("journal.jsonl");
    });
    expect(report).toEqual({
      models: [
        { id: "second", name: meta.name, precision: meta.precision, bytes: sizes[0], complete: true, lastUsed: 2000 },
        { id: "m", name: meta.name, precision: meta.precision, bytes: sizes[1], complete: false, lastUsed: 1000 },
      ],
      usedBytes: (sizes[0] as number) + (sizes[1] as number),
      quotaBytes: 5000,
    });
    expect(cache.bytes).toBe(sizes[0]);
    cache.close();
    now = 3000;
    (await open()).close();
    const touched = await cacheReport({ directory: nodeDirectory(path) });
    expect(touched.models.map(({ id, lastUsed }) => [id, lastUsed])).toEqual([
      ["m", 3000],
      ["second", 2000],
    ]);
  });

  test("deletes one, then all; an open one stays and is named", async () => {
    await fill(1);
    const directory = nodeDirectory(path);
    (await open(directory, "second")).close();
    const held = await open(directory, "held");
    await deleteCached(directory, "m");
    await deleteCached(directory, "never existed");
    const ids = async () => (await cacheReport({ directory })).models.map(({ id }) => id).sort();
    expect(await ids()).toEqual(["held", "second"]);
    await expect(deleteCached(directory, "all")).rejects.toThrow(CacheBusyError);
    expect(await ids()).toEqual(["held"]);
    held.close();
    await deleteCached(directory, "all");
    expect(await ids()).toEqual([]);
  });

  test("says why nothing can be cached", async () => {
    expect(await cacheReport({ unavailable: "private window" })).toEqual({
      models: [],
      usedBytes: 0,
      unavailable: "private window",
    });
  });

  test("counts a folder whose journal is lost, and deleting all removes it", async () => {
    await fill(1);
    fs.writeFileSync(journalPath(), "");
    const directory = nodeDirectory(path);
    expect(await cacheReport({ directory })).toEqual({ models: [], usedBytes: 1000 });
    await deleteCached(directory, "all");
    expect(await cacheReport({ directory })).toEqual({ models: [], usedBytes: 0 });
  });

  test("ids differ for every source, revision and precision, and are plain folder names", () => {
    const { precision } = meta;
    const ids = [
      cacheId("HuggingFaceTB/SmolVLM-256M-Instruct", "main", precision),
      cacheId("huggingfacetb/SmolVLM-256M-Instruct", "main", precision),
      cacheId("HuggingFaceTB/SmolVLM-256M-Instruct", "v2", precision),
      cacheId("HuggingFaceTB/SmolVLM-256M-Instruct", undefined, precision),
      cacheId("HuggingFaceTB/SmolVLM-256M-Instruct", "main", { ...precision, groupSize: 64 }),
      cacheId("HuggingFaceTB/SmolVLM-256M-Instruct", "main", { ...precision, head: "int4" }),
      cacheId("https://example.org/a/../?x=%2e", undefined, precision),
      cacheId("模型", undefined, precision),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z0-9-]{17,60}$/);
    expect(ids[0]).toBe(cacheId("HuggingFaceTB/SmolVLM-256M-Instruct", "main", { ...precision }));
  });
});
