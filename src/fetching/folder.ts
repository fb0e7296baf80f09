// A checkpoint folder, wherever it lies (hub, URL, disk): small files whole, weight files by ranges. Folders over the network
// are in httpFolder.ts and hub.ts.

import type { ByteSource } from "@/formats/byteSource";
import { UserError } from "@/lib/errors";

/** A file of a model cannot be had; the message names the file. */
export class DownloadError extends UserError {
  override readonly name: string = "DownloadError";
}

/** Reads files of one checkpoint. Every rejection is a UserError that names the file, or the reason of an abort. */
export interface CheckpointFolder {
  /** Parsed JSON; rejects when there is no such file. */
  json(name: string): Promise<unknown>;
  /** Parsed JSON; undefined when there is no such file. */
  optionalJson(name: string): Promise<unknown>;
  /** Text; undefined when there is no such file. */
  optionalText(name: string): Promise<string | undefined>;
  /** A small file whole. */
  bytes(name: string): Promise<Uint8Array<ArrayBuffer>>;
  /** A weight file, to be read by ranges; rejects when there is no such file. */
  open(name: string): Promise<ByteSource>;
  /** Closes a connection that is open for reads to come; the next read opens another. */
  release?(): void;
  /** Paths of all files, where the folder can tell. */
  list?(): Promise<readonly string[]>;
  /** What names the state of the files as far as it is known by now: a commit, or config.json's ETag. */
  revision(): string | undefined;
}

/** Parses a JSON file of a checkpoint; throws DownloadError. */
export function parseJsonFile(name: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new DownloadError(`The model file ${name} is damaged`, "it is not valid JSON", "Load the model again", { cause });
  }
}
