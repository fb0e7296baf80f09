// Files of a model that the user drops, picks as a folder or picks one by one: walks the folders, keeps only what a checkpoint
// is made of, and stops at folders that cannot be one. The files are handles; nothing is read here and nothing leaves the machine.

import { UserError } from "@/lib/errors";
import { ggufPair } from "@/lib/ggufFiles";
import type { LocalFile, ModelSource } from "@/protocol/model";

/** What was dropped or picked holds no model, or far too much. */
export class LocalFilesError extends UserError {
  override readonly name = "LocalFilesError";
}

/** Chosen files of one checkpoint, paths relative to the chosen folder. */
export interface ChosenFiles {
  /** The folder's name, or the first file's. */
  readonly name: string;
  readonly files: readonly LocalFile[];
}

const maxFiles = 2000;
const maxDepth = 4;
/** tokenizer.json of a 250 000-token vocabulary takes 33 MB. */
const maxSmallBytes = 200e6;
const weights = /\.(safetensors|gguf)$/i;
const small = /\.(json|jinja|txt)$/i;
const skippedFolder = /^(\.|node_modules$|__pycache__$)/;

/** Counts what is looked at and keeps what a checkpoint may need. */
class Picker {
  readonly files: LocalFile[] = [];
  #seen = 0;

  constructor(readonly name: string) {}

  /** True when a folder at `path` is worth walking. */
  enters(path: string): boolean {
    const parts = path.split("/");
    return parts.length < maxDepth && !skippedFolder.test(parts.at(-1) ?? "");
  }

  /** True when the file's name is one a checkpoint has. Throws when there are too many files. */
  wants(path: string): boolean {
    this.#seen++;
    if (this.#seen > maxFiles) {
      throw new LocalFilesError(
        `The folder ${this.name} is not searched`,
        `it holds more than ${maxFiles} files`,
        "Choose the model's own folder",
      );
    }
    return weights.test(path) || small.test(path);
  }

  add(path: string, file: File): void {
    if (weights.test(path) || file.size <= maxSmallBytes) this.files.push({ path, file });
  }

  finish(): ChosenFiles {
    if (this.files.length === 0) {
      throw new LocalFilesError(
        `${this.name} holds no model`,
        "there are no .safetensors, .gguf or .json files in it",
        "Choose the folder that holds config.json, or two GGUF files",
      );
    }
    this.files.sort((a, b) => (a.path < b.path ? -1 : 1));
    return { name: this.name, files: this.files };
  }
}

async function walkHandle(picker: Picker, folder: FileSystemDirectoryHandle, prefix: string): Promise<void> {
  for await (const entry of folder.values()) {
    const path = prefix + entry.name;
    if (entry.kind === "directory") {
      if (picker.enters(path)) await walkHandle(picker, entry, `${path}/`);
    } else if (picker.wants(path)) picker.add(path, await entry.getFile());
  }
}

/** Files of a folder that `showDirectoryPicker` or a drop gave; rejects with LocalFilesError. */
export async function filesOfDirectoryHandle(folder: FileSystemDirectoryHandle): Promise<ChosenFiles> {
  const picker = new Picker(folder.name);
  await walkHandle(picker, folder, "");
  return picker.finish();
}

/** Files of `<input type="file">`, with `webkitdirectory` (paths begin with the folder's name) or `multiple`. */
export function filesOfInput(list: Iterable<File>): ChosenFiles {
  const chosen = [...list];
  const [first] = chosen;
  if (!first) throw new LocalFilesError("No model was chosen", "the selection is empty", "Choose a folder or two GGUF files");
  const top = first.webkitRelativePath.split("/")[0] ?? "";
  const picker = new Picker(top || first.name);
  for (const file of chosen) {
    const path = file.webkitRelativePath.slice(top.length + 1) || file.name;
    // The browser has walked everything already: leave out what a walk of our own would not enter.
    const folders = path.split("/").slice(0, -1);
    if (!folders.every((_, i) => picker.enters(folders.slice(0, i + 1).join("/")))) continue;
    if (picker.wants(path)) picker.add(path, file);
  }
  return picker.finish();
}

const fileOf = (entry: FileSystemFileEntry) => new Promise<File>((done, fail) => entry.file(done, fail));

/** All entries of a folder: readEntries gives about a hundred at a time, and none at the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (some.length === 0) return all;
    all.push(...some);
    if (all.length > maxFiles) return all;
  }
}

const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;

async function walkEntry(picker: Picker, entry: FileSystemEntry, path: string): Promise<void> {
  if (isFolder(entry)) {
    if (!picker.enters(path)) return;
    for (const inside of await entriesOf(entry)) await walkEntry(picker, inside, `${path}/${inside.name}`);
  } else if (isFile(entry) && picker.wants(path)) picker.add(path, await fileOf(entry));
}

/**
 * Files of a drop: one folder, or files. Call it inside the drop event, which empties the DataTransfer when it ends.
 * @throws {LocalFilesError} (as a rejection) when nothing of a model was dropped.
 */
export async function filesOfDrop(drop: DataTransfer): Promise<ChosenFiles> {
  const items = [...drop.items].filter((item) => item.kind === "file");
  const entries = items.flatMap((item) => item.webkitGetAsEntry() ?? []);
  const plain = [...drop.files];
  // Files that a script put into the drop have no entry.
  if (entries.length === 0) return filesOfInput(plain);
  const [first] = entries;
  const picker = new Picker(first?.name ?? "The drop");
  if (first && isFolder(first) && entries.length === 1) {
    for (const inside of await entriesOf(first)) await walkEntry(picker, inside, inside.name);
  } else for (const entry of entries) await walkEntry(picker, entry, entry.name);
  return picker.finish();
}

/**
 * What to load from chosen files: a Hugging Face folder where there are safetensors, else the GGUF pair.
 * @throws {GgufFilesError} when the GGUF files are no pair; the folder's own faults show when it is opened.
 */
export function sourceOfFiles({ name, files }: ChosenFiles): ModelSource {
  const paths = files.map(({ path }) => path);
  const has = (ending: string) => paths.some((path) => path.toLowerCase().endsWith(ending));
  const gguf = !has(".safetensors") && has(".gguf") ? ggufPair(paths) : undefined;
  return { kind: "files", name, files, ...(gguf && { gguf }) };
}
