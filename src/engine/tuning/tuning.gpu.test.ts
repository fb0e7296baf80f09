// The choice of kernels: candidates give the same bits, the quickest is taken, what was measured is kept, and a software adapter or a
// damaged store leaves the standard or a new measurement.

import { memory, type Tensor2D, tensor2d, tidy } from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it } from "vitest";
import { attentionWithLse } from "@/ops/attention/attention";
import { splitOf, splitsKeys } from "@/ops/attention/splitKeys";
import { projection } from "@/ops/decoder/block";

import { matrixOnThisBackend } from "@/ops/matrixWriter";
import { differingBits, seededTensor, seededValues, setUpGpu } from "@/ops/test/gpuFixture";
import { chooseVariants, standardVariants, type Variants, variants } from "@/ops/variants";
import { trialsFor } from "./trials";
import { type Trial, tune } from "./tune";
import { type TuningStore, tuneDevice } from "./tunedDevice";

const fixture = setUpGpu();
afterEach(() => chooseVariants(standardVariants));

const trials = trialsFor("int4", 64);
const pick = (of: (candidates: readonly number[]) => number): Variants => ({
  ...standardVariants,
  ...Object.fromEntries(trials.map(({ variant, candidates }) => [variant, of(candidates)])),
});

describe("choices between kernels", () => {
  it("have the standard among their candidates, and a trial each", () => {
    expect(trials.map(({ variant }) => variant).sort()).toEqual(Object.keys(standardVariants).sort());
    for (const { variant, candidates } of trials) expect(candidates).toContain(standardVariants[variant]);
  });

  it.each([1, 3, 16, 70])("never change a bit of a product of %i rows with norm or adapter", async (rows) => {
    const [x, norm] = [seededTensor([rows, 64], 1), seededTensor([64], 2)];
    const w = matrixOnThisBackend(seededValues(160 * 64, 3), 160, 64, "int4", 32);
    const lora = { a: seededTensor<Tensor2D>([8, 64], 4), b: seededTensor<Tensor2D>([160, 8], 5), scaling: 0.5 };
    const results = () =>
      Promise.all(
        tidy(() => [projection(x, w, { norm: { weight: norm, epsilon: 1e-5 } }), projection(x, w, { lora })]).map((t) =>
          t.data(),
        ),
      );
    const [normed, adapted] = (await results()) as [Float32Array, Float32Array];
    for (const chosen of [pick((all) => Math.min(...all)), pick((all) => Math.max(...all))]) {
      chooseVariants(chosen);
      const [otherNormed, otherAdapted] = (await results()) as [Float32Array, Float32Array];
      expect(differingBits(otherNormed, normed)).toBe(0);
      expect(differingBits(otherAdapted, adapted)).toBe(0);
    }
  });

  it("never change a bit of attention", async () => {
    const [rows, keys] = [40, 600];
    const [q, k, v] = [seededTensor([rows, 8, 64], 1), seededTensor([keys, 2, 64], 2), seededTensor([keys, 2, 64], 3)];
    const ranges = tensor2d(
      Array.from({ length: rows }, (_, i) => [0, 0, 0, keys - i]),
      [rows, 4],
      "int32",
    );
    const shape = { pairs: rows * 8, width: 64, mostKeys: keys };
    const result = () =>
      tidy(() => attentionWithLse({ q, k, v, rows: ranges }, { split: splitOf(shape) })[0]).data() as Promise<Float32Array>;
    const standard = await result();
    for (const other of [{ manyPairs: 128 }, { longKeys: 512 }]) {
      chooseVariants({ ...standardVariants, ...other });
      expect(splitsKeys(shape)).toBe("longKeys" in other);
      expect(differingBits(await result(), standard)).toBe(0);
    }
  });
});

describe("tuning", { timeout: 240_000 }, () => {
  /** A clock on which calls take what a candidate is said to take. */
  const clockOf = (times: Readonly<Record<number, number>>) => {
    let ms = 0;
    return () => (ms += times[variants().fewRows] ?? 0);
  };
  const rowTrial: Trial = { ...(trials[0] as Trial), prepare: () => ({ tensors: [], calls: [() => undefined] }) };

  it("takes the quickest candidate, and the standard when none is clearly quicker", async () => {
    const { dispatcher } = fixture.gpu;
    const quick = await tune(dispatcher, [rowTrial], {
      now: clockOf({ 1: 9, 2: 8, 4: 3, 8: 5, 16: 6 }),
      leastMs: 1,
      mostMs: 1e9,
    });
    expect(quick).toEqual({ ...standardVariants, fewRows: 4 });
    expect(variants()).toEqual(quick);
    const even = await tune(dispatcher, [rowTrial], {
      now: clockOf({ 1: 99, 2: 98, 4: 97, 8: 96, 16: 100 }),
      leastMs: 1,
      mostMs: 1e9,
    });
    expect(even).toEqual(standardVariants);
  });

  it("runs every trial, leaves no tensor behind and chooses candidates", async () => {
    const before = memory().numTensors;
    const chosen = await tune(fixture.gpu.dispatcher, trials, { leastMs: 0.1, mostMs: 60_000 });
    expect(memory().numTensors).toBe(before);
    for (const { variant, candidates } of trials) expect(candidates).toContain(chosen[variant]);
  });

  it("begins no further trial when its time is over", async () => {
    const { dispatcher } = fixture.gpu;
    const slow = clockOf({ 1: 9, 2: 8, 4: 3, 8: 5, 16: 6 });
    expect(await tune(dispatcher, [rowTrial], { now: slow, leastMs: 1, mostMs: 0 })).toEqual(standardVariants);
  });

  it("measures once per adapter and format, keeps the result, and measures again when the kept one is none", async () => {
    const kept = new Map<string, unknown>();
    const store: TuningStore = {
      read: async (key) => kept.get(key),
      write: async (key, chosen) => void kept.set(key, chosen),
    };
    const { adapter, dispatcher } = fixture.gpu;
    const hardware = { adapter, dispatcher, isSoftware: false };
    const first = await tuneDevice(hardware, "int4", store, [rowTrial]);
    expect(first.from).toBe("measurement");
    chooseVariants(standardVariants);
    const dispatches = dispatcher.counters.dispatches;
    expect(await tuneDevice(hardware, "int4", store, [rowTrial])).toEqual({ ...first, from: "store" });
    expect(variants()).toEqual(first.variants);
    expect(dispatcher.counters.dispatches).toBe(dispatches);
    expect((await tuneDevice(hardware, "int8", store, [rowTrial])).from).toBe("measurement");
    for (const key of kept.keys()) kept.set(key, { fewRows: 5 });
    expect((await tuneDevice(hardware, "int4", store, [rowTrial])).from).toBe("measurement");
    const broken: TuningStore = { read: () => Promise.reject(new Error("none")), write: () => Promise.reject(new Error("none")) };
    expect((await tuneDevice(hardware, "int4", broken, [rowTrial])).from).toBe("measurement");
  });

  it("leaves a software adapter its standard, unmeasured", async () => {
    expect(fixture.gpu.isSoftware).toBe(true);
    expect(await tuneDevice(fixture.gpu, "int4", undefined)).toEqual({ from: "standard", variants: standardVariants });
  });
});
