// What one decoded token costs in WebGPU calls at thirty layers, counted outside the engine: the hardware-independent half of the
// bench, held on every run of the tests. The numbers of transformers.js 4.3 for the same model are in the comments.

import { afterAll, expect, it } from "vitest";
import type { CheckpointFolder } from "@/fetching/folder";
import { installCounters } from "./counters";
import { measureAnswer, measurePicture } from "./measure";
import { peerWeights, smallFiles, weightFile } from "./modelContent";
import { peerPicture } from "./picture";
import { peerSizes, pictureIds, promptIds } from "./sizes";

// Before the engine makes a device.
const counters = installCounters();
const { openOurFolder } = await import("./engines/ours");
const size = peerSizes.tiny30;

/** The model of the bench, in memory. */
async function folderInMemory(): Promise<CheckpointFolder> {
  const files = new Map<string, unknown>(Object.entries(smallFiles(size)));
  const weights = new Uint8Array(await new Blob([...weightFile(peerWeights(size))]).arrayBuffer());
  const missing = (name: string) => new Error(`there is no ${name}`);
  const text = (content: unknown) => (typeof content === "string" ? content : JSON.stringify(content));
  return {
    json: async (name) => files.get(name) ?? Promise.reject(missing(name)),
    optionalJson: async (name) => files.get(name),
    optionalText: async (name) => (files.has(name) ? text(files.get(name)) : undefined),
    bytes: async (name) => new TextEncoder().encode(text(files.get(name))),
    open: async (name) =>
      name === "model.safetensors"
        ? { name, size: weights.length, read: async (begin, end) => weights.slice(begin, end) }
        : Promise.reject(missing(name)),
    revision: () => undefined,
  };
}

const folder = await folderInMemory();
const engine = await openOurFolder(folder, size);
const adapted = await openOurFolder(folder, size, 8);
afterAll(() => {
  engine.dispose();
  adapted.dispose();
});

it.for([
  ["thirty layers", engine],
  ["thirty layers with an adapter on every projection", adapted],
] as const)(
  "decodes a token of %s within five dispatches a layer, and uploads, allocates and binds nothing",
  async ([, opened]) => {
    const run = await measureAnswer(opened, promptIds(size.vocabulary, 16), 25, counters.snapshot);
    const { perToken } = run;
    expect(perToken.dispatches).toBeLessThanOrEqual(5 * 30 + 4); // 274
    expect(perToken.submits).toBeLessThanOrEqual(1 / 8); // 23
    expect(perToken.passes).toBeLessThanOrEqual(1 / 8); // 106
    expect(perToken.maps).toBeLessThanOrEqual(1 / 8); // 2
    expect(perToken.readBytes).toBeLessThanOrEqual(8); // 2 304 at this width, 199 424 at SmolVLM's
    expect(perToken.uploads).toBe(0); // 274
    expect(perToken.bindGroups).toBe(0); // 274
    expect(perToken.buffersCreated).toBe(0); // 5
    expect(perToken.pipelines).toBe(0);
    expect(run.first.gpuErrors).toBe(0);
    expect(counters.counts.workers).toBe(0);
  },
);

it("reads a prompt of 128 tokens in at most 200 dispatches, and reads back only the first token", async () => {
  const { first, firstTokens } = await measureAnswer(engine, promptIds(size.vocabulary, 128), 9, counters.snapshot);
  expect(firstTokens).toBe(1);
  expect(first.dispatches).toBeLessThanOrEqual(200); // 394
  // One, and the row that stands for the picture's features, which the bench makes.
  expect(first.submits).toBe(2); // 30
  expect(first.readBytes).toBeLessThanOrEqual(8); // 34 816 at this width, 492 032 at SmolVLM's
});

it("looks at a picture and reads the question in two submits and one readback, which is the first token's", async () => {
  const task = { image: peerPicture(size.tower.imageSize), ids: pictureIds(size) };
  if (!engine.picture) throw new Error("the engine does not see");
  const runs = [await measurePicture(engine.picture, task, counters), await measurePicture(engine.picture, task, counters)];
  const [first, second] = runs.map(({ work }) => work);
  // Nothing is kept from one time to the next.
  expect(second?.dispatches).toBe(first?.dispatches);
  expect(runs[1]?.token).toBe(runs[0]?.token);
  expect(second?.dispatches).toBeLessThanOrEqual(5 * 30 + 10 * 12 + 17); // 534
  expect(second?.submits).toBe(2); // 40
  expect(second?.maps).toBe(1); // 3
  expect(second?.readBytes).toBeLessThanOrEqual(8); // 26 624 at this width, 639 488 at SmolVLM's
  expect(second?.uploads).toBeLessThanOrEqual(7); // 534
});
