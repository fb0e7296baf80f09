// A stored state is the run itself: what goes on from it takes the same steps to the last bit, and whatever is not exactly a
// state of this model is refused with nothing changed.

import type { Tensor } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAdapter, writeAdapter } from "@/formats/peft";
import { readSafetensors, type TensorToWrite, writeSafetensors } from "@/formats/safetensors";
import { adapterOfState, TrainerStateError } from "@/formats/trainerStateFile";
import { readTensors } from "@/gpu/readback";
import { fnv64OfBytes } from "@/lib/fnv64";
import { createRng } from "@/lib/rng";
import { setUpWasm } from "@/ops/test/wasmFixture";
import { type TrainSettings, trainDefaults } from "@/protocol/training";
import { openSession, uniformPrecision } from "../loading/openSession";
import { exportAdapter, loraParameters, removeLora } from "../lora";
import type { Session } from "../session";
import { fixtureFolder } from "../test/fixtureFolder";
import { seededUpdate } from "../test/seededUpdate";
import { exportTrainerState, restoreTrainerState } from "./trainerState";
import { Optimizer } from "./update/optimizer";
import { type Trainable, trainablesOf } from "./update/trainables";

setUpWasm();
const open = (name: string, as = "tiny") => openSession(fixtureFolder(name), as, { precision: uniformPrecision("f32") });
let session: Session;
beforeAll(async () => {
  session = await open("smolvlm");
});
afterAll(() => session[Symbol.dispose]());

// A rank whose alpha / rank is no short fraction.
const lora: TrainSettings = {
  ...trainDefaults,
  loraRank: 3,
  loraAlpha: 7,
  loraTargets: ["text", "projector", "vision"],
  seed: 5,
};
const full: TrainSettings = { ...trainDefaults, trainable: "full" };
const counters = { step: 2, cursor: 37, streams: 96 };

/** Names the bits of some tensors: equal only where they are. */
const bitsOf = async (tensors: readonly Tensor[]) =>
  fnv64OfBytes(...(await readTensors(tensors)).map(({ buffer }) => new Uint8Array(buffer as ArrayBuffer)));
const everything = ({ parameters, moments }: Optimizer) =>
  bitsOf(parameters.flatMap(({ tensor: value }, i) => [value, moments[i]!.m, moments[i]!.v]));

/** A LoRA run of two steps and its state. */
async function stored(settings: TrainSettings, of = session): Promise<Uint8Array<ArrayBuffer>> {
  removeLora(of.model);
  using optimizer = Optimizer.create(trainablesOf(of, settings));
  await seededUpdate(optimizer, 0);
  await seededUpdate(optimizer, 1);
  return exportTrainerState(of, optimizer, counters, settings);
}

describe("a run that goes on from its stored state", () => {
  it.each([
    ["LoRA on every part", lora],
    ["all weights", full],
  ])("takes the steps of one that was not interrupted, bit for bit: %s", async (_, settings) => {
    // The run ends in another session than it began: nothing but the file is common to both.
    const [first, second] = [await open("smolvlm"), await open("smolvlm")];
    using whole = Optimizer.create(trainablesOf(first, settings));
    await seededUpdate(whole, 0);
    await seededUpdate(whole, 1);
    const state = await exportTrainerState(first, whole, counters, settings);
    await seededUpdate(whole, 2);

    if (settings.trainable === "lora") trainablesOf(second, { ...settings, seed: 99, loraRank: 2 });
    const restored = restoreTrainerState(second, state);
    using optimizer = restored.optimizer;
    expect(restored.counters).toEqual(counters);
    expect(optimizer.updates).toBe(2);
    expect(optimizer.parameters.map(({ name }) => name)).toEqual(whole.parameters.map(({ name }) => name));
    expect(await exportTrainerState(second, optimizer, counters, settings)).toEqual(state);
    await seededUpdate(optimizer, 2);
    expect(await everything(optimizer)).toEqual(await everything(whole));
    expect(second.model.text.projections.map(({ lora: pair }) => pair?.scaling)).toEqual(
      first.model.text.projections.map(({ lora: pair }) => pair?.scaling),
    );
    first[Symbol.dispose]();
    second[Symbol.dispose]();
  });
});

describe("the adapter in a state", () => {
  it("is written without a model as the model itself would write it", async () => {
    const state = await stored(lora);
    const saved = await exportAdapter(session.model, session.name);
    const expected = writeAdapter(saved!);
    const { config, weights } = adapterOfState(state);
    expect(config).toBe(expected.config);
    expect(Buffer.compare(weights, expected.weights)).toBe(0);
    expect(readAdapter(JSON.parse(config), weights).modules.size).toBe(loraParameters(session.model).length / 2);
  });

  it("is absent, with a sentence, when all weights were trained", async () => {
    const other = await open("smolvlm");
    const state = await stored(full, other);
    other[Symbol.dispose]();
    expect(refusal(() => adapterOfState(state))).toMatch(/^noAdapter: .+all weights were trained/);
  });
});

