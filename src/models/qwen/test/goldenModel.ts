// A checkpoint with golden numbers, loaded as plainly as possible: the whole file, float32, every tensor asked for once. Test
// code only; the program loads through engine/loading.

import { keep, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { readSafetensors, type SafetensorsFile } from "@/formats/safetensors";
import type { ConfigFiles, ModelConfig, ModelFamily, VisionLanguageModel } from "@/models/family";
import type { WeightTaker } from "@/models/weights";
import { matrixOnThisBackend } from "@/ops/matrixWriter";

/** Reads a file of the checkpoint by its path in the folder. */
export type ReadFile = (path: string) => Promise<Uint8Array<ArrayBuffer>>;

/** A model, the names of its tensors in memory, and those it did not ask for. */
export interface GoldenModel {
  readonly model: VisionLanguageModel;
  readonly names: readonly string[];
  readonly notAskedFor: readonly string[];
}

/** Parses one JSON file. */
export async function readJson(read: ReadFile, path: string): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await read(path))) as unknown;
}

/** Builds the model of a folder; fails on a tensor that is not there, is asked for twice or has another shape. */
export async function loadGoldenModel<C extends ModelConfig>(family: ModelFamily<C>, read: ReadFile): Promise<GoldenModel> {
  const files: ConfigFiles = {
    config: await readJson(read, "config.json"),
    preprocessorConfig: await readJson(read, "preprocessor_config.json"),
    generationConfig: await readJson(read, "generation_config.json"),
  };
  const file = readSafetensors(await read("model.safetensors"));
  const stored = new Map([...file.tensors.keys()].map((name) => [family.canonicalName(name), name]));
  const names = [...stored.keys()];
  const model = family.build(family.parseConfig(files), takerOf(file, stored));
  return { model, names, notAskedFor: [...stored.keys()] };
}

function takerOf(file: SafetensorsFile, stored: Map<string, string>): WeightTaker {
  function values(name: string, shape: readonly number[]): Float32Array {
    const storedName = stored.get(name);
    if (storedName === undefined) throw new Error(`${name} is not in the file, or was asked for before`);
    const found = file.tensors.get(storedName)?.shape.join();
    if (found !== shape.join()) throw new Error(`${name} is [${found}] in the file, not [${shape.join()}]`);
    stored.delete(name);
    return file.float32(storedName);
  }
  return {
    matrix({ name, rows, columns, storedShape, convertRow }) {
      const all = values(name, storedShape ?? [rows, columns]);
      if (!convertRow) return matrixOnThisBackend(all, rows, columns, "f32");
      const converted = new Float32Array(rows * columns);
      const width = all.length / rows;
      for (let r = 0; r < rows; r++) converted.set(convertRow(all.subarray(r * width, (r + 1) * width)), r * columns);
      return matrixOnThisBackend(converted, rows, columns, "f32");
    },
    tensor: (name, shape): Tensor => keep(tensor(values(name, shape), [...shape])),
  };
}
