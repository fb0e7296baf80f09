// A checkpoint opened: its small files read, its family known, its weights ready to be read. Safetensors (one file or shards with
// an index) and GGUF pairs look the same from here on, and small files may come from the cache instead.

import { type CheckpointFolder, DownloadError, parseJsonFile } from "@/fetching/folder";
import type { ByteSource } from "@/formats/byteSource";
import { type GgufCheckpoint, openGguf } from "@/formats/gguf/openGguf";
import { checkIndex, indexFiles, readIndex } from "@/formats/hfCheckpoint";
import { checkHfQuantization, checkQuantizedNames } from "@/formats/hfQuantization";
import { openSafetensors } from "@/formats/safetensorsSource";
import type { TensorSource } from "@/formats/tensorSource";
import type { ModelConfig, ModelFamily } from "@/models/family";
import { familyOf } from "@/models/registry";
import type { GgufFiles } from "@/protocol/model";
import { pickChatTemplate } from "@/text/chat";
import { loadTokenizer, type TextTokenizer } from "@/text/tokenizer";

/** A checkpoint whose configuration has been read and understood. */
export interface Checkpoint {
  readonly family: ModelFamily;
  readonly config: ModelConfig;
  readonly tokenizer: TextTokenizer;
  readonly chatTemplate: string;
  /** Opens the weight files (headers only); call it when the first weight is needed. */
  openWeights(): Promise<TensorSource>;
}

/** Text of a checkpoint's small files by their Hugging Face names; undefined when there is none. */
export type SmallFiles = (name: string) => Promise<string | undefined>;

/** A checkpoint's files before anything is understood. */
export interface CheckpointFiles {
  readonly smallFile: SmallFiles;
  openWeights(): Promise<TensorSource>;
}

/** The files of a folder: safetensors, or the GGUF pair that is named. */
export function checkpointFiles(folder: CheckpointFolder, gguf?: GgufFiles): CheckpointFiles {
  if (!gguf) return { smallFile: (name) => folder.optionalText(name), openWeights: () => openShards(folder) };
  let opened: Promise<GgufCheckpoint> | undefined;
  const open = () => {
    opened ??= (async () => openGguf(await folder.open(gguf.model), await folder.open(gguf.projector)))();
    return opened;
  };
  return {
    async smallFile(name) {
      const content = (await open()).json(name);
      return content === undefined ? undefined : JSON.stringify(content);
    },
    openWeights: async () => (await open()).source,
  };
}

/** Reads the small files; every problem is an error that names the file. */
export async function openCheckpoint({ smallFile, openWeights }: CheckpointFiles): Promise<Checkpoint> {
  const optionalJson = async (name: string): Promise<unknown> => {
    const text = await smallFile(name);
    return text === undefined ? undefined : parseJsonFile(name, text);
  };
  const json = async (name: string): Promise<unknown> => {
    const content = await optionalJson(name);
    if (content !== undefined) return content;
    throw new DownloadError(
      `The model file ${name} could not be loaded`,
      "there is no such file",
      "Check the model's address: a model is a folder in Hugging Face layout; of a repository with GGUF files, choose the two files",
    );
  };
  const config = await json("config.json");
  const family = familyOf(config);
  checkHfQuantization(config);
  const [preprocessorConfig, processorConfig, generationConfig, tokenizerJson, tokenizerConfig, jinja, templateJson] =
    await Promise.all([
      optionalJson("preprocessor_config.json"),
      optionalJson("processor_config.json"),
      optionalJson("generation_config.json"),
      json("tokenizer.json"),
      json("tokenizer_config.json"),
      smallFile("chat_template.jinja"),
      optionalJson("chat_template.json"),
    ]);
  return {
    family,
    config: family.parseConfig({ config, preprocessorConfig, processorConfig, generationConfig }),
    tokenizer: loadTokenizer(tokenizerJson, tokenizerConfig),
    chatTemplate: pickChatTemplate({ ...(jinja !== undefined && { jinja }), json: templateJson, tokenizerConfig }),
    openWeights: async () => {
      const source = await openWeights();
      checkQuantizedNames(source.tensors.keys());
      return source;
    },
  };
}

async function openShards(folder: CheckpointFolder): Promise<TensorSource> {
  const index = await folder.optionalText("model.safetensors.index.json");
  if (index === undefined) return openSafetensors([await folder.open("model.safetensors")]);
  const shards = readIndex(index);
  const files: ByteSource[] = [];
  async function* opened() {
    for (const name of indexFiles(shards)) {
      const file = await folder.open(name);
      files.push(file);
      yield file;
    }
  }
  const source = await openSafetensors(opened());
  checkIndex(shards, source, files);
  return source;
}
