// A checkpoint folder behind a URL, or behind anything that says where its files are (`Place`; hub.ts is the other one).

import type { ByteSource } from "@/formats/byteSource";
import { type CheckpointFolder, parseJsonFile } from "./folder";
import { AccessError, HttpClient, type HttpOptions, missingFile, type Place } from "./httpClient";
import { HttpFile, type StreamSlot } from "./httpFile";
import { Patience } from "./patience";

/** A whole small file; undefined when there is none. */
async function readWhole(client: HttpClient, name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const patience = new Patience(name, { ...client.options, sleep: client.sleep });
  for (;;) {
    try {
      const answer = await client.request(name);
      if (!answer) return undefined;
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      for (let piece = await answer.read(); piece; piece = await answer.read()) pieces.push(piece);
      return new Uint8Array(await new Blob(pieces).arrayBuffer());
    } catch (error) {
      await patience.afterFailure(error, client.answered ? undefined : 2);
    }
  }
}

/** The files at a place. */
export function placeFolder(place: Place, options: HttpOptions): Omit<CheckpointFolder, "revision"> {
  const client = new HttpClient(place, options);
  const slot: StreamSlot = { current: undefined };
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  async function bytes(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const found = await readWhole(client, name);
    if (!found) throw missingFile(name);
    return found;
  }
  return {
    bytes,
    async json(name) {
      return parseJsonFile(name, text(await bytes(name)));
    },
    async optionalJson(name) {
      const found = await readWhole(client, name);
      return found && parseJsonFile(name, text(found));
    },
    async optionalText(name) {
      const found = await readWhole(client, name);
      return found && text(found);
    },
    open: (name): Promise<ByteSource> => HttpFile.open(client, slot, name),
    release: () => slot.current?.release(),
  };
}

/** A path inside a checkpoint as part of a URL. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** The folder at `url`, with or without a "/" at its end. */
export function httpFolder(url: string, options: HttpOptions = {}): CheckpointFolder {
  const base = new URL(url);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  let configTag: string | undefined;
  let answered = false;
  const place: Place = {
    url(name) {
      const file = new URL(encodePath(name), base);
      file.search = base.search;
      return file;
    },
    headers: () => ({}),
    immutable: () => false,
    seen(name, response) {
      answered = true;
      if (name === "config.json") configTag = response.headers.get("etag") ?? undefined;
    },
    refused: () => undefined,
  };
  const files = placeFolder(place, options);
  /** Storage services forbid what they do not have, so that nobody learns the names of files. */
  const unlessForbidden = (error: unknown) => {
    if (error instanceof AccessError && answered) return undefined;
    throw error;
  };
  return {
    ...files,
    optionalJson: (name) => files.optionalJson(name).catch(unlessForbidden),
    optionalText: (name) => files.optionalText(name).catch(unlessForbidden),
    revision: () => configTag,
  };
}
