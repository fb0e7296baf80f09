// A checkpoint's small files from the weight cache, and from the folder behind it only where the cache does not know them: with a
// whole cached model the folder is never asked. Weight files are passed on; their quantised chunks are the loader's to cache.

import { type CheckpointFolder, parseJsonFile } from "./folder";
import type { WeightCache } from "./weightCache";

/**
 * `cache` in front of a folder. `connect` makes the folder, at most once, when a file is not cached; `revision` is the one that
 * the cache was opened for.
 */
export function cachedFolder(cache: WeightCache, connect: () => CheckpointFolder, revision?: string): CheckpointFolder {
  let connected: CheckpointFolder | undefined;
  const folder = () => {
    connected ??= connect();
    return connected;
  };
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

  /** Only what `check` accepts is kept: a server's error page must not outlive the visit. */
  async function bytes(name: string, check: (bytes: Uint8Array) => void): Promise<Uint8Array<ArrayBuffer>> {
    const known = await cache.getFile(name);
    if (known) return known;
    const fetched = await folder().bytes(name);
    check(fetched);
    await cache.putFile(name, fetched);
    return fetched;
  }
  async function optionalText(name: string, check: (text: string) => void): Promise<string | undefined> {
    const known = await cache.getFile(name);
    if (known !== undefined) return known ? decode(known) : undefined;
    const text = await folder().optionalText(name);
    if (text !== undefined) check(text);
    await cache.putFile(name, text === undefined ? null : new TextEncoder().encode(text));
    return text;
  }
  const anything = () => {};
  return {
    bytes: (name) => bytes(name, anything),
    async json(name) {
      return parseJsonFile(name, decode(await bytes(name, (found) => parseJsonFile(name, decode(found)))));
    },
    async optionalJson(name) {
      const text = await optionalText(name, (found) => parseJsonFile(name, found));
      return text === undefined ? undefined : parseJsonFile(name, text);
    },
    optionalText: (name) => optionalText(name, anything),
    open: (name) => folder().open(name),
    revision: () => connected?.revision() ?? revision,
  };
}
