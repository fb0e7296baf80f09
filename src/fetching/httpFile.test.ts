// Weight files over a real connection to a server that goes wrong on request (scripts/syntheticHub).

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type SyntheticHub, serveSyntheticHub } from "../../scripts/syntheticHub/server";
import type { HttpOptions } from "./httpClient";
import { type HubOptions, hubFolder } from "./hub";
import { PauseGate } from "./pauseGate";

const weights = readFileSync(new URL("../../fixtures/smolvlm/model.safetensors", import.meta.url));
const bytes = (begin: number, end: number) => new Uint8Array(weights).slice(begin, end);
const big = "model.safetensors"; // of synthetic/SmolVLM-256M-Instruct: 513 MB
let hub: SyntheticHub;
const slept: number[] = [];
const waited: (string | undefined)[] = [];

beforeAll(async () => {
  hub = await serveSyntheticHub();
});
afterAll(() => hub.close());
beforeEach(() => {
  hub.reset();
  slept.length = 0;
  waited.length = 0;
});

const options = (): HttpOptions & HubOptions => ({
  hubHost: hub.url,
  sleep: async (ms) => void slept.push(ms),
  onWaiting: (text) => waited.push(text),
});
const tiny = (extra: HubOptions = {}) => hubFolder({ repo: "synthetic/tiny", revision: "main" }, { ...options(), ...extra });
const large = (extra: HubOptions = {}) =>
  hubFolder({ repo: "synthetic/SmolVLM-256M-Instruct", revision: "main" }, { ...options(), ...extra });
const openTiny = (extra: HubOptions = {}) => tiny(extra).open("model.safetensors");
const ranges = () => hub.log.map(({ range }) => range?.[0]);
/** A read that must fail, as its message. */
const failure = (work: Promise<unknown>) =>
  work.then(
    () => "no failure",
    (error: Error) => error.message,
  );

describe("reading a weight file", () => {
  it("takes a file read front to back from a single request", async () => {
    const file = await openTiny();
    expect(file.size).toBe(weights.length);
    const parts: Uint8Array[] = [];
    for (let at = 0; at < file.size; at += 10_007) parts.push(await file.read(at, Math.min(at + 10_007, file.size)));
    expect(weights.equals(Buffer.concat(parts))).toBe(true);
    expect(hub.log).toHaveLength(1);
    expect(hub.log[0]?.range).toEqual([0, weights.length]);
  });

  it("lets the server wait while nobody reads", async () => {
    const file = await large().open(big);
    await file.read(0, 1 << 20);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(hub.log[0]?.sentBytes).toBeLessThan(32 << 20);
    await file.read(1 << 20, 40 << 20);
    expect(hub.log[0]?.sentBytes).toBeGreaterThanOrEqual(39 << 20);
    expect(hub.log).toHaveLength(1);
  });

  it("reads over a small gap and asks anew for a large one or for bytes behind it", async () => {
    const file = await large().open(big);
    const first = await file.read(1000, 2000);
    await file.read(500_000, 500_100);
    expect(ranges()).toEqual([0]);
    await file.read(400_000_000, 400_000_010);
    expect(ranges()).toEqual([0, 400_000_000]);
    expect(await file.read(1000, 2000)).toEqual(first);
    expect(ranges()).toEqual([0, 400_000_000, 1000]);
  });

  it("answers reads that overlap in time in their order", async () => {
    const file = await openTiny();
    const parts = await Promise.all([file.read(100, 200), file.read(0, 50), file.read(200, 300)]);
    expect(parts).toEqual([bytes(100, 200), bytes(0, 50), bytes(200, 300)]);
  });

  it("keeps one connection among the files of a folder", async () => {
    const folder = hubFolder({ repo: "synthetic/Qwen3-VL-2B-Instruct", revision: "main" }, options());
    const first = await folder.open("model-00001-of-00002.safetensors");
    await first.read(0, 8);
    const second = await folder.open("model-00002-of-00002.safetensors");
    await second.read(0, 8);
    await first.read(8, 16);
    expect(hub.log.map(({ path, range }) => [path.slice(6, 11), range?.[0]])).toEqual([
      ["00001", 0],
      ["00002", 0],
      ["00001", 8],
    ]);
  });

  it("tells every byte that came over the network", async () => {
    const seen: number[] = [];
    const positions: number[] = [];
    const file = await openTiny({
      onBytes: (name, position, size, networkBytes) => {
        expect([name, size]).toEqual(["model.safetensors", weights.length]);
        seen.push(networkBytes);
        positions.push(position);
      },
    });
    await file.read(0, file.size);
    expect(seen.reduce((a, b) => a + b, 0)).toBe(weights.length);
    expect(positions.at(-1)).toBe(weights.length);
  });

  it("puts bytes where it is told to, when they fit there", async () => {
    const file = await openTiny();
    const buffer = new ArrayBuffer(1000);
    const first = await file.read(50, 1050, buffer);
    expect([first.buffer === buffer, first.byteOffset, first]).toEqual([true, 0, bytes(50, 1050)]);
    const second = await file.read(1050, 3000, buffer);
    expect([second.buffer === buffer, second]).toEqual([false, bytes(1050, 3000)]);
  });

  it("refuses bytes outside the file", async () => {
    const file = await openTiny();
    await expect(file.read(0, file.size + 1)).rejects.toThrow(RangeError);
  });
});

