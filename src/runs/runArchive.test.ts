import { strToU8, unzipSync, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { readAdapter } from "@/formats/peft";
import { crc32 } from "@/lib/crc32";
import { trainDefaults } from "@/protocol/training";
import { exportRun, importRun, readRun } from "./runArchive";
import { RunDataError } from "./runErrors";
import { commitSteps, emptyStore, reportOf, stateOf, trainedState } from "./test/sampleRun";

let ids = 0;
const newId = () => `imported-${ids++}`;

async function exported() {
  const store = emptyStore();
  const { id } = await store.create({ name: "VPPO 1", settings: trainDefaults, targetStep: 20 });
  await commitSteps(store, id, 1, 7, trainedState);
  await store.change(id, { note: "a note" });
  const file = await exportRun(store, id);
  return { store, id, file, parts: unzipSync(new Uint8Array(await file.arrayBuffer())) };
}

/** A run's file with other parts; run.json lists them as they are now. */
function fileOf(parts: Record<string, Uint8Array>, change: (manifest: Record<string, unknown>) => void = () => {}): Blob {
  const { "run.json": manifestBytes, ...rest } = parts;
  const manifest = JSON.parse(new TextDecoder().decode(manifestBytes));
  manifest.parts = Object.entries(rest).map(([name, bytes]) => ({ name, bytes: bytes.length, crc32: crc32(bytes) }));
  change(manifest);
  return new Blob([zipSync({ ...rest, "run.json": strToU8(JSON.stringify(manifest)) }).slice()]);
}

async function refusal(file: Blob): Promise<string> {
  const store = emptyStore();
  const error = await importRun(store, file, newId).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RunDataError);
  expect((await store.list()).runs).toEqual([]);
  return (error as RunDataError).message;
}