/** The check and the sentence of a refusal. */
function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof TrainerStateError) return `${error.check}: ${error.message}`;
    throw error;
  }
  return "it was accepted";
}

describe("what is refused, with the model as it was", () => {
  const names = (list: readonly Trainable[]) => list.map(({ name }) => name);
  async function refused(state: Uint8Array, on = session): Promise<string> {
    const before = await bitsOf(loraParameters(on.model).map(({ tensor: value }) => value));
    const why = refusal(() => restoreTrainerState(on, state));
    expect(await bitsOf(loraParameters(on.model).map(({ tensor: value }) => value))).toEqual(before);
    return why;
  }
  type Parts = { notes: Map<string, string>; tensors: TensorToWrite[] };
  /** The file with other content; with a checksum that fits it when `stamped`. */
  function changed(state: Uint8Array, change: (parts: Parts) => void, stamped: boolean): Uint8Array {
    const file = readSafetensors(state);
    const parts: Parts = {
      notes: new Map(file.metadata),
      tensors: [...file.tensors.values()].map((info) => ({ ...info, bytes: file.bytes(info.name) })),
    };
    if (stamped) parts.notes.set("checksum", "0".repeat(16));
    change(parts);
    const copy = writeSafetensors(parts.tensors, parts.notes);
    if (stamped) copy.set(new TextEncoder().encode(fnv64OfBytes(copy)), '12345678{"__metadata__":{"checksum":"'.length);
    return copy;
  }

  it("one flipped bit anywhere", async () => {
    const state = await stored(lora);
    const rng = createRng(1);
    const places = [8, 30, 40, 44, 60, state.length - 1, ...Array.from({ length: 40 }, () => rng.int(state.length))];
    for (const place of places) {
      const copy = state.slice();
      copy[place]! ^= 1 << rng.int(8);
      expect(await refused(copy)).toMatch(/^damaged: The stored state of the run cannot be used: .+/);
    }
  });

  it("a file that ends early, is empty, or is something else", async () => {
    const state = await stored(lora);
    for (const length of [0, 7, 100, state.length - 4]) expect(await refused(state.slice(0, length))).toMatch(/^damaged/);
    const { weights } = writeAdapter((await exportAdapter(session.model, "tiny"))!);
    expect(await refused(weights)).toMatch(/^damaged: .+not the state of a run/);
  });

  it("notes that were changed, and a version of the future", async () => {
    const state = await stored(lora);
    expect(await refused(changed(state, ({ notes }) => notes.set("step", "9"), false))).toMatch(/^damaged: .+checksum/);
    expect(await refused(changed(state, ({ notes }) => notes.set("version", "2"), true))).toMatch(/^otherVersion: .+version 2/);
  });

  it.each<[string, RegExp, (parts: Parts) => void]>([
    ["a counter that is no count", /step is not what/, ({ notes }) => notes.set("step", "-1")],
    ["no adapter", /adapter is not what/, ({ notes }) => notes.delete("adapter")],
    [
      "a moment that is missing",
      /with two moments/,
      ({ tensors }) =>
        tensors.splice(
          tensors.findIndex(({ name }) => name.startsWith("m.")),
          1,
        ),
    ],
    ["a tensor of another kind", /with two moments/, ({ tensors }) => tensors.push({ ...tensors[0]!, name: "x" })],
    ["a module without its pair", /lacks param/, ({ notes }) => notes.set("scalings", '{"model.x":1}')],
  ])("a whole file with %s", async (_, sentence, change) => {
    expect(await refused(changed(await stored(lora), change, true))).toMatch(new RegExp(`^damaged: .*${sentence.source}`));
  });

  it("the state of another model, of another family or by name", async () => {
    const state = await stored(lora);
    const [qwen, renamed] = [await open("qwen2_5_vl-tied"), await open("smolvlm", "large")];
    expect(await refused(state, qwen)).toMatch(/^otherModel: .+SmolVLM/);
    expect(await refused(state, renamed)).toMatch(/^otherModel: .+made with tiny .+ large is loaded/);
    expect(names(loraParameters(qwen.model))).toEqual([]);
    qwen[Symbol.dispose]();
    renamed[Symbol.dispose]();
  });

  it("weights of other names or shapes under the same model's name", async () => {
    const widened = (parts: Parts) => {
      parts.tensors = parts.tensors.map((info) =>
        /text_model.layers.0.self_attn.q_proj.lora_A/.test(info.name)
          ? { ...info, shape: [info.shape[0]! / 3, info.shape[1]! * 3] }
          : info,
      );
    };
    expect(await refused(changed(await stored(lora), widened, true))).toMatch(/^(otherModel|damaged)/);
    const [tied, untied] = [await open("qwen2_5_vl-tied"), await open("qwen2_5_vl-untied")];
    expect(await refused(await stored(full, tied), untied)).toMatch(/^otherModel: .+Load the model the run was made with\.$/);
    expect(await refused(await stored(full, untied), tied)).toMatch(/^otherModel: .+lm_head/);
    tied[Symbol.dispose]();
    untied[Symbol.dispose]();
  });
});
