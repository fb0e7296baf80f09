// A checkpoint among files that the user chose or dropped. They are read where they lie, by ranges, and go nowhere. How the page
// comes by them is client/localFiles.ts.

import type { ByteSource } from "@/formats/byteSource";
import { UserError } from "@/lib/errors";
import { fnv64 } from "@/lib/fnv64";
import type { GgufFiles, LocalFile } from "@/protocol/model";
import { type CheckpointFolder, parseJsonFile } from "./folder";

/** The chosen files are no model that can be read, or one of them went away. */
export class LocalFolderError extends UserError {
  override readonly name = "LocalFolderError";
}

const depth = (path: string) => path.split("/").length;
const shown = (names: readonly string[]) => names.slice(0, 5).join(", ") + (names.length > 5 ? `, … (${names.length})` : "");

/** Path of the folder with config.json, "" or ending in "/": the one nearest to the top. */
function findModel(paths: readonly string[], name: string): string {
  const configs = paths.filter((path) => path === "config.json" || path.endsWith("/config.json"));
  const top = Math.min(...configs.map(depth));
  const [config, ...others] = configs.filter((path) => depth(path) === top);
  if (config !== undefined && others.length === 0) return config.slice(0, -"config.json".length);
  if (config !== undefined) {
    const folders = [config, ...others].map((path) => path.slice(0, -"/config.json".length)).sort();
    throw new LocalFolderError(
      `The folder ${name} cannot be loaded`,
      `it holds several models: ${shown(folders)}`,
      "Choose the folder of one of them",
    );
  }
  const gguf = paths.filter((path) => /\.gguf$/i.test(path));
  throw gguf.length > 0
    ? new LocalFolderError(
        `The folder ${name} cannot be loaded`,
        `it has no config.json, and of its GGUF files (${shown(gguf)}) none is chosen`,
        "Choose two of them: the text model, and its vision tower with mmproj in its name",
      )
    : new LocalFolderError(
        `The folder ${name} cannot be loaded`,
        "it has no config.json",
        "Choose the folder that holds config.json, tokenizer.json and the .safetensors files, or two GGUF files",
      );
}

/** Refuses an index whose shards are not all there. */
function checkShards(index: unknown, indexName: string, has: (name: string) => boolean, folder: string): void {
  const map = typeof index === "object" && index !== null && "weight_map" in index ? index.weight_map : undefined;
  if (typeof map !== "object" || map === null) return;
  const shards = [...new Set<unknown>(Object.values(map))].filter((shard) => typeof shard === "string").sort();
  const missing = shards.filter((shard) => !has(shard));
  if (missing.length === 0) return;
  throw new LocalFolderError(
    `The folder ${folder} is not whole`,
    `${indexName} names ${shown(missing)}, which ${missing.length > 1 ? "are" : "is"} missing`,
    "Add what is missing and choose the folder again",
  );
}

/**
 * The checkpoint among `files`: the folder with config.json nearest to the top, or all files where `gguf` names two of them.
 * `name` is for messages.
 * @throws {LocalFolderError} when there is no model, or more than one.
 */
export function localFolder(files: readonly LocalFile[], name: string, gguf?: GgufFiles): CheckpointFolder {
  const base = gguf
    ? ""
    : findModel(
        files.map(({ path }) => path),
        name,
      );
  const inside = new Map(files.flatMap(({ path, file }) => (path.startsWith(base) ? [[path.slice(base.length), file]] : [])));
  // The same files chosen again are the same revision, wherever they were moved.
  const stamp = [...inside].map(([path, { size, lastModified }]) => [path, size, lastModified]).sort();
  const revision = fnv64(JSON.stringify(stamp));

  function find(file: string): File {
    const found = inside.get(file);
    if (found) return found;
    throw new LocalFolderError(`The model file ${file} cannot be read`, `the folder ${name} does not have it`, "Add the file");
  }
  async function read(file: string, blob: Blob, expected: number): Promise<Uint8Array<ArrayBuffer>> {
    let bytes: Uint8Array<ArrayBuffer> | undefined;
    let cause: unknown;
    try {
      bytes = new Uint8Array(await blob.arrayBuffer());
    } catch (error) {
      cause = error;
    }
    if (bytes?.length === expected) return bytes;
    throw new LocalFolderError(
      `The model file ${file} cannot be read`,
      "it was changed, moved or deleted after you chose it",
      "Choose the folder again",
      { cause },
    );
  }
  const bytes = async (file: string) => {
    const found = find(file);
    return read(file, found, found.size);
  };
  const optionalText = async (file: string) => (inside.has(file) ? new TextDecoder().decode(await bytes(file)) : undefined);
  async function json(file: string): Promise<unknown> {
    const parsed = parseJsonFile(file, new TextDecoder().decode(await bytes(file)));
    if (file.endsWith(".index.json")) checkShards(parsed, file, (shard) => inside.has(shard), name);
    return parsed;
  }
  return {
    bytes,
    json,
    optionalJson: async (file) => (inside.has(file) ? json(file) : undefined),
    optionalText,
    async open(file): Promise<ByteSource> {
      const found = find(file);
      const { size } = found;
      return {
        name: file,
        size,
        async read(begin, end) {
          if (!(begin >= 0 && begin <= end && end <= size)) {
            throw new LocalFolderError(
              `The model file ${file} cannot be read`,
              `bytes ${begin} to ${end} lie outside its ${size} bytes`,
              "The file is damaged or cut short; fetch it again",
            );
          }
          return read(file, found.slice(begin, end), end - begin);
        },
      };
    },
    list: async () => [...inside.keys()].sort(),
    revision: () => revision,
  };
}