describe("a run's file", () => {
  it("brings back entry, metrics, rollouts and states under a new id", async () => {
    const { store, id, file } = await exported();
    const run = await importRun(store, file, newId);
    const { id: _, ...before } = await store.get(id);
    expect(run).toEqual({ ...before, id: run.id, name: "VPPO 1 (imported)", status: "paused" });
    expect(run.id).not.toBe(id);
    expect(await store.lastState(run.id)).toEqual({ step: 7, state: trainedState(7) });
    expect((await store.checkpoints(run.id)).map(({ step }) => step)).toEqual([5, 6, 7]);
    const rows = await store.metrics(run.id);
    expect(rows.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const { metrics, ...report } = await store.reportOf(rows[2]!);
    const { metrics: expected, ...rest } = reportOf(3);
    expect(report).toEqual(rest);
    expect(metrics).toEqual(expected);
    await commitSteps(store, run.id, 8, 8);
    expect((await store.get(id)).lastStep).toBe(7);
  });

  it("holds the metrics as the official file logger writes them and the adapter of the last state", async () => {
    const { parts } = await exported();
    const lines = new TextDecoder().decode(parts["steps.jsonl"]).trim().split("\n");
    expect(lines.length).toBe(7);
    expect(lines[1]).toBe(
      `{"step": 2, "reward": {"accuracy": 0.02}, "actor": {"grad_norm": NaN}, "timing_s": {"step": Infinity}}`,
    );
    const config = JSON.parse(new TextDecoder().decode(parts["adapter/adapter_config.json"]));
    const adapter = readAdapter(config, parts["adapter/adapter_model.safetensors"]!);
    expect(adapter.modules.get("model.layers.0.self_attn.q_proj")).toMatchObject({ rank: 1, in: 4, out: 4, scaling: 2 });
  });

  it("is the same file each time", async () => {
    const { store, id, file } = await exported();
    const again = await exportRun(store, id);
    expect(new Uint8Array(await again.arrayBuffer())).toEqual(new Uint8Array(await file.arrayBuffer()));
  });

  it("holds what a run began with, where that was an adapter of its own", async () => {
    const store = emptyStore();
    const { id } = await store.create({ name: "VPPO 1", settings: trainDefaults });
    await store.begin(id, trainedState(0));
    const begun = await importRun(store, await exportRun(store, id), newId);
    expect(await store.lastState(begun.id)).toEqual({ step: 0, state: trainedState(0) });
    await store.commit(id, { report: reportOf(1), settings: trainDefaults, state: trainedState(1) });
    const run = await importRun(store, await exportRun(store, id), newId);
    expect((await store.checkpoints(run.id)).map(({ step }) => step)).toEqual([0, 1]);
  });

  it("reads states that hold what looks like the end of a part", async () => {
    const store = emptyStore();
    const { id } = await store.create({ name: "VPPO 1", settings: trainDefaults });
    const state = trainedState(1, [0x50, 0x4b, 0x07, 0x08, ...new Uint8Array(40), 0x50, 0x4b, 0x01, 0x02]);
    await store.commit(id, { report: reportOf(1), settings: trainDefaults, state });
    const run = await importRun(store, await exportRun(store, id), newId);
    expect(await store.lastState(run.id)).toEqual({ step: 1, state });
  });

  it("is refused when it is something else, cut off, or has a flipped byte anywhere in a state", async () => {
    expect(await refusal(new Blob(["hello"]))).toBe(
      "The file was not imported: it is damaged, or no run's file. Choose a file that Export has saved.",
    );
    expect(await refusal(new Blob([]))).toContain("damaged");
    const { file, parts } = await exported();
    await refusal(file.slice(0, Math.floor(file.size / 2)));
    const manifest = parts["run.json"]!;
    const flipped = { ...parts, "states/7.bin": stateOf(8) };
    expect(await refusal(new Blob([zipSync({ ...flipped, "run.json": manifest }).slice()]))).toContain("states/7.bin is damaged");
  });

  it("is refused when parts are missing, foreign, or named to escape", async () => {
    const { parts } = await exported();
    const { "states/7.bin": _, ...fewer } = parts;
    expect(await refusal(new Blob([zipSync(fewer).slice()]))).toContain("its parts are not those");
    expect(await refusal(fileOf({ ...parts, "../evil.js": strToU8("x") }))).toContain(`it holds "../evil.js", which no run has`);
    expect(await refusal(fileOf({ ...parts, "states/__proto__.bin": strToU8("x") }))).toContain("which no run has");
    expect(await refusal(fileOf({ ...parts, "states/99.bin": strToU8("x") }))).toContain("more than the 7 steps");
  });

  it("is refused when its entry, its steps or its rollouts have another form", async () => {
    const { parts } = await exported();
    const change = (run: object) => fileOf(parts, (manifest) => Object.assign(manifest.run as object, run));
    expect(await refusal(change({ lastStep: -1 }))).toBe(
      "run.json cannot be read: its run.lastStep is not what a run has there. Delete it, or import an undamaged file of it.",
    );
    expect(await refusal(change({ name: "x".repeat(1e6) }))).toContain("run.name");
    expect(await refusal(change({ settings: [{ fromStep: 1, settings: { learningRate: "fast" } }] }))).toContain("learningRate");
    expect(await refusal(change({ model: { source: { kind: "url", url: "javascript:1" } } }))).toContain("run.model");
    expect(await refusal(fileOf(parts, (manifest) => Object.assign(manifest, { version: 9 })))).toContain("version 9");
    expect(await refusal(fileOf({ ...parts, "steps.jsonl": strToU8(`{"step": 8}\n`) }))).toContain("more than the 7 steps");
    expect(await refusal(fileOf({ ...parts, "steps.jsonl": strToU8(`{"step": 1}\n[]\n`) }))).toContain(
      "line 2 of steps.jsonl is no step",
    );
    expect(await refusal(fileOf({ ...parts, "rollouts/3.json": strToU8(`{"rollouts": [{}]}`) }))).toContain("rollouts/3.json");
    expect(await refusal(fileOf({ ...parts, "rollouts/3.json": strToU8(`{"$f32": "AAA="}`) }))).toContain("rollouts/3.json");
  });

  it("is stopped while it unpacks to more than a part may have, whatever it declares", async () => {
    const { parts } = await exported();
    const bomb = zipSync({ ...parts, "adapter/adapter_config.json": new Uint8Array(40 * 2 ** 20) }).slice();
    expect(bomb.length).toBeLessThan(2 ** 20);
    expect(await refusal(new Blob([bomb]))).toContain("adapter_config.json is larger than a run's may be");
  });

  it("takes today's defaults for settings that are newer than the file", async () => {
    const { parts } = await exported();
    const file = fileOf(parts, (manifest) =>
      Object.assign(manifest.run as object, { settings: [{ fromStep: 1, settings: { seed: 5 } }] }),
    );
    const { info } = await readRun(file, "x");
    expect(info.settings).toEqual([{ fromStep: 1, settings: { ...trainDefaults, seed: 5 } }]);
  });
});
