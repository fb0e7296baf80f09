// The tests of the Qwen towers and decoders against the golden numbers of tiny checkpoints that every backend must pass: image
// features, and logits of prompt and response for the true and the masked picture. Test code only.

import { concat, dispose, keep, memory, type Tensor, type Tensor2D, tensor, tensor1d, tidy } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { readSafetensors, type SafetensorsFile } from "@/formats/safetensors";
import { readTensors } from "@/gpu/readback";
import type { ModelConfig, ModelFamily, ProcessedImage, VisionLanguageModel } from "@/models/family";
import { linear } from "@/ops/linear/linear";
import { ropeFrequencies, ropeTable } from "@/ops/rope/rope";
import { maxDifference, maxMagnitude } from "@/ops/test/gpuFixture";
import { type GoldenModel, loadGoldenModel, type ReadFile, readJson } from "./goldenModel";

/** A checkpoint to compare with. */
export interface QwenGolden<C extends ModelConfig> {
  readonly family: ModelFamily<C>;
  readonly folder: string;
  readonly cases: readonly string[];
  /** Largest relative difference allowed between a picture's features alone and beside others. */
  readonly aloneTolerance: number;
  readonly read: ReadFile;
}

interface GoldenCase {
  readonly input_ids: readonly number[];
  readonly position_ids: readonly (readonly number[])[];
  readonly tensors: SafetensorsFile;
}

/** Largest difference allowed, relative to the largest reference number; small enough to tell the two forms of GELU apart. */
const tolerance = 1e-5;

/** Declares the tests; the backend must be current when they run. */
export function describeQwen<C extends ModelConfig>({ family, folder, cases, aloneTolerance, read }: QwenGolden<C>): void {
  describe(folder, () => {
    let loaded: GoldenModel | undefined;
    beforeAll(async () => {
      loaded = await loadGoldenModel(family, (path) => read(`${folder}/${path}`));
    });
    const model = (): VisionLanguageModel => {
      if (!loaded) throw new Error("the model exists only inside tests");
      return loaded.model;
    };

    it("asks for every tensor of the checkpoint", () => {
      expect(loaded?.notAskedFor).toEqual([]);
    });

    it("names the tower's projections by their modules in memory, as adapters do", () => {
      const names = model().vision.projections.map(({ name }) => name);
      const matrices = (loaded?.names ?? []).filter((name) =>
        /^model\.visual\.(blocks|merger|deepstack_merger_list)\..*(attn|mlp|fc\d)\b.*\.weight$/.test(name),
      );
      expect(names.map((name) => `${name}.weight`).sort()).toEqual(matrices.sort());
    });

    it("gives a picture the features it has alone, and frees everything else", async () => {
      const { tensors } = await readCase(read, `${folder}/golden/case-2`);
      const images = picturesOf(tensors, "pixel_values");
      // The first run of an operation may keep constants.
      encode(model(), images).dispose();
      const before = memory().numTensors;
      const together = encode(model(), images);
      const alone = images.map((image) => encode(model(), [image]));
      expect(memory().numTensors).toBe(before + 1 + images.length);
      const joined = concat(alone as Tensor2D[], 0);
      const [actual, expected] = (await readTensors([together, joined])) as [Float32Array, Float32Array];
      dispose([together, joined, ...alone]);
      expect(images.length).toBe(2);
      expect(relative(actual, expected)).toBeLessThanOrEqual(aloneTolerance);
    });

    it.each(cases)("computes the reference's features of the pictures of %s", async (name) => {
      const golden = await readCase(read, `${folder}/golden/${name}`);
      const features = encode(model(), picturesOf(golden.tensors, "pixel_values"));
      const width = model().config.text.hiddenSize;
      const [values] = (await readTensors([features])) as [Float32Array];
      // The reference's features are those that replace image tokens: the first columns.
      const first = values.filter((_, index) => index % (features.shape[1] as number) < width);
      features.dispose();
      expect(relative(first, golden.tensors.float32("image_features"))).toBeLessThan(tolerance);
    });

    it.each(cases)("computes the reference's logits of %s for true and masked pictures", async (name) => {
      const golden = await readCase(read, `${folder}/golden/${name}`);
      for (const [pixels, logits] of [
        ["pixel_values", "logits"],
        ["masked_pixel_values", "masked_logits"],
      ] as const) {
        const features = encode(model(), picturesOf(golden.tensors, pixels));
        const computed = await logitsOf(model(), golden, features);
        features.dispose();
        expect(relative(computed, golden.tensors.float32(logits))).toBeLessThan(tolerance);
      }
    });
  });
}

