// Gradients block by block are those of one tape over the whole model, for whatever is trained: every weight, a table that is
// embedding and head at once, adapters on the tower. On wasm with the tiny checkpoints.

import { dispose, memory, type Tensor } from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it } from "vitest";
import { readTensors } from "@/gpu/readback";
import { floatsOf } from "@/ops/attention/hostValues";
import { setUpWasm } from "@/ops/test/wasmFixture";
import { textBatch } from "./batch";
import { prepare } from "./decoding/rollouts";
import { LayerwisePass, trainsTower } from "./layerwise";
import { openSession, uniformPrecision } from "./loading/openSession";
import { attachLora, loraParameters } from "./lora";
import { packGroups } from "./packing";
import type { Session } from "./session";
import { fixtureFolder } from "./test/fixtureFolder";
import { question } from "./test/tinySession";
import { trainablesOf } from "./training/update/trainables";

setUpWasm();
let session: Session | undefined;
afterEach(() => session?.[Symbol.dispose]());

const responses = [Int32Array.of(5, 9, 14, 3), Int32Array.of(7, 2, 11)];
const families = ["smolvlm", "qwen2_5_vl-untied", "qwen3_vl-untied"];
const cotangent = Float32Array.from({ length: 7 }, (_, i) => (i === 2 ? 0 : Math.cos(i + 1)));
const full = { trainable: "full", loraRank: 4, loraAlpha: 8, loraTargets: [], seed: 1 } as const;

async function opened(name: string) {
  session = await openSession(fixtureFolder(name), "tiny", { precision: uniformPrecision("f32") });
  const [prepared] = prepare(session, { questions: [question(0)], rollouts: 2 });
  const { prompt, images } = prepared!;
  const batch = textBatch(packGroups([{ prompt, responses }]), session.rope);
  return { session, batch, images };
}

const read = async (tensors: readonly (Tensor | undefined)[]) =>
  (await readTensors(tensors.map((tensor) => tensor!))) as Float32Array[];

/** Largest ‖a − b‖ / ‖b‖ over tensors. */
function farthest(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  const distance = (x: Float32Array, y: Float32Array) => {
    const of = (value: (i: number) => number) => Math.sqrt(y.reduce((sum, _, i) => sum + value(i) ** 2, 0));
    const size = of((i) => y[i]!);
    return size === 0 ? Math.max(...x.map(Math.abs)) : of((i) => x[i]! - y[i]!) / size;
  };
  return Math.max(...a.map((values, i) => distance(values, b[i]!)));
}

