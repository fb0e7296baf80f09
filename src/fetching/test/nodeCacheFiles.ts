// The cache's file operations on a disk, in Node: what tests and scripts use in place of the browser's file system. "Open
// elsewhere" is known within one process only.

import * as fs from "node:fs";
import { join } from "node:path";
import { CacheBusyError, type CacheDirectory, type CacheFile } from "../cacheFiles";

const openPaths = new Set<string>();

function nodeFile(path: string): CacheFile {
  const descriptor = fs.openSync(path, fs.existsSync(path) ? "r+" : "w+");
  openPaths.add(path);
  return {
    size: () => fs.fstatSync(descriptor).size,
    read: (into, at) => fs.readSync(descriptor, into, 0, into.length, at),
    write(bytes, at) {
      const written = fs.writeSync(descriptor, bytes, 0, bytes.length, at);
      if (written < bytes.length) throw new Error(`${path}: ${written} of ${bytes.length} bytes written`);
    },
    truncate: (size) => fs.ftruncateSync(descriptor, size),
    flush: () => fs.fsyncSync(descriptor),
    close() {
      if (!openPaths.delete(path)) return;
      fs.closeSync(descriptor);
    },
  };
}

/** The folder `path` of the disk; made when it is missing. */
export function nodeDirectory(path: string): CacheDirectory {
  fs.mkdirSync(path, { recursive: true });
  return {
    async folder(name, make) {
      const inside = join(path, name);
      return make || fs.existsSync(inside) ? nodeDirectory(inside) : undefined;
    },
    async folders() {
      const entries = fs.readdirSync(path, { withFileTypes: true });
      return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
    },
    async open(name) {
      const file = join(path, name);
      if (openPaths.has(file)) throw new CacheBusyError(name);
      return nodeFile(file);
    },
    async peek(name, begin, end) {
      const file = join(path, name);
      return fs.existsSync(file) ? new Uint8Array(fs.readFileSync(file)).slice(begin, end) : undefined;
    },
    async sizeOf(name) {
      const file = join(path, name);
      return fs.existsSync(file) ? fs.statSync(file).size : 0;
    },
    async remove(name) {
      const folder = join(path, name);
      if ([...openPaths].some((open) => open.startsWith(`${folder}/`))) throw new CacheBusyError(name);
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