function relative(actual: Float32Array, expected: Float32Array): number {
  return maxDifference(actual, expected) / maxMagnitude(expected);
}

async function readCase(read: ReadFile, path: string): Promise<GoldenCase> {
  const info = (await readJson(read, `${path}/case.json`)) as GoldenCase;
  return { ...info, tensors: readSafetensors(await read(`${path}/tensors.safetensors`)) };
}

/** The pictures of a case as the image processor gives them. */
function picturesOf(tensors: SafetensorsFile, pixelName: string): ProcessedImage[] {
  const pixels = tensors.float32(pixelName);
  const grids = tensors.float32("image_grid_thw");
  const width = tensors.tensors.get(pixelName)?.shape[1] as number;
  const images: ProcessedImage[] = [];
  let start = 0;
  for (let i = 0; i < grids.length; i += 3) {
    const [rows, columns] = [grids[i + 1] as number, grids[i + 2] as number];
    const patchCount = rows * columns;
    const pixelValues = pixels.slice(start * width, (start + patchCount) * width);
    images.push({ pixelValues, patchCount, featureCount: patchCount / 4, rows, columns });
    start += patchCount;
  }
  return images;
}

/** Features of pictures in one batch; the caller disposes. */
function encode(model: VisionLanguageModel, images: readonly ProcessedImage[]): Tensor {
  const batch = model.vision.batch(images);
  const features = keep(batch.encode());
  batch.dispose();
  return features;
}

/** Logits [T · V] of one causal sequence, with the reference's positions. */
async function logitsOf(model: VisionLanguageModel, golden: GoldenCase, features: Tensor): Promise<Float32Array> {
  const { text, imageTokenId } = model.config;
  const ids = golden.input_ids;
  const count = ids.length;
  const places = ids.flatMap((id, row) => (id === imageTokenId ? [row] : []));
  const featureIndex = new Int32Array(count).fill(-1);
  places.forEach((row, feature) => {
    featureIndex[row] = feature;
  });
  const positions = Int32Array.from({ length: count * 3 }, (_, i) => golden.position_ids[i % 3]?.[Math.floor(i / 3)] as number);
  const tableRows = Math.max(...positions) + 1;
  const table = ropeTable(ropeFrequencies(text.ropeTheta, text.headDim), tableRows);
  const logits = tidy(() => {
    const merge = {
      features,
      featureIndex: tensor1d(featureIndex, "int32"),
      featureRows: tensor1d(Int32Array.from(places), "int32"),
    };
    const rows = Int32Array.from({ length: count * 4 }, (_, i) => (i % 4 === 3 ? Math.floor(i / 4) + 1 : 0));
    const pass = {
      meta: { rows: tensor(rows, [count, 4], "int32") },
      positions: tensor(positions, [count, 3], "int32"),
      rope: { table: tensor(table, [tableRows, text.headDim]), axes: tensor1d([...(text.ropeAxes ?? [])], "int32") },
      merge,
    };
    const hidden = model.text.decode(model.text.embed(tensor1d(Int32Array.from(ids), "int32"), merge), pass);
    return linear(hidden, model.text.weights.head);
  });
  const [values] = (await readTensors([logits])) as [Float32Array];
  dispose(logits);
  return values;
}
