// Vision towers as chains of stages, on whichever backend is current: the chain says of pictures what encoding says, to the last
// bit, so that a step on a trained tower is on policy; and its gradients are slopes. Test code only.

import { dispose, engine, type Tensor, tensor, tidy } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import type { CheckpointFolder } from "@/fetching/folder";
import type { Adapter } from "@/formats/peft";
import { readTensors } from "@/gpu/readback";
import type { RgbImage } from "@/image/rgbImage";
import { createRng } from "@/lib/rng";
import type { VisionBatch } from "@/models/family";
import { openSession, uniformPrecision } from "../loading/openSession";
import { applyAdapter, attachLora, exportAdapter } from "../lora";
import type { Session } from "../session";

const families = ["smolvlm", "qwen2_5_vl-untied", "qwen3_vl-untied"];

/** A seeded picture; two of different shapes make windows and pictures of different lengths. */
function picture(width: number, height: number): RgbImage {
  const rng = createRng(width, height);
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => rng.int(256)) };
}
const pictures = [picture(112, 84), picture(56, 140)];

const floats = async (tensors: readonly Tensor[]) => (await readTensors(tensors)) as Float32Array[];

function runChain({ chain }: VisionBatch): Tensor {
  return chain.stages.reduce((x, stage) => stage.run(x), chain.input);
}

const adapted = ({ model }: Session) => model.vision.projections.flatMap(({ name, lora }) => (lora ? [{ name, b: lora.b }] : []));

/** The session's adapter with B of module n, in the order of `adapted`, put at `valuesOf(n, B)`. */
async function moveB(session: Session, from: Adapter, valuesOf: (n: number, b: Float32Array) => Float32Array): Promise<void> {
  const order = new Map(adapted(session).map(({ name }, n) => [name, n]));
  const modules = Array.from(from.modules, ([path, module]) => {
    const b = new Float32Array(valuesOf(order.get(path) ?? 0, module.b));
    return [path, { ...module, b }] as const;
  });
  applyAdapter(session.model, { ...from, modules: new Map(modules) });
}

/** The adapter on tower and projector that is tried: every B seeded. */
async function attachSeeded(session: Session): Promise<Adapter> {
  attachLora(session.model, { rank: 4, alpha: 8, seed: 3, targets: ["vision", "projector"] });
  const fresh = await exportAdapter(session.model, "tiny");
  if (!fresh) throw new Error("nothing was attached");
  await moveB(session, fresh, (n, b) => {
    const rng = createRng(9, n);
    return b.map(() => 0.05 * rng.normal());
  });
  return (await exportAdapter(session.model, "tiny")) as Adapter;
}

/** @param folder Opens a folder under fixtures/. */
export function describeVisionChain(folder: (name: string) => CheckpointFolder): void {
  describe.each(families)("the tower of %s with adapters, stage by stage", { timeout: 120_000 }, (name) => {
    it("gives the bits of its encoding", async () => {
      using session = await openSession(folder(name), "tiny", { precision: uniformPrecision("f32") });
      await attachSeeded(session);
      const batch = session.model.vision.batch(pictures.map((image) => session.process(image)));
      const [whole, staged] = [batch.encode(), tidy(() => runChain(batch))];
      const [expected, actual] = await floats([whole, staged]);
      expect(staged.shape).toEqual(whole.shape);
      expect(actual).toEqual(expected);
      dispose([whole, staged]);
      batch.dispose();
    });

    it("has the slope along its gradient that moving the adapter measures", async () => {
      using session = await openSession(folder(name), "tiny", { precision: uniformPrecision("f32") });
      const start = await attachSeeded(session);
      const batch = session.model.vision.batch(pictures.map((image) => session.process(image)));
      const shape = tidy(() => runChain(batch).shape);
      const weights = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.cos(i));
      const cotangent = tensor(weights, shape);
      const parameters = adapted(session).map(({ b }) => b);
      const { value, grads } = engine().gradients(() => runChain(batch), parameters, cotangent as never);
      const slopes = await floats(grads);
      const size = Math.sqrt(slopes.reduce((sum, slope) => slope.reduce((s, x) => s + x * x, sum), 0));
      dispose([value, cotangent, ...grads]);

      const lossAt = async (step: number) => {
        await moveB(session, start, (n, b) => b.map((x, i) => x + (step * (slopes[n]?.[i] ?? 0)) / size));
        const features = batch.encode();
        const [values] = await floats([features]);
        features.dispose();
        return (values as Float32Array).reduce((sum, x, i) => sum + x * (weights[i] as number), 0);
      };
      const h = 1e-2;
      const measured = ((await lossAt(h)) - (await lossAt(-h))) / (2 * h);
      expect(slopes.every((slope) => slope.some((x) => x !== 0))).toBe(true);
      expect(measured / size).toBeCloseTo(1, 2);
      batch.dispose();
    });
  });
}
