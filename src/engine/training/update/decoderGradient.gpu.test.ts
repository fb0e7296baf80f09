// A block differentiated by hand gives the gradients that the tape gives, for every family, and adds to those of an earlier pass.

import { dispose, memory, type Tensor } from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it } from "vitest";
import { httpFolder } from "@/fetching/httpFolder";
import { readTensors } from "@/gpu/readback";
import { differingBits, setUpGpu } from "@/ops/test/gpuFixture";
import { textBatch } from "../../batch";
import { prepare } from "../../decoding/rollouts";
import { type Gradients, LayerwisePass } from "../../layerwise";
import { openSession, uniformPrecision } from "../../loading/openSession";
import { attachLora } from "../../lora";
import { packGroups } from "../../packing";
import type { Session } from "../../session";
import { question } from "../../test/tinySession";
import { isDifferentiatedByHand } from "./decoderGradient";

const fixture = setUpGpu({ floor: true });
let session: Session | undefined;
afterEach(() => {
  session?.[Symbol.dispose]();
  session = undefined;
});

const responses = [Int32Array.of(5, 9, 14, 3, 8), Int32Array.of(7, 2, 11)];
const cotangent = Float32Array.from({ length: 8 }, (_, i) => (i === 2 ? 0 : Math.cos(i + 1)));

/** A tiny model with an adapter, both sides of it not zero, on the projections that `adapted` takes. */
async function opened(name: string, rank: number, adapted: (projection: string) => boolean) {
  const folder = httpFolder(new URL(`/fixtures/${name}/`, location.href).href);
  session = await openSession(folder, "tiny", { precision: uniformPrecision("int8") });
  const { model, rope } = session;
  attachLora(model, { rank, alpha: 2 * rank, seed: 1 });
  const trained: Tensor[] = [];
  for (const layer of model.text.projections) {
    const { lora } = layer;
    if (!lora) continue;
    if (!adapted(layer.name)) {
      dispose([lora.a, lora.b]);
      layer.lora = undefined;
      continue;
    }
    fixture.gpu.dispatcher.upload(
      lora.b,
      Float32Array.from({ length: lora.b.size }, (_, i) => Math.sin(i) / 10),
    );
    trained.push(lora.a, lora.b);
  }
  const [prepared] = prepare(session, { questions: [question(0)], rollouts: 2 });
  const { prompt, images } = prepared!;
  const batch = textBatch(packGroups([{ prompt, responses }]), rope);
  const pictures = model.vision.batch(images);
  return { model, batch, pictures, trained };
}

const valuesOf = async (tensors: readonly Tensor[], of: Gradients) =>
  (await readTensors(tensors.map(({ id }) => of.get(id)!))) as Float32Array[];

const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

describe("a decoder block differentiated by hand", { timeout: 120_000 }, () => {
  it.each([
    ["smolvlm", 8, "every projection", () => true],
    ["qwen2_5_vl-untied", 4, "every projection", () => true],
    ["qwen3_vl-untied", 12, "every projection", () => true],
    ["smolvlm", 4, "queries, values and the last product", (name: string) => /[qv]_proj|down_proj/.test(name)],
    ["qwen3_vl-untied", 8, "the MLP", (name: string) => /(gate|up|down)_proj/.test(name)],
  ] as const)("has the gradients of one tape in %s, rank %i, %s", async (name, rank, _, adapted) => {
    const { model, batch, pictures, trained } = await opened(name, rank, adapted);
    const { layers } = model.text.weights;
    expect(
      layers.every((layer) =>
        isDifferentiatedByHand(
          layer,
          trained.filter((t) => ownedBy(layer, t)),
          batch.packed.count,
        ),
      ),
    ).toBe(true);
    const trainable = new Set(trained);
    const whole = LayerwisePass.supervised(model, batch, pictures, trainable, cotangent);
    const expected = await valuesOf(trained, whole.gradients);
    const before = memory().numTensors;
    const pass = new LayerwisePass(model, batch, pictures, trainable);
    pass.forward().dispose();
    const gradients = pass.backward(cotangent);
    const actual = await valuesOf(trained, gradients);
    actual.forEach((values, i) => {
      const size = norm(expected[i]!);
      expect(size).toBeGreaterThan(0);
      expect(norm(values.map((value, j) => value - expected[i]![j]!)) / size).toBeLessThan(2e-5);
    });

    // Twice the same pass: the sum is in the tensors there were, each number doubled to the bit.
    const tensors = trained.map(({ id }) => gradients.get(id));
    expect(pass.backward(cotangent, gradients)).toBe(gradients);
    const doubled = await valuesOf(trained, gradients);
    expect(trained.map(({ id }) => gradients.get(id))).toEqual(tensors);
    doubled.forEach((values, i) => {
      expect(
        differingBits(
          values,
          actual[i]!.map((value) => 2 * value),
        ),
      ).toBe(0);
    });
    pass[Symbol.dispose]();
    dispose([...gradients.values()]);

    // Without the log-probs before: the head is asked for what it needs then, and says the same.
    const silent = new LayerwisePass(model, batch, pictures, trainable);
    silent.keepInputs();
    const same = silent.backward(cotangent);
    const again = await valuesOf(trained, same);
    expect(again.map((values, i) => differingBits(values, actual[i]!))).toEqual(trained.map(() => 0));
    silent[Symbol.dispose]();
    dispose([...same.values()]);
    expect(memory().numTensors).toBe(before);
    dispose([whole.logp, ...whole.gradients.values()]);
    pictures.dispose();
    batch.dispose();
  });
});

function ownedBy(layer: object, tensor: Tensor): boolean {
  return Object.values(layer).some((part) => part?.lora && (part.lora.a === tensor || part.lora.b === tensor));
}
