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
import { maxPositions, type PeerDimensions, promptIds } from "./sizes";

const size: PeerDimensions = {
  layers: 2,
  hidden: 64,
  intermediate: 128,
  heads: 2,
  keyValueHeads: 1,
  headDim: 32,
  vocabulary: 96,
};
const folder = mkdtempSync(join(tmpdir(), "peer-model-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("weightValues", () => {
  it("gives matrices that int4 groups and bf16 hold exactly", () => {
    for (const part of ["text", "embedding", "head"] as const) {
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

    const { family, config, openWeights } = await openCheckpoint(checkpointFiles(fileFolder(folder)));
    expect(config.text).toMatchObject({ numHiddenLayers: 2, vocabSize: 96, headDim: 32, maxPositionEmbeddings: maxPositions });
    expect(config.eosTokenIds).toEqual([]);
    const source = await openWeights();
    const requests = listWeights(family, config);
    expect(requests.map(({ name }) => name)).toContain("model.text_model.layers.1.mlp.down_proj.weight");
    for (const [index, request] of requests.entries()) {
      const shape = storedShape(request);
      expect(source.tensors.get(request.name)?.shape).toEqual(shape);
      expect(await source.rows(request.name, 0, shape[0] ?? 1)).toEqual(weightValues(request, index + 1));
    }
    expect(JSON.parse(readFileSync(join(folder, "bench.json"), "utf8")).contexts).toContain(128);
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
