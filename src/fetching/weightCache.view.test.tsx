import { type Remote, wrap } from "comlink";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openOpfs } from "./cacheFiles";
import { cacheReport } from "./cacheList";
import type { CacheWorker } from "./test/cacheWorker";

// The same cache as in weightCache.test.ts, here on the browser's private file system in dedicated workers ("tabs").
const chunk = (seed: number, length = 1000) => Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 7) & 255);
const workers: Worker[] = [];
/** `toEqual` takes seconds for megabytes. */
const isChunk = (bytes: Uint8Array | undefined, seed: number, length: number) =>
  bytes?.length === length && bytes.every((byte, i) => byte === ((i * 31 + seed * 7) & 255));

function tab(): Remote<CacheWorker> {
  const worker = new Worker(new URL("./test/cacheWorker.ts", import.meta.url), { type: "module" });
  workers.push(worker);
  return wrap<CacheWorker>(worker);
}
async function endTabs(): Promise<void> {
  for (const worker of workers.splice(0)) worker.terminate();
}

/** Tries until the browser has let go of a closed tab's files. */
async function eventually(what: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await what();
    } catch (error) {
      if (tries > 50) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

beforeEach(() => eventually(() => tab().remove("all")));
afterEach(endTabs);

test("gives back after reopening what was written, small files and missing ones too", async () => {
  const first = tab();
  await first.open("m");
  expect(await first.write("a", chunk(1))).toBe(true);
  expect(await first.write("b", chunk(2, 3_000_000))).toBe(true);
  await first.putFile("config.json", chunk(3, 10));
  await first.putFile("chat_template.jinja", null);
  await first.markComplete(2);
  await first.close();
  const second = tab();
  await second.open("m");
  expect(await second.read("a")).toEqual(chunk(1));
  expect(isChunk(await second.read("b"), 2, 3_000_000)).toBe(true);
  expect(await second.getFile("config.json")).toEqual(chunk(3, 10));
  expect(await second.getFile("chat_template.jinja")).toBeNull();
  expect(await second.state()).toMatchObject({ complete: true, weightBytes: 3_001_000 });
});

test("goes on where a tab ended that was killed while it wrote", async () => {
  const first = tab();
  await first.open("m");
  await first.write("a", chunk(1));
  for (let i = 0; i < 20; i++) void first.write(`more${i}`, chunk(i, 2_000_000));
  await new Promise((done) => setTimeout(done, 20));
  await endTabs();
  const second = tab();
  await eventually(() => second.open("m"));
  expect(await second.read("a")).toEqual(chunk(1));
  for (let i = 0; i < 20; i++) {
    if (await second.has(`more${i}`)) expect(isChunk(await second.read(`more${i}`), i, 2_000_000)).toBe(true);
    else expect(await second.write(`more${i}`, chunk(i, 2_000_000))).toBe(true);
  }
  expect(await second.problems()).toEqual([]);
});

test("drops a corrupted chunk, says so, and takes it again", async () => {
  const cache = tab();
  await cache.open("m");
  await cache.write("a", chunk(1));
  await cache.write("b", chunk(2));
  await cache.markComplete(2);
  await cache.close();
  await cache.corrupt("m", 1500);
  await cache.open("m");
  expect(await cache.read("b")).toBeUndefined();
  expect(await cache.read("a")).toEqual(chunk(1));
  expect((await cache.state()).complete).toBe(false);
  expect(await cache.problems()).toEqual([expect.stringMatching(/damaged/)]);
  expect(await cache.write("b", chunk(2))).toBe(true);
  expect(await cache.read("b")).toEqual(chunk(2));
  expect((await cache.state()).complete).toBe(true);
});

test("keeps what it has when the quota is reached", async () => {
  const cache = tab();
  await cache.open("m", 2500);
  const written = [await cache.write("a", chunk(1)), await cache.write("b", chunk(2)), await cache.write("c", chunk(3))];
  expect(written).toEqual([true, true, false]);
  expect(await cache.problems()).toEqual([expect.stringMatching(/no more space/)]);
  expect(await cache.read("b")).toEqual(chunk(2));
  await cache.close();
  await cache.open("m");
  expect(await cache.read("a")).toEqual(chunk(1));
  expect(await cache.has("c")).toBe(false);
  expect(await cache.write("c", chunk(3))).toBe(true);
});

test("a second tab is told that the model is in use; list and deletion know it too", async () => {
  const [first, second] = [tab(), tab()];
  await first.open("m");
  await first.write("a", chunk(1));
  await second.open("other");
  await second.close();
  await expect(second.open("m")).rejects.toMatchObject({ name: "CacheBusyError" });
  const report = await second.report();
  expect(report.models.map(({ id }) => id).sort()).toEqual(["m", "other"]);
  expect(report.models.find(({ id }) => id === "m")).toMatchObject({ complete: false, bytes: (await first.state()).bytes });
  expect(report.quotaBytes).toBeGreaterThan(1_000_000);
  await expect(second.remove("all")).rejects.toMatchObject({ name: "CacheBusyError" });
  expect((await second.report()).models.map(({ id }) => id)).toEqual(["m"]);
  expect(await first.read("a")).toEqual(chunk(1));
  await first.close();
  await second.remove("m");
  expect(await second.report()).toMatchObject({ models: [], usedBytes: 0 });
});

test("the page itself can list what a worker has cached", async () => {
  const cache = tab();
  await cache.open("m");
  const report = await cacheReport(await openOpfs(navigator.storage), await navigator.storage.estimate());
  expect(report.models.map(({ id }) => id)).toEqual(["m"]);
});

test("says why nothing can be cached where the browser offers no file system", async () => {
  expect(await openOpfs(undefined)).toEqual({ unavailable: expect.stringMatching(/no private file system/) });
  const storage = Object.assign(Object.create(navigator.storage) as StorageManager, {
    getDirectory: () => Promise.reject(new DOMException("denied", "SecurityError")),
  });
  expect(await openOpfs(storage)).toEqual({ unavailable: expect.stringMatching(/private window \(denied\)/) });
});
