// Packed weights against the numbers they stand for: a model in f16, int8 or int4 gives the logits of the float32 model whose
// weights are the dequantised ones, in every family, with matrices that really are packed.

import { describe, expect, it } from "vitest";
import { httpFolder } from "@/fetching/httpFolder";
import type { RgbImage } from "@/image/rgbImage";
import type { Precision } from "@/models/weights";
import { differingBits, maxDifference, maxMagnitude, setUpGpu } from "@/ops/test/gpuFixture";
import { formatOf, listWeights } from "../loading/listing";
import { loadSession, uniformPrecision } from "../loading/openSession";
import type { Session } from "../session";
import { dequantizedSource } from "./dequantizedSource";
import { logitsOf } from "./logits";
import { seededCheckpoint, seededSizes } from "./test/seededCheckpoint";

setUpGpu();

const picture: RgbImage = {
  width: 60,
  height: 40,
  data: Uint8Array.from({ length: 60 * 40 * 3 }, (_, i) => (i * 37) % 251),
};
const response = Int32Array.from({ length: 12 }, (_, i) => 20 + 17 * i);
const precisions: readonly Precision[] = [
  uniformPrecision("f16"),
  ...[32, 64, 128].flatMap((groupSize) =>
    (["int8", "int4"] as const).map((format) => ({ ...uniformPrecision(format), groupSize })),
  ),
];

async function logits(session: Session): Promise<Float32Array> {
  const images = [session.process(session.see(picture))];
  const features = session.encodeTogether(images);
  try {
    return await logitsOf(session, session.prompt(images, "How many?"), response, features);
  } finally {
    features.dispose();
    session[Symbol.dispose]();
  }
}

describe.each(Object.keys(seededSizes))("packed weights of %s", (name) => {
  it("give the logits of the float32 model with the dequantised weights, in every format", { timeout: 300_000 }, async () => {
    const folder = httpFolder(new URL(`/fixtures/${name}/`, location.href).href);
    const checkpoint = await seededCheckpoint(folder, seededSizes[name] as (typeof seededSizes)[string]);
    const { family, config } = checkpoint;
    const requests = listWeights(family, config);
    const f32 = uniformPrecision("f32");
    const unquantized = await logits(await loadSession(checkpoint, name, { precision: f32 }));
    for (const precision of precisions) {
      for (const request of requests) {
        if (request.kind === "matrix" && !request.exact) expect(formatOf(request, precision)).toBe(precision.text);
      }
      const packed = await logits(await loadSession(checkpoint, name, { precision }));
      const openWeights = async () =>
        dequantizedSource(await checkpoint.openWeights(), requests, family.canonicalName, precision);
      const dequantized = await logits(await loadSession({ ...checkpoint, openWeights }, name, { precision: f32 }));
      expect(maxDifference(packed, dequantized)).toBeLessThanOrEqual(1e-3 * maxMagnitude(dequantized));
      // Kernels unpack to these very numbers and add in the same order.
      expect(differingBits(packed, dequantized)).toBe(0);
      // Otherwise nothing was quantised.
      expect(maxDifference(packed, unquantized)).toBeGreaterThan(1e-4);
    }
  });
});