describe("a connection that breaks", () => {
  it("goes on at the byte it had", async () => {
    hub.fault({ match: "model.safetensors", kind: "cutMidShard", afterBytes: 100_000, times: 1 });
    const file = await openTiny();
    expect(weights.equals(await file.read(0, file.size))).toBe(true);
    expect(ranges()).toEqual([0, 100_000]);
    expect(slept).toEqual([1000]);
    expect(waited).toEqual(["the connection broke; trying again in 1 s", undefined]);
  });

  it("may break any number of times while bytes arrive in between", async () => {
    hub.fault({ match: "model.safetensors", kind: "cutMidShard", afterBytes: 20_000 });
    const file = await openTiny();
    expect(weights.equals(await file.read(0, file.size))).toBe(true);
    expect(hub.log.length).toBeGreaterThan(12);
    expect(new Set(slept)).toEqual(new Set([1000]));
  });

  it("is given up after six failures in a row, each after twice the time", async () => {
    hub.fault({ match: "model.safetensors", kind: "cutMidShard", afterBytes: 0 });
    const file = await openTiny();
    const text = await failure(file.read(0, 10));
    expect(text).toContain("The model file model.safetensors could not be loaded: the connection broke, 6 times in a row");
    expect(slept).toEqual([1000, 2000, 4000, 8000, 16000]);
  });

  it("counts as broken when it is silent for too long", async () => {
    hub.fault({ match: "model.safetensors", kind: "stall", afterBytes: 50_000, times: 1 });
    const file = await openTiny({ stallMs: 150 });
    expect(weights.equals(await file.read(0, file.size))).toBe(true);
    expect(ranges()).toEqual([0, 50_000]);
    expect(waited[0]).toBe("the connection is silent; trying again in 1 s");
  });

  it("is given up soon when the server has never answered", async () => {
    const folder = hubFolder({ repo: "a/b", revision: "main" }, { ...options(), hubHost: "http://127.0.0.1:9" });
    expect(await failure(folder.json("config.json"))).toContain("the network did not answer, 2 times in a row");
    expect(slept).toEqual([1000]);
  });
});

