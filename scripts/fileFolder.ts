// A checkpoint folder on disk, for scripts that run the engine in Node.

import { existsSync, readFileSync, statSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { CheckpointFolder } from "@/fetching/folder";
import type { ByteSource } from "@/formats/byteSource";

/** Reads the files of `path`. */
export function fileFolder(path: string): CheckpointFolder {
  const text = (name: string) => readFileSync(join(path, name), "utf8");
  const optional = (name: string) => (existsSync(join(path, name)) ? text(name) : undefined);
  return {
    json: async (name) => JSON.parse(text(name)) as unknown,
    optionalJson: async (name) => {
      const found = optional(name);
      return found === undefined ? undefined : (JSON.parse(found) as unknown);
    },
    optionalText: async (name) => optional(name),
    bytes: async (name) => new Uint8Array(readFileSync(join(path, name))),
    open: async (name) => fileSource(path, name),
    list: () => readdir(path, { recursive: true }),
    revision: () => undefined,
  };
}

/** A file on disk, opened for each read: nothing to close. */
function fileSource(path: string, name: string): ByteSource {
  const file = join(path, name);
  return {
    name,
    size: statSync(file).size,
    async read(begin, end) {
      const bytes = new Uint8Array(end - begin);
      const handle = await open(file);
      try {
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, begin);
        if (bytesRead !== bytes.length) throw new RangeError(`${file} ends before byte ${end}`);
      } finally {
        await handle.close();
      }
      return bytes;
    },
  };
}
