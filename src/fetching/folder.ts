// A checkpoint folder behind a URL: small files as text or JSON, the weights as bytes with progress. Every failure names the
// file. `fetch` is passed in.

import { UserError } from "@/lib/errors";

export class DownloadError extends UserError {
  override readonly name = "DownloadError";
}

export type ByteProgress = (file: string, loadedBytes: number, totalBytes: number) => void;

/** Reads files of one checkpoint. */
export interface CheckpointFolder {
  /** Parsed JSON; undefined when the file does not exist and is optional. */
  json(name: string): Promise<unknown>;
  optionalJson(name: string): Promise<unknown>;
  optionalText(name: string): Promise<string | undefined>;
  bytes(name: string, onProgress?: ByteProgress): Promise<Uint8Array<ArrayBuffer>>;
}

/** A folder at `url` (ends in "/"). */
export function urlFolder(url: string, fetchFile: typeof fetch): CheckpointFolder {
  async function open(name: string): Promise<Response> {
    let response: Response;
    try {
      response = await fetchFile(new URL(name, url));
    } catch (cause) {
      throw new DownloadError(
        `The model file ${name} could not be loaded`,
        "the network did not answer",
        "Check the connection and try again",
        { cause },
      );
    }
    return response;
  }
  const missing = (name: string, response: Response) =>
    new DownloadError(
      `The model file ${name} could not be loaded`,
      `the server answered ${response.status}`,
      "Check the model's address",
    );
  // A dev server answers unknown paths with its index page.
  const exists = (response: Response) => response.ok && !response.headers.get("content-type")?.startsWith("text/html");

  function parse(name: string, text: string): unknown {
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new DownloadError(`The model file ${name} is damaged`, "it is not valid JSON", "Load the model again", { cause });
    }
  }
  async function optionalText(name: string): Promise<string | undefined> {
    const response = await open(name);
    return exists(response) ? response.text() : undefined;
  }
  return {
    optionalText,
    async json(name) {
      const response = await open(name);
      if (!exists(response)) throw missing(name, response);
      return parse(name, await response.text());
    },
    async optionalJson(name) {
      const text = await optionalText(name);
      return text === undefined ? undefined : parse(name, text);
    },
    async bytes(name, onProgress) {
      const response = await open(name);
      if (!exists(response) || !response.body) throw missing(name, response);
      const total = Number(response.headers.get("content-length") ?? 0);
      const chunks: Uint8Array[] = [];
      let loaded = 0;
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        chunks.push(value);
        loaded += value.length;
        onProgress?.(name, loaded, Math.max(total, loaded));
      }
      const bytes = new Uint8Array(loaded);
      let at = 0;
      for (const chunk of chunks) {
        bytes.set(chunk, at);
        at += chunk.length;
      }
      return bytes;
    },
  };
}
