import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { checkpointFiles, openCheckpoint } from "@/engine/loading/checkpoint";
import { listWeights, storedShape } from "@/engine/loading/listing";
import { dequantizeMatrix, quantizeMatrix } from "@/formats/quantize";
import { fileFolder } from "../../scripts/fileFolder";
import { weightValues } from "./modelContent";
import { hasModelFolder, writeModelFolder } from "./modelFolder";
import { peerPicture } from "./picture";
import { maxPositions, type PeerSize, peerSizes, pictureIds, promptIds } from "./sizes";

const size: PeerSize = {
  layers: 2,
  hidden: 64,
  intermediate: 128,
  heads: 2,
  keyValueHeads: 1,
  headDim: 32,
  vocabulary: 96,
  tower: { layers: 2, hidden: 64, intermediate: 128, heads: 2, imageSize: 64, patchSize: 16, scaleFactor: 2 },
};
const folder = mkdtempSync(join(tmpdir(), "peer-model-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("weightValues", () => {
  it("gives matrices that int4 groups and bf16 hold exactly", () => {
    for (const part of ["text", "vision", "embedding", "head"] as const) {
      const values = weightValues({ kind: "matrix", name: "w", rows: 96, columns: 64, part }, 3);
      expect(dequantizeMatrix(quantizeMatrix(values, 96, 64, "int4", 32))).toEqual(values);
      const words = new Uint32Array(values.buffer);
      expect(words.every((word) => (word & 0xffff) === 0)).toBe(true);
      // Not one value over and over.
      expect(new Set(values).size).toBeGreaterThan(50);
    }
  });
});

describe("writeModelFolder", () => {
  it("writes a checkpoint that the loader opens, with every tensor the family asks for", async () => {
    expect(hasModelFolder(folder, size)).toBe(false);
    await writeModelFolder(folder, size);
    expect(hasModelFolder(folder, size)).toBe(true);
    expect(hasModelFolder(folder, { ...size, layers: 3 })).toBe(false);
    expect(hasModelFolder(folder, { ...size, tower: { ...size.tower, layers: 3 } })).toBe(false);

    const { family, config, openWeights } = await openCheckpoint(checkpointFiles(fileFolder(folder)));
    expect(config.text).toMatchObject({ numHiddenLayers: 2, vocabSize: 96, headDim: 32, maxPositionEmbeddings: maxPositions });
    expect(config.eosTokenIds).toEqual([]);
    expect(config).toMatchObject({
      scaleFactor: 2,
      imageTokenId: 95,
      imageSequenceLength: 4,
      vision: { numHiddenLayers: 2, numAttentionHeads: 2, imageSize: 64, layerNormEps: 1e-6 },
    });
    expect(family.input(config).process(peerPicture(64)).featureCount).toBe(4);
    const source = await openWeights();
    const requests = listWeights(family, config);
    const names = requests.map(({ name }) => name);
    expect(names).toContain("model.text_model.layers.1.mlp.down_proj.weight");
    expect(names).toContain("model.vision_model.encoder.layers.1.mlp.fc2.bias");
    for (const [index, request] of requests.entries()) {
      const shape = storedShape(request);
      expect(source.tensors.get(request.name)?.shape).toEqual(shape);
      expect(await source.rows(request.name, 0, shape[0] ?? 1)).toEqual(weightValues(request, index + 1));
    }
    const bench = JSON.parse(readFileSync(join(folder, "bench.json"), "utf8"));
    expect(bench.contexts).toContain(128);
    expect(bench.pictureIds).toEqual([...pictureIds(size)]);
    expect(new Uint8Array(readFileSync(join(folder, "picture.rgb")))).toEqual(peerPicture(64).data);
  });
});

describe("pictureIds", () => {
  it("has one image token per merged patch, between two halves of a text", () => {
    const ids = [...pictureIds(size)];
    expect(ids.length).toBe(68);
    expect(ids.slice(32, 36)).toEqual([95, 95, 95, 95]);
    expect([...ids.slice(0, 32), ...ids.slice(36)]).toEqual([...promptIds(96, 64)]);
    expect(pictureIds(peerSizes.l30).length).toBe(128);
  });
});

describe("peerPicture", () => {
  it("has many colours, and many in the first row of every patch", () => {
    const { width, height, data } = peerPicture(64);
    expect([width, height]).toEqual([64, 64]);
    for (let patch = 0; patch < 16; patch++) {
      const at = (Math.floor(patch / 4) * 16 * 64 + (patch % 4) * 16) * 3;
      expect(new Set(data.subarray(at, at + 48)).size).toBeGreaterThan(20);
    }
    expect(new Set(data).size).toBeGreaterThan(200);
  });
});

describe("promptIds", () => {
  it("stays within the vocabulary and off the image token", () => {
    const ids = promptIds(96, 500);
    expect(ids.length).toBe(500);
    expect(Math.min(...ids)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...ids)).toBeLessThan(95);
    expect(new Set(ids).size).toBe(95);
  });
});