describe("gradients block by block", { timeout: 120_000 }, () => {
  it.each(families)("are those of one tape, for every weight of %s with its tower", async (name) => {
    const { session: tiny, batch, images } = await opened(name);
    const tensors = trainablesOf(tiny, full).map(({ tensor }) => tensor);
    expect(trainsTower(tiny.model, tensors)).toBe(true);
    const pictures = tiny.model.vision.batch(images);
    const whole = LayerwisePass.supervised(tiny.model, batch, pictures, new Set(tensors), cotangent);
    const pass = new LayerwisePass(tiny.model, batch, pictures, new Set(tensors));
    const logp = pass.forward();
    const gradients = pass.backward(cotangent);
    expect(farthest(await read([logp]), await read([whole.logp]))).toBeLessThan(1e-6);
    // A bias of keys shifts all scores of a row alike, so its gradient is nothing but rounding.
    const trained = trainablesOf(tiny, full).filter(({ name }) => !/k_proj\.bias$/.test(name));
    const of = (all: ReadonlyMap<number, Tensor>) => read(trained.map(({ tensor }) => all.get(tensor.id)));
    expect(trained.length).toBeGreaterThan(50);
    expect(farthest(await of(gradients), await of(whole.gradients))).toBeLessThan(1e-4);
    dispose([logp, whole.logp, ...gradients.values(), ...whole.gradients.values()]);
    pass[Symbol.dispose]();
    pictures.dispose();
    batch.dispose();
  });

  it.each(families)(
    "reach adapters on tower and projector of %s, and leave its pictures fixed where they are not trained",
    async (name) => {
      const { session: tiny, batch, images } = await opened(name);
      attachLora(tiny.model, { rank: 4, alpha: 8, seed: 1, targets: ["vision", "projector"] });
      const tensors = loraParameters(tiny.model).map(({ tensor }) => tensor);
      expect(trainsTower(tiny.model, tensors)).toBe(true);
      for (const { name, tensor } of loraParameters(tiny.model)) {
        if (!name.includes("lora_B")) continue;
        floatsOf(tensor).forEach((_, i, values) => {
          values[i] = Math.sin(i + 1) / 20;
        });
      }
      const pictures = tiny.model.vision.batch(images);
      const whole = LayerwisePass.supervised(tiny.model, batch, pictures, new Set(tensors), cotangent);
      const pass = new LayerwisePass(tiny.model, batch, pictures, new Set(tensors));
      pass.forward().dispose();
      const gradients = pass.backward(cotangent);
      expect(gradients.size).toBe(tensors.length);
      const of = (all: ReadonlyMap<number, Tensor>) => read(tensors.map(({ id }) => all.get(id)));
      expect(farthest(await of(gradients), await of(whole.gradients))).toBeLessThan(1e-3);
      dispose([whole.logp, ...gradients.values(), ...whole.gradients.values()]);
      pass[Symbol.dispose]();
      pictures.dispose();
      batch.dispose();
      attachLora(tiny.model, { rank: 4, alpha: 8, seed: 1 });
      expect(
        trainsTower(
          tiny.model,
          loraParameters(tiny.model).map(({ tensor }) => tensor),
        ),
      ).toBe(false);
    },
  );

  it.each(families)("free all they used on %s but what they give", async (name) => {
    const { session: tiny, batch, images } = await opened(name);
    attachLora(tiny.model, { rank: 4, alpha: 8, seed: 1, targets: ["text", "vision", "projector"] });
    const tensors = new Set(loraParameters(tiny.model).map(({ tensor }) => tensor));
    const pictures = tiny.model.vision.batch(images);
    const counts: number[] = [];
    for (let run = 0; run < 3; run++) {
      const pass = new LayerwisePass(tiny.model, batch, pictures, tensors);
      pass.forward().dispose();
      const gradients = pass.backward(cotangent);
      expect(gradients.size).toBe(tensors.size);
      dispose([...gradients.values()]);
      pass[Symbol.dispose]();
      counts.push(memory().numTensors);
    }
    expect(counts[2]).toBe(counts[0]);
    pictures.dispose();
    batch.dispose();
  });

  it("of a tied table are the slope of the loss along them: the head's part and the embedding's together", async () => {
    const { session: tiny, batch, images } = await opened("qwen2_5_vl-tied");
    const { head, embedTokens } = tiny.model.text.weights;
    expect(head).toBe(embedTokens);
    const trained = trainablesOf(tiny, full);
    const table = embedTokens.parts[0]!.data;
    expect(trained.filter(({ tensor }) => tensor === table)).toHaveLength(1);
    const features = tiny.encodeTogether(images);
    const all = new Set(trained.map(({ tensor }) => tensor));
    const pass = new LayerwisePass(tiny.model, batch, undefined, all, features);
    pass.forward().dispose();
    const gradients = pass.backward(cotangent);
    const [slope] = await read([gradients.get(table.id)]);
    const before = Float32Array.from(floatsOf(table));
    const size = Math.sqrt(slope!.reduce((sum, x) => sum + x * x, 0));
    const lossAt = async (step: number) => {
      floatsOf(table).set(before.map((value, i) => value + (step * slope![i]!) / size));
      const moved = new LayerwisePass(tiny.model, batch, undefined, new Set(), features);
      const logp = moved.forward();
      const [values] = await read([logp]);
      logp.dispose();
      moved[Symbol.dispose]();
      return values!.reduce((sum, value, i) => sum + value * cotangent[i]!, 0);
    };
    const h = 2e-3;
    const measured = ((await lossAt(h)) - (await lossAt(-h))) / (2 * h);
    expect(measured / size).toBeCloseTo(1, 2);
    dispose([features, ...gradients.values()]);
    pass[Symbol.dispose]();
    batch.dispose();
  });
});
