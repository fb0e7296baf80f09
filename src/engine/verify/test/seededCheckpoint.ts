// Checkpoints of every family whose rows are whole groups of 128, so that every matrix is really packed: configurations of the
// fixtures with other sizes, weights from a seeded generator. Test code only.

import type { CheckpointFolder } from "@/fetching/folder";
import type { StoredTensor, TensorSource } from "@/formats/tensorSource";
import { createRng } from "@/lib/rng";
import { type Checkpoint, checkpointFiles, openCheckpoint } from "../../loading/checkpoint";
import { listWeights, storedShape } from "../../loading/listing";

type Json = Readonly<Record<string, unknown>>;
interface Sizes {
  readonly text: Json;
  readonly vision: Json;
}

const text = { hidden_size: 128, intermediate_size: 256, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2 };
const vision = { hidden_size: 128, intermediate_size: 256 };
const rope = { rope_type: "default", rope_theta: 1e6 };

/** What is changed in the config.json of these fixtures. */
export const seededSizes: Readonly<Record<string, Sizes>> = {
  smolvlm: { text: { ...text, head_dim: 32 }, vision: { ...vision, num_hidden_layers: 2, num_attention_heads: 4 } },
  "qwen2_5_vl-untied": {
    text: { ...text, layer_types: undefined, rope_parameters: { ...rope, type: "mrope", mrope_section: [4, 6, 6] } },
    vision: { ...vision, depth: 2, num_heads: 4, out_hidden_size: 128, fullatt_block_indexes: [1] },
  },
  "qwen3_vl-tied": {
    text: { ...text, head_dim: 32, rope_parameters: { ...rope, mrope_interleaved: true, mrope_section: [6, 5, 5] } },
    vision: { ...vision, depth: 2, num_heads: 4, out_hidden_size: 128, deepstack_visual_indexes: [0] },
  },
};

/** A checkpoint with the fixture's tokenizer and template, other sizes, and weights that never were in a file. */
export async function seededCheckpoint(folder: CheckpointFolder, { text, vision }: Sizes): Promise<Checkpoint> {
  const { smallFile } = checkpointFiles(folder);
  const checkpoint = await openCheckpoint({
    async smallFile(name) {
      const file = await smallFile(name);
      if (name !== "config.json") return file;
      const config = JSON.parse(file ?? "") as { readonly text_config: Json; readonly vision_config: Json };
      const merged = { text_config: { ...config.text_config, ...text }, vision_config: { ...config.vision_config, ...vision } };
      return JSON.stringify({ ...config, ...merged });
    },
    openWeights: () => Promise.reject(new Error("there are no files")),
  });
  return { ...checkpoint, openWeights: async () => seededSource(checkpoint) };
}

/** Normal weights of 1/√columns, norms around one, the same for the same names. */
function seededSource({ family, config }: Checkpoint): TensorSource {
  const tensors = new Map<string, StoredTensor>();
  for (const request of listWeights(family, config)) {
    const { name } = request;
    const shape = storedShape(request);
    const bytes = shape.reduce((a, b) => a * b, 4);
    tensors.set(name, { name, shape, dtype: "F32", file: 0, offset: tensors.size, bytes });
  }
  return {
    tensors,
    async rows(name, first, count) {
      const { shape, offset } = tensors.get(name) as StoredTensor;
      const width = shape.slice(1).reduce((a, b) => a * b, 1);
      const rng = createRng(7, offset);
      const centre = shape.length === 1 && name.endsWith("norm.weight") ? 1 : 0;
      const scale = shape.length === 1 ? 0.1 : 1 / Math.sqrt(width);
      const all = Float32Array.from({ length: (first + count) * width }, () => centre + scale * rng.normal());
      return all.slice(first * width);
    },
  };
}