describe("answers that are not what was asked for", () => {
  it("goes on where an answer ended early", async () => {
    hub.fault({ match: "model.safetensors", kind: "endEarly", afterBytes: 70_000, times: 1 });
    const file = await openTiny();
    expect(weights.equals(await file.read(0, file.size))).toBe(true);
    expect(ranges()).toEqual([0, 70_000]);
  });

  it("says wrong length when a file is shorter than announced", async () => {
    hub.fault({ match: "model.safetensors", kind: "wrongLength", extraBytes: 8 });
    const file = await openTiny();
    expect(file.size).toBe(weights.length + 8);
    const text = await failure(file.read(0, file.size));
    expect(text).toContain(`announced with ${file.size} bytes, but the server has no byte ${weights.length} (wrong length)`);
  });

  it("says wrong length when a file is longer than announced", async () => {
    hub.fault({ match: "model.safetensors", kind: "wrongLength", extraBytes: -8 });
    const file = await openTiny();
    const text = await failure(file.read(0, file.size));
    expect(text).toContain("model.safetensors could not be loaded: the server sends more bytes than it announced (wrong length)");
  });

  it("says wrong length when an answer keeps ending early without a byte", async () => {
    hub.fault({ match: "model.safetensors", kind: "endEarly", afterBytes: 0 });
    const file = await openTiny();
    expect(await failure(file.read(0, 10))).toContain("fewer bytes than it announced (wrong length), 6 times in a row");
  });

  it("reads a file that the server hands out in small parts", async () => {
    hub.fault({ match: "model.safetensors", kind: "smallParts", bytes: 60_000 });
    const file = await openTiny();
    expect(weights.equals(await file.read(0, file.size))).toBe(true);
    expect(ranges()).toEqual([0, 60_000, 120_000, 180_000, 240_000]);
    expect(slept).toEqual([]);
  });

  it("refuses another part than it asked for", async () => {
    const file = await large().open(big);
    hub.fault({ match: big, kind: "wrongRange" });
    const text = await failure(file.read(300_000_000, 300_000_010));
    expect(text).toContain("the server sent another part of the file than it was asked for");
  });

  it("reads on from the start where a server ignores ranges, up to 64 MiB", async () => {
    hub.fault({ match: "model.safetensors", kind: "ignoreRange" });
    const file = await openTiny();
    expect(await file.read(200_000, 200_100)).toEqual(bytes(200_000, 200_100));
    expect(await file.read(5, 10)).toEqual(bytes(5, 10));
    const far = await large().open(big);
    const text = await failure(far.read(100 << 20, (100 << 20) + 10));
    expect(text).toContain("the server does not serve parts of files");
  });

  it("refuses to mix two states of a model", async () => {
    hub.fault({ match: big, kind: "changedRevision", afterRequests: 1 });
    const file = await large().open(big);
    await file.read(0, 8);
    expect(await failure(file.read(200_000_000, 200_000_008))).toContain("the model changed on the server while it was loading");
  });

  it("refuses a file whose size changes between parts", async () => {
    hub.fault({ match: big, kind: "wrongLength", extraBytes: 2, afterRequests: 1 });
    const file = await large().open(big);
    expect(await failure(file.read(200_000_000, 200_000_008))).toContain("the model changed on the server");
  });
});

