// What the cache holds: names for models, the list with sizes that the page shows, and deleting. Reads journals beside whoever has
// them open; the weights themselves are weightCache.ts' business.

import { fnv64 } from "@/lib/fnv64";
import type { CachedModel, CacheReport, PrecisionChoice } from "@/protocol/model";
import { CacheBusyError, type CacheDirectory, type CacheStorage } from "./cacheFiles";
import { absentKey, fileKey, isComplete, journalName, readJournal, weightKey, weightsName } from "./cacheJournal";
import { sha256 } from "./sha256";

/**
 * Folder name of a model in the cache: readable, and different for every source, revision and precision.
 * @param source Address of the files: repository, URL (with the GGUF files' names if any) or `localFolder`'s name.
 */
export function cacheId(source: string, revision: string | undefined, precision: PrecisionChoice): string {
  const { text, vision, head, groupSize } = precision;
  const tail = source.replace(/\/+$/, "").split("/").slice(-2).join("-");
  const slug = tail
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
  return `${slug || "model"}-${fnv64(JSON.stringify([source, revision ?? "", text, vision, head, groupSize]))}`;
}

async function cachedModel(models: CacheDirectory, id: string): Promise<{ bytes: number; model?: CachedModel }> {
  const folder = await models.folder(id, false);
  if (!folder) return { bytes: 0 };
  const [weightBytes, text] = await Promise.all([folder.sizeOf(weightsName), folder.peek(journalName)]);
  const bytes = weightBytes + (text?.length ?? 0);
  const { meta, lastUsed, chunks, total } = readJournal(text ?? new Uint8Array(0), weightBytes);
  // Without a readable first line nothing of it can be used; "delete all" and the next loading of the same model clear it.
  if (!meta) return { bytes };
  const { name, precision } = meta;
  return { bytes, model: { id, name, precision, bytes, complete: isComplete(chunks, total), lastUsed } };
}

/** The cached models, last used first, and the room; `estimate` is what `navigator.storage.estimate()` said. */
export async function cacheReport(storage: CacheStorage, estimate: StorageEstimate = {}): Promise<CacheReport> {
  const quota = estimate.quota === undefined ? {} : { quotaBytes: estimate.quota };
  if ("unavailable" in storage) return { models: [], usedBytes: 0, unavailable: storage.unavailable };
  const models = await storage.directory.folder("models", false);
  const entries = models ? await Promise.all((await models.folders()).map((id) => cachedModel(models, id))) : [];
  return {
    models: entries.flatMap(({ model }) => (model ? [model] : [])).sort((a, b) => b.lastUsed - a.lastUsed),
    usedBytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
    ...quota,
  };
}

/** A small file of a cached model: null when the checkpoint has none of this name, undefined when it is unknown or damaged. */
export type CachedFile = (name: string) => Promise<Uint8Array<ArrayBuffer> | null | undefined>;

/** Says which weight chunks of a model are cached, beside whoever has it open. */
export async function cachedChunks(directory: CacheDirectory, id: string): Promise<(key: string) => boolean> {
  const folder = await (await directory.folder("models", false))?.folder(id, false);
  const text = await folder?.peek(journalName);
  if (!folder || !text) return () => false;
  const { chunks } = readJournal(text, await folder.sizeOf(weightsName));
  return (key) => chunks.has(weightKey(key));
}

/** The small files of a model that is cached whole, beside whoever has it open; undefined while part of it is missing. */
export async function cachedFiles(directory: CacheDirectory, id: string): Promise<CachedFile | undefined> {
  const folder = await (await directory.folder("models", false))?.folder(id, false);
  const text = await folder?.peek(journalName);
  if (!folder || !text) return undefined;
  const { meta, chunks, total } = readJournal(text, await folder.sizeOf(weightsName));
  if (!meta || !isComplete(chunks, total)) return undefined;
  return async (name) => {
    if (chunks.has(absentKey(name))) return null;
    const record = chunks.get(fileKey(name));
    const bytes = record && (await folder.peek(weightsName, record.offset, record.offset + record.bytes));
    return bytes && (await sha256(bytes)) === record.sha256 ? bytes : undefined;
  };
}

/**
 * Deletes one cached model, or all; those that do not exist count as deleted.
 * @throws {CacheBusyError} when one is open here or in another tab; the others are deleted all the same.
 */
export async function deleteCached(directory: CacheDirectory, id: string): Promise<void> {
  const models = await directory.folder("models", false);
  if (!models) return;
  const busy: string[] = [];
  for (const name of id === "all" ? await models.folders() : [id]) {
    try {
      await models.remove(name);
    } catch (error) {
      if (!(error instanceof CacheBusyError)) throw error;
      busy.push(name);
    }
  }
  if (busy.length > 0) throw new CacheBusyError(busy.join(", "));
}
