// The disk cache as one load uses it: opened or done without, bound to one state of the model on its server, and holding the small
// files too, so that a second load needs no network. Pieces of two states of a model never meet: what says otherwise is a
// ModelChangedError, and the loader starts afresh.

import { CacheBusyError, type CacheStorage } from "@/fetching/cacheFiles";
import type { CheckpointFolder } from "@/fetching/folder";
import { ModelChangedError } from "@/fetching/httpClient";
import { CacheClosedError, openWeightCache, type WeightCache } from "@/fetching/weightCache";
import type { ByteSource } from "@/formats/byteSource";
import type { PrecisionChoice } from "@/protocol/model";
import type { CheckpointFiles } from "./checkpoint";

const revisionFile = "revision";
const versionFile = (name: string) => `version of ${name}`;

/** Opens a model's cache; undefined, with a notice, where there is none. */
export async function openLoadCache(
  storage: CacheStorage,
  id: string,
  meta: { readonly name: string; readonly precision: PrecisionChoice },
  context: { readonly now: () => number; readonly notice: (text: string) => void },
): Promise<WeightCache | undefined> {
  const { now, notice } = context;
  if ("unavailable" in storage) {
    notice(`Nothing is kept on disk: ${storage.unavailable}. The model is loaded into memory only.`);
    return undefined;
  }
  try {
    return await openWeightCache(storage.directory, id, meta, { now, onProblem: notice });
  } catch (error) {
    if (error instanceof CacheBusyError) {
      notice("Another tab uses the cached copy of this model; this one loads it into memory without the cache.");
    } else if (error instanceof CacheClosedError) notice(error.message);
    else throw error;
    return undefined;
  }
}

/**
 * The revision whose weights are cached; undefined when none are, or their server names no revisions.
 * @throws ModelChangedError when there are weights of which it is no longer known what they belong to.
 */
export async function cachedRevision(cache: WeightCache): Promise<string | undefined> {
  if (cache.weightBytes === 0) return undefined;
  const bytes = await cache.getFile(revisionFile);
  if (bytes === undefined) throw new ModelChangedError(revisionFile);
  return bytes === null ? undefined : new TextDecoder().decode(bytes);
}

/** Keeps the small files that a load read, and the revision they belong to. */
export async function keepSmallFiles(
  texts: ReadonlyMap<string, string | undefined>,
  revision: string | undefined,
  cache: WeightCache,
): Promise<void> {
  for (const [name, text] of [...texts, [revisionFile, revision] as const]) await keepText(cache, name, text);
}

/** The small files of a complete cache, and those of the server where one of them is damaged. */
export function cachedFirst({ smallFile, openWeights }: CheckpointFiles, cache: WeightCache): CheckpointFiles {
  return {
    openWeights,
    async smallFile(name) {
      const bytes = await cache.getFile(name);
      if (bytes) return new TextDecoder().decode(bytes);
      if (bytes === null) return undefined;
      const text = await smallFile(name);
      await keepText(cache, name, text);
      return text;
    },
  };
}

/** A folder whose weight files tell how long their reads took, and are those that the cached pieces were made of. */
export function watchedFolder(
  folder: CheckpointFolder,
  cache: WeightCache | undefined,
  onRead: (ms: number) => void,
): CheckpointFolder {
  return {
    ...folder,
    async open(name): Promise<ByteSource> {
      const started = performance.now();
      const file = await folder.open(name);
      onRead(performance.now() - started);
      if (cache) await checkVersion(file, cache);
      return {
        name: file.name,
        size: file.size,
        async read(begin, end, into) {
          const started = performance.now();
          try {
            return await file.read(begin, end, into);
          } finally {
            onRead(performance.now() - started);
          }
        },
      };
    },
  };
}

/** Servers that name no revisions have at least a tag for every file. */
async function checkVersion({ name, version }: ByteSource, cache: WeightCache): Promise<void> {
  if (version === undefined) return;
  const known = await cache.getFile(versionFile(name));
  const isSame = known ? new TextDecoder().decode(known) === version : cache.weightBytes === 0;
  if (!isSame) throw new ModelChangedError(name);
  if (!known) await keepText(cache, versionFile(name), version);
}

function keepText(cache: WeightCache, name: string, text: string | undefined): Promise<boolean> {
  return cache.putFile(name, text === undefined ? null : new TextEncoder().encode(text));
}
