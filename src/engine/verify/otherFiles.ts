// The same checkpoint from other files: its safetensors spread over several shards with an index, or its weights and small files
// in a GGUF pair. What lies in golden/ stays where it is, so that the same numbers judge every way of reading the weights.

import type { CheckpointFolder } from "@/fetching/folder";
import { memorySource } from "@/formats/byteSource";
import { readSafetensors, writeSafetensors } from "@/formats/safetensors";
import { UserError } from "@/lib/errors";
import type { GgufFiles } from "@/protocol/model";
import type { GoldenCheckpoint } from "./goldenFiles";

const wholeFile = "model.safetensors";
const indexFile = "model.safetensors.index.json";

/** The checkpoint cannot be read from the files that were asked for. */
export class OtherFilesError extends UserError {
  override readonly name = "OtherFilesError";
}

/**
 * The folder with model.safetensors replaced by `count` shards of about as many tensors each and their index, as `transformers`
 * writes them. The whole file is held in memory; it is read by ranges like any other.
 */
export async function shardedFolder(folder: CheckpointFolder, count: number): Promise<CheckpointFolder> {
  const whole = readSafetensors(await folder.bytes(wholeFile));
  const tensors = [...whole.tensors.values()];
  if (!Number.isInteger(count) || count < 1 || count > tensors.length) {
    const why = `${count} is no number of files between 1 and the ${tensors.length} tensors there are`;
    throw new OtherFilesError("The checkpoint cannot be split", why, "Choose another number of shards");
  }
  const number = (n: number) => String(n).padStart(5, "0");
  const shards = new Map<string, Uint8Array<ArrayBuffer>>();
  const weightMap: Record<string, string> = {};
  for (let i = 0; i < count; i++) {
    const name = `model-${number(i + 1)}-of-${number(count)}.safetensors`;
    const part = tensors.slice(Math.floor((i * tensors.length) / count), Math.floor(((i + 1) * tensors.length) / count));
    for (const tensor of part) weightMap[tensor.name] = name;
    const content = part.map((tensor) => ({ ...tensor, bytes: whole.bytes(tensor.name) }));
    shards.set(name, writeSafetensors(content, new Map([["format", "pt"]])));
  }
  const totalBytes = tensors.reduce((sum, { begin, end }) => sum + end - begin, 0);
  const index = JSON.stringify({ metadata: { total_size: totalBytes }, weight_map: weightMap }, null, 2);
  return {
    ...folder,
    optionalText: async (name) => (name === indexFile ? index : folder.optionalText(name)),
    async open(name) {
      const shard = shards.get(name);
      if (shard) return memorySource(name, shard);
      if (name !== wholeFile) return folder.open(name);
      throw new OtherFilesError("The whole weight file was asked for", "the checkpoint is split", "Read its index first");
    },
  };
}

/** Which of these file names are the model and its projector; undefined when they are no pair. */
export function ggufPair(names: readonly string[]): GgufFiles | undefined {
  const files = names.filter((name) => name.toLowerCase().endsWith(".gguf"));
  const [projector, ...otherProjectors] = files.filter((name) => name.toLowerCase().includes("mmproj"));
  const [model, ...otherModels] = files.filter((name) => !name.toLowerCase().includes("mmproj"));
  return model && projector && otherModels.length + otherProjectors.length === 0 ? { model, projector } : undefined;
}

/** The checkpoint with weights, configuration, tokenizer and template from a GGUF pair in another folder. */
export function fromGguf(golden: GoldenCheckpoint, gguf: CheckpointFolder, pair: GgufFiles): GoldenCheckpoint {
  return { ...golden, gguf: pair, folder: { ...golden.folder, open: (name) => gguf.open(name) } };
}
