// The weight cache on the browser's own file system, inside a dedicated worker, for weightCache.view.test.tsx.

import { expose } from "comlink";
import { type CacheDirectory, type CacheFile, openOpfs } from "../cacheFiles";
import { cacheReport, deleteCached } from "../cacheList";
import { openWeightCache, type WeightCache } from "../weightCache";

const precision = { text: "int4", vision: "f16", head: "int8", groupSize: 32 } as const;
const problems: string[] = [];
let held: WeightCache | undefined;

async function root(): Promise<CacheDirectory> {
  const storage = await openOpfs(navigator.storage);
  if ("unavailable" in storage) throw new Error(storage.unavailable);
  return storage.directory;
}

/** Files of weights end at `limit` bytes, as when the quota is reached. */
function limited(directory: CacheDirectory, limit: number): CacheDirectory {
  const wrap = (file: CacheFile): CacheFile => ({
    ...file,
    write(bytes, at) {
      file.write(bytes.subarray(0, Math.max(0, limit - at)), at);
      if (at + bytes.length > limit) throw new DOMException("full", "QuotaExceededError");
    },
  });
  return {
    ...directory,
    async folder(name, make) {
      const inside = await directory.folder(name, make);
      return inside && limited(inside, limit);
    },
    open: async (name) => (name === "weights.bin" ? wrap(await directory.open(name)) : directory.open(name)),
  };
}

const current = () => {
  if (!held) throw new Error("No cache is open");
  return held;
};

const worker = {
  async open(id: string, limit?: number) {
    const directory = await root();
    held = await openWeightCache(
      limit === undefined ? directory : limited(directory, limit),
      id,
      { name: id, precision },
      {
        now: () => Date.now(),
        onProblem: (text) => problems.push(text),
      },
    );
  },
  has: (key: string) => current().has(key),
  write: (key: string, bytes: Uint8Array<ArrayBuffer>) => current().write(key, bytes),
  read: (key: string) => current().read(key),
  putFile: (name: string, bytes: Uint8Array<ArrayBuffer> | null) => current().putFile(name, bytes),
  getFile: (name: string) => current().getFile(name),
  markComplete: (total: number) => current().markComplete(total),
  state: () => ({ complete: current().complete, bytes: current().bytes, weightBytes: current().weightBytes }),
  close: () => held?.close(),
  problems: () => problems.splice(0),
  /** Flips a bit of weights.bin behind the cache's back. */
  async corrupt(id: string, at: number) {
    const folder = await (await (await root()).folder("models", false))?.folder(id, false);
    const file = await folder?.open("weights.bin");
    const byte = new Uint8Array(1);
    file?.read(byte, at);
    file?.write(new Uint8Array([(byte[0] as number) ^ 1]), at);
    file?.close();
  },
  report: async () => cacheReport(await openOpfs(navigator.storage), await navigator.storage.estimate()),
  remove: async (id: string) => deleteCached(await root(), id),
};
export type CacheWorker = typeof worker;

expose(worker);
