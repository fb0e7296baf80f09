// What is trained: pairs on the chosen parts with the streams they always had, or every weight; and what is refused, with the
// model left as it was.

import { afterEach, describe, expect, it } from "vitest";
import { readTensors } from "@/gpu/readback";
import { uniformAt } from "@/lib/rng";
import { matrixTensors } from "@/ops/matrix";
import { setUpWasm } from "@/ops/test/wasmFixture";
import { type LoraTarget, trainDefaults } from "@/protocol/training";
import { openSession, uniformPrecision } from "../../loading/openSession";
import { loraParameters } from "../../lora";
import type { Session } from "../../session";
import { fixtureFolder } from "../../test/fixtureFolder";
import { type Trainable, TrainablesError, trainablesOf } from "./trainables";

setUpWasm();
let session: Session | undefined;
afterEach(() => session?.[Symbol.dispose]());

async function open(name: string): Promise<Session> {
  session = await openSession(fixtureFolder(name), name, { precision: uniformPrecision("f32") });
  return session;
}
const lora = (...loraTargets: LoraTarget[]) => ({ ...trainDefaults, loraRank: 4, loraAlpha: 8, seed: 11, loraTargets });
const full = { ...trainDefaults, trainable: "full" as const };
const valuesOf = async (trainables: readonly Trainable[]) =>
  new Map((await readTensors(trainables.map(({ tensor }) => tensor))).map((v, i) => [trainables[i]!.name, v as Float32Array]));

describe("a fresh LoRA", () => {
  it("on the decoder starts with A uniform from the streams of its projections in order, and B zero", async () => {
    const { model } = await open("smolvlm");
    const values = await valuesOf(trainablesOf(session!, lora("text")));
    expect(values.size).toBe(2 * model.text.projections.length);
    model.text.projections.forEach(({ name, weight }, stream) => {
      const bound = 1 / Math.sqrt(weight.columns);
      const expected = Float32Array.from({ length: 4 * weight.columns }, (_, i) => (uniformAt(11, stream, i) * 2 - 1) * bound);
      expect(values.get(`${name}.lora_A.weight`)).toEqual(expected);
      expect(values.get(`${name}.lora_B.weight`)).toEqual(new Float32Array(4 * weight.rows));
    });
  });

  it("starts alike on a part whichever other parts are adapted with it", async () => {
    await open("smolvlm");
    const all = await valuesOf(trainablesOf(session!, lora("projector", "vision", "text")));
    session![Symbol.dispose]();
    const paths = { text: /^model\.text_model\./, vision: /^model\.vision_model\./, projector: /^model\.connector\./ } as const;
    let found = 0;
    for (const target of ["text", "vision", "projector"] as const) {
      await open("smolvlm");
      const alone = await valuesOf(trainablesOf(session!, lora(target)));
      if (target !== "projector") session![Symbol.dispose]();
      for (const [name, values] of alone) {
        expect(name).toMatch(paths[target]);
        expect(values).toEqual(all.get(name));
      }
      found += alone.size;
    }
    expect(found).toBe(all.size);
    expect([...all.keys()].filter((name) => paths.projector.test(name))).toEqual([
      "model.connector.modality_projection.proj.lora_A.weight",
      "model.connector.modality_projection.proj.lora_B.weight",
    ]);
  });

  it("is not attached over an adapter that is there: that one is trained on", async () => {
    await open("smolvlm");
    const first = trainablesOf(session!, lora("text"));
    expect(trainablesOf(session!, { ...lora("vision"), loraRank: 2 })).toEqual(first);
  });
});

describe("every weight", () => {
  it.each(["smolvlm", "qwen2_5_vl-tied", "qwen3_vl-untied"])(
    "of %s, each tensor once, with its name in the checkpoint",
    async (name) => {
      const { model, weights } = await open(name);
      const trained = trainablesOf(session!, full);
      expect(new Set(trained.map(({ tensor }) => tensor)).size).toBe(trained.length);
      expect(trained.map((t) => t.name)).toEqual([...weights.keys()]);
      for (const tensor of matrixTensors(model.text.weights.head)) expect(trained.map((t) => t.tensor)).toContain(tensor);
    },
  );
});

describe("what cannot be trained is refused with a sentence", () => {
  const message = (settings: Parameters<typeof trainablesOf>[1]) => {
    try {
      trainablesOf(session!, settings);
    } catch (error) {
      if (error instanceof TrainablesError) return error.message;
      throw error;
    }
    return "nothing was refused";
  };

  it("no part of the model", async () => {
    await open("smolvlm");
    expect(message(lora())).toMatch(/^Nothing would be trained: .+ Choose/);
  });

  it("all weights under an adapter", async () => {
    await open("smolvlm");
    trainablesOf(session!, lora("text"));
    expect(message(full)).toMatch(/an adapter is attached.+Reset/);
  });

  it("packed weights, by the name of the first", async () => {
    await open("smolvlm");
    // The wasm backend unpacks what it loads; a matrix that says it is packed is what the GPU has.
    const [projection] = session!.model.text.projections;
    Object.assign(projection!.weight, { format: "int8" });
    expect(message(full)).toMatch(new RegExp(`${projection!.name}.weight is stored as int8.+Load the model with f32`));
    expect(message(lora("text"))).toBe("nothing was refused");
  });

  it("a part that the model has not, and nothing is attached", async () => {
    const { model } = await open("smolvlm");
    Object.defineProperty(model.vision, "projector", { value: [] });
    expect(message(lora("text", "projector"))).toMatch(/^The projector cannot be trained: SmolVLM has no projections there/);
    expect(loraParameters(model)).toEqual([]);
  });
});
