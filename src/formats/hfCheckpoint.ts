// model.safetensors.index.json, the table of a checkpoint that is spread over several files: which tensor lies in which file. File
// names are only ever taken from this table (some repositories number their single file, some do not) and never leave the folder.
import * as v from "valibot";
import { UserError } from "@/lib/errors";
import type { ByteSource } from "./byteSource";
import { findDuplicateKey } from "./duplicateKey";
import type { TensorSource } from "./tensorSource";

/** Names of the ways in which the files of a checkpoint can contradict each other or this program. */
export type CheckpointCheck =
  | "badIndex"
  | "unsafePath"
  | "missingTensor"
  | "misplacedTensor"
  | "duplicateTensor"
  | "unsupportedType";

/** Files that are valid one by one but make no checkpoint; `check` names why. */
export class CheckpointError extends UserError {
  override readonly name = "CheckpointError";
  constructor(
    readonly check: CheckpointCheck,
    why: string,
    todo = "Download all its files again from one place and one revision, or choose another checkpoint",
  ) {
    super("The checkpoint cannot be read", why, todo);
  }
}

const maxTensors = 100_000;
const indexSchema = v.looseObject({ weight_map: v.record(v.string(), v.string()) });

/** A name, not a path: nothing that a URL, a folder handle or a file system could read as another place. */
function isFileName(name: string): boolean {
  return name.length <= 255 && /^[^./\\?#%:\p{Cc}][^/\\?#%:\p{Cc}]*\.safetensors$/u.test(name);
}

/**
 * Reads the text of model.safetensors.index.json: tensor → file, in the table's order. Throws CheckpointError when it is no such
 * table, lists nothing, names a tensor twice, or names a file outside the checkpoint's folder.
 */
export function readIndex(json: string): Map<string, string> {
  const bad = (why: string) => new CheckpointError("badIndex", `model.safetensors.index.json ${why}`);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw bad("is not JSON");
  }
  const parsed = v.safeParse(indexSchema, value);
  if (!parsed.success)
    throw bad(`has an unexpected ${v.getDotPath(parsed.issues[0]) ?? "content"} (${parsed.issues[0].message})`);
  const index = new Map(Object.entries(parsed.output.weight_map));
  if (index.size === 0) throw bad("lists no tensors");
  if (index.size > maxTensors) throw bad(`lists ${index.size} tensors`);
  const duplicate = findDuplicateKey(json);
  if (duplicate !== undefined) throw bad(`has "${duplicate.slice(0, 120)}" twice`);
  for (const [tensor, file] of index) {
    if (isFileName(file)) continue;
    const where = `"${file.slice(0, 120)}" for ${tensor.slice(0, 120)}`;
    throw new CheckpointError(
      "unsafePath",
      `model.safetensors.index.json names ${where}, which is no safetensors file of its folder`,
    );
  }
  return index;
}

/** The files an index names, each once, in order of first mention: what to open. */
export function indexFiles(index: ReadonlyMap<string, string>): string[] {
  return [...new Set(index.values())];
}

/**
 * Checks opened files against their index: every tensor lies in the file the index says. Tensors that the index leaves out are
 * ignored, as `transformers` does. Throws CheckpointError with tensor and file.
 * @param files The files `source` was opened from, in that order.
 */
export function checkIndex(index: ReadonlyMap<string, string>, source: TensorSource, files: readonly ByteSource[]): void {
  for (const [name, file] of index) {
    const tensor = source.tensors.get(name);
    if (!tensor) throw new CheckpointError("missingTensor", `${file} does not hold ${name}, which the index puts there`);
    const actual = files[tensor.file]?.name;
    if (actual !== file) {
      throw new CheckpointError("misplacedTensor", `${name} is in ${actual}, but the index puts it in ${file}`);
    }
  }
}
