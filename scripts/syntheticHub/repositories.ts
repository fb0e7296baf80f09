// What the synthetic hub has: three models of true size made of nothing, and the tiny checkpoints of fixtures/ as they are and
// split over three files.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readSafetensors, writeSafetensors } from "@/formats/safetensors";
import { type SyntheticModel, syntheticModels } from "./configs";
import { bytesFile, type ServedFile, weightFiles } from "./shards";
import { tokenizerFile } from "./tokenizerFile";

/** The files of a repository, made when they are first asked for. */
export interface Repository {
  readonly paths: readonly string[];
  file(path: string): ServedFile | undefined;
}

type Files = ReadonlyMap<string, () => ServedFile>;

function repository(makeFiles: () => Files): Repository {
  let files: Files | undefined;
  const made = new Map<string, ServedFile>();
  const all = () => {
    files ??= makeFiles();
    return files;
  };
  return {
    get paths() {
      return [...all().keys()];
    },
    file(path) {
      const found = made.get(path) ?? all().get(path)?.();
      if (found) made.set(path, found);
      return found;
    },
  };
}

const fixtures = resolve(import.meta.dirname, "../../fixtures");
const jsonFile = (value: unknown) => bytesFile(new TextEncoder().encode(JSON.stringify(value, null, 2)), "application/json");
const textFile = (text: string, contentType = "text/plain; charset=utf-8") =>
  bytesFile(new TextEncoder().encode(text), contentType);

function syntheticFiles(model: SyntheticModel): Files {
  const files = new Map<string, () => ServedFile>([
    ["config.json", () => jsonFile(model.config)],
    ["preprocessor_config.json", () => jsonFile(model.preprocessorConfig)],
    ["generation_config.json", () => jsonFile(model.generationConfig)],
    ["tokenizer.json", () => textFile(tokenizerFile(model), "application/json")],
    [
      "tokenizer_config.json",
      () => textFile(readFileSync(join(fixtures, model.templateFrom, "tokenizer_config.json"), "utf8"), "application/json"),
    ],
    ["chat_template.jinja", () => textFile(readFileSync(join(fixtures, model.templateFrom, "chat_template.jinja"), "utf8"))],
  ]);
  const { processorConfig } = model;
  if (processorConfig) files.set("processor_config.json", () => jsonFile(processorConfig));
  for (const [name, file] of weightFiles(model)) files.set(name, () => file);
  return files;
}

function folderFiles(folder: string): Files {
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    names.map(({ name }) => {
      const contentType = name.endsWith(".json") ? "application/json" : "application/octet-stream";
      return [name, () => bytesFile(readFileSync(join(folder, name)), contentType)];
    }),
  );
}

/** The folder with its weights in three files of about a third of the tensors each. */
function shardedFiles(folder: string): Files {
  const weights = readSafetensors(readFileSync(join(folder, "model.safetensors")));
  const tensors = [...weights.tensors.values()];
  const files = new Map(folderFiles(folder));
  files.delete("model.safetensors");
  const weightMap: Record<string, string> = {};
  for (let i = 0; i < 3; i++) {
    const name = `model-0000${i + 1}-of-00003.safetensors`;
    const part = tensors.slice(Math.floor((i * tensors.length) / 3), Math.floor(((i + 1) * tensors.length) / 3));
    for (const tensor of part) weightMap[tensor.name] = name;
    const bytes = writeSafetensors(
      part.map((tensor) => ({ ...tensor, bytes: weights.bytes(tensor.name) })),
      new Map([["format", "pt"]]),
    );
    files.set(name, () => bytesFile(bytes, "application/octet-stream"));
  }
  const totalBytes = tensors.reduce((sum, { begin, end }) => sum + end - begin, 0);
  files.set("model.safetensors.index.json", () => jsonFile({ metadata: { total_size: totalBytes }, weight_map: weightMap }));
  return files;
}

/**
 * Every repository by name: "synthetic/{model}" at true size; "synthetic/tiny" is fixtures/smolvlm, and every checkpoint folder
 * X of fixtures/ is "tiny/X", each also with "-3shards" behind its name; "tiny/X-gguf" are the GGUF pairs of fixtures/gguf.
 * @param folders More checkpoint folders by name.
 */
export function repositories(folders: Readonly<Record<string, string>> = {}): ReadonlyMap<string, Repository> {
  const found = new Map<string, Repository>();
  for (const model of syntheticModels)
    found.set(
      `synthetic/${model.name}`,
      repository(() => syntheticFiles(model)),
    );
  const addFolder = (name: string, folder: string) => {
    found.set(
      name,
      repository(() => folderFiles(folder)),
    );
    found.set(
      `${name}-3shards`,
      repository(() => shardedFiles(folder)),
    );
  };
  addFolder("synthetic/tiny", join(fixtures, "smolvlm"));
  for (const { name } of readdirSync(fixtures, { withFileTypes: true })) {
    const folder = join(fixtures, name);
    if (existsSync(join(folder, "config.json")) && existsSync(join(folder, "model.safetensors")))
      addFolder(`tiny/${name}`, folder);
  }
  for (const { name } of readdirSync(join(fixtures, "gguf"), { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    found.set(
      `tiny/${name}-gguf`,
      repository(() => folderFiles(join(fixtures, "gguf", name))),
    );
  }
  for (const [name, folder] of Object.entries(folders)) {
    found.set(
      name,
      repository(() => folderFiles(folder)),
    );
  }
  return found;
}