describe("a server that refuses", () => {
  it("is waited for as long as it asks to, in seconds or until a date", async () => {
    const now = Date.parse("2026-11-21T12:00:00Z");
    hub.fault({ match: "model.safetensors", kind: "rateLimited", retryAfter: "20", times: 1 });
    hub.fault({
      match: "model.safetensors",
      kind: "rateLimited",
      retryAfter: "Sat, 21 Nov 2026 12:00:07 GMT",
      afterRequests: 1,
      times: 1,
    });
    const file = await openTiny({ now: () => now });
    expect(await file.read(0, 100)).toEqual(bytes(0, 100));
    expect(slept).toEqual([20_000, 7000]);
    expect(waited).toEqual(["the server asked to wait 20 s", undefined, "the server asked to wait 7 s", undefined]);
  });

  it("is not waited for when it asks for more than a quarter of an hour", async () => {
    hub.fault({ match: "model.safetensors", kind: "rateLimited", retryAfter: "3600" });
    expect(await failure(openTiny())).toContain("the server has had too many requests from here and asks to wait 60 minutes");
    expect(slept).toEqual([]);
  });

  it("is asked again after 500 and 503, six times", async () => {
    hub.fault({ match: "model.safetensors", kind: "serverError", times: 1 });
    hub.fault({ match: "model.safetensors", kind: "serverError", status: 503, retryAfter: "3", afterRequests: 1, times: 1 });
    await openTiny();
    expect(slept).toEqual([1000, 3000]);
    hub.reset();
    hub.fault({ match: "model.safetensors", kind: "serverError" });
    expect(await failure(openTiny())).toContain(
      "model.safetensors could not be loaded: the server answered 500, 6 times in a row",
    );
    expect(hub.log).toHaveLength(6);
  });

  it("says that a repository is gated, private or not for this token", async () => {
    hub.fault({ match: "model.safetensors", kind: "forbidden", code: "GatedRepo", times: 1 });
    expect(await failure(openTiny())).toContain("Accept its licence on its page at the hub, then enter an access token");
    hub.fault({ match: "model.safetensors", kind: "unauthorized", times: 1 });
    expect(await failure(openTiny())).toContain("there is no repository synthetic/tiny, or it is private");
    hub.fault({ match: "model.safetensors", kind: "forbidden", times: 1 });
    const withToken = hubFolder({ repo: "synthetic/tiny", revision: "main", token: "hf_x" }, options());
    expect(await failure(withToken.open("model.safetensors"))).toContain("the access token may not read synthetic/tiny");
    expect(slept).toEqual([]);
  });

  it("is asked once more when it forbids what it allowed before: a signed address expires", async () => {
    hub.fault({ match: big, kind: "forbidden", afterRequests: 1, times: 1 });
    const file = await large().open(big);
    await file.read(0, 8);
    expect(await file.read(200_000_000, 200_000_008)).toHaveLength(8);
    hub.fault({ match: big, kind: "forbidden", afterRequests: 0 });
    expect(await failure(file.read(0, 8))).toContain(
      "model.safetensors could not be loaded: the server does not let this page read it (403)",
    );
    expect(hub.log.filter(({ status }) => status === 403)).toHaveLength(3);
  });

  it("names a missing file, also where a development server sends its index page instead", async () => {
    expect(await failure(tiny().open("model-00002-of-00002.safetensors"))).toContain(
      "The model file model-00002-of-00002.safetensors could not be loaded: the server has no such file (404)",
    );
    hub.fault({ match: "model.safetensors", kind: "indexPage", times: 1 });
    expect(await failure(openTiny())).toContain("the server has no such file (404)");
    hub.fault({ match: "model.safetensors", kind: "notFound", times: 1 });
    expect(await failure(openTiny())).toContain("the server has no such file (404)");
  });
});

describe("pausing and stopping", () => {
  it("closes the connection in a pause and goes on at the byte it had", async () => {
    const gate = new PauseGate();
    const file = await large({ gate }).open(big);
    const before = await file.read(0, 5 << 20);
    gate.pause();
    let done = false;
    const reading = file.read(5 << 20, 6 << 20).then((part) => {
      done = true;
      return part;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(done).toBe(false);
    gate.resume();
    const after = await reading;
    expect(ranges()).toEqual([0, 5 << 20]);
    const whole = await (await large().open(big)).read(0, 6 << 20);
    expect(Buffer.compare(Buffer.concat([before, after]), whole)).toBe(0);
  });

  it("stops at once, also in a pause and while it waits for a server", async () => {
    for (const gate of [new PauseGate(), undefined]) {
      const controller = new AbortController();
      const file = await large({ signal: controller.signal, gate }).open(big);
      gate?.pause();
      if (!gate) hub.fault({ match: big, kind: "stall", afterBytes: 0 });
      const reading = failure(file.read(300_000_000, 300_000_100));
      await new Promise((resolve) => setTimeout(resolve, 50));
      controller.abort(new DOMException("enough", "AbortError"));
      expect(await reading).toBe("enough");
      expect(await failure(file.read(0, 8))).toBe("enough");
    }
  });

  it("stops while it waits to try again", async () => {
    const controller = new AbortController();
    hub.fault({ match: "model.safetensors", kind: "rateLimited", retryAfter: "600" });
    const { hubHost } = options();
    const opening = failure(
      hubFolder({ repo: "synthetic/tiny", revision: "main" }, { hubHost, signal: controller.signal } as HubOptions).open(
        "model.safetensors",
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    controller.abort(new DOMException("enough", "AbortError"));
    expect(await opening).toBe("enough");
  });
});
