// A checkpoint folder on disk, for scripts that run the engine in Node.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CheckpointFolder } from "@/fetching/folder";

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
  };
}
