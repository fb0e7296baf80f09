// The few file operations that the weight cache needs, and their form in the browser: the origin private file system (OPFS),
// read and written through synchronous access handles, which exist in dedicated workers only. `nodeCacheFiles.ts` is the same on
// a disk, for tests and scripts. What the files mean is weightCache.ts' business.

import { UserError } from "@/lib/errors";

/** The file or folder is held open elsewhere, as a rule by a second tab with the same model. */
export class CacheBusyError extends UserError {
  override readonly name = "CacheBusyError";

  constructor(name: string, options?: ErrorOptions) {
    super(
      `The cached copy ${name} cannot be used here`,
      "another tab of this page has it open",
      "Close the other tab, or go on without the cache",
      options,
    );
  }
}

/** A file held open by one holder at a time; all calls are synchronous. */
export interface CacheFile {
  size(): number;
  /** Fills `into` from byte `at`; returns how many bytes there were. */
  read(into: Uint8Array, at: number): number;
  /** Writes all of `bytes` at `at`, or throws (quota, broken disk); part of it may be there then. */
  write(bytes: Uint8Array, at: number): void;
  truncate(size: number): void;
  /** Returns when what was written survives a crash. */
  flush(): void;
  close(): void;
}

/** A folder of the cache. Names are single path segments. */
export interface CacheDirectory {
  /** The folder `name` inside; undefined when it does not exist and is not to be made. */
  folder(name: string, make: boolean): Promise<CacheDirectory | undefined>;
  /** Names of the folders inside. */
  folders(): Promise<string[]>;
  /** Opens or makes a file; rejects with CacheBusyError while somebody else has it. */
  open(name: string): Promise<CacheFile>;
  /** The bytes [begin, end) of a file, all of it without them, read beside whoever has it open; undefined when it does not exist. */
  peek(name: string, begin?: number, end?: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Bytes of a file; 0 when it does not exist. */
  sizeOf(name: string): Promise<number>;
  /** Deletes a folder with all that is in it; rejects with CacheBusyError while a file of it is open. */
  remove(name: string): Promise<void>;
}

/** Where the cache lies, or why there is none. */
export type CacheStorage = { readonly directory: CacheDirectory } | { readonly unavailable: string };

// Only the worker library of TypeScript knows these, and the project compiles against the page's.
interface SyncAccessHandle {
  getSize(): number;
  read(into: Uint8Array, options: { at: number }): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}
type WorkerFileHandle = FileSystemFileHandle & { createSyncAccessHandle?: () => Promise<SyncAccessHandle> };

// Pages of one origin share its file system (all projects of a github.io user do).
const rootName = "vppo-playground";

const named = (error: unknown, ...names: string[]) => error instanceof DOMException && names.includes(error.name);
const busy = (error: unknown) => named(error, "NoModificationAllowedError", "InvalidStateError");

async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (named(error, "NotFoundError")) return undefined;
    throw error;
  }
}

/** A file behind an access handle: short writes become errors. */
function opfsFile(name: string, handle: SyncAccessHandle): CacheFile {
  return {
    size: () => handle.getSize(),
    read: (into, at) => handle.read(into, { at }),
    write(bytes, at) {
      const written = handle.write(bytes, { at });
      if (written < bytes.length) {
        throw new DOMException(`${name}: ${written} of ${bytes.length} bytes written`, "QuotaExceededError");
      }
    },
    truncate: (size) => handle.truncate(size),
    flush: () => handle.flush(),
    close: () => handle.close(),
  };
}

/** A folder of the origin private file system; `open` works in a dedicated worker only. */
export function opfsDirectory(handle: FileSystemDirectoryHandle): CacheDirectory {
  const file = (name: string) => orUndefined(handle.getFileHandle(name).then((found) => found.getFile()));
  return {
    async folder(name, make) {
      const found = await orUndefined(handle.getDirectoryHandle(name, { create: make }));
      return found && opfsDirectory(found);
    },
    async folders() {
      const names: string[] = [];
      for await (const [name, entry] of handle.entries()) if (entry.kind === "directory") names.push(name);
      return names.sort();
    },
    async open(name) {
      const found: WorkerFileHandle = await handle.getFileHandle(name, { create: true });
      if (!found.createSyncAccessHandle) throw new TypeError("The weight cache opens in a dedicated worker only");
      try {
        return opfsFile(name, await found.createSyncAccessHandle());
      } catch (error) {
        throw busy(error) ? new CacheBusyError(name, { cause: error }) : error;
      }
    },
    async peek(name, begin, end) {
      const found = await file(name);
      return found && new Uint8Array(await found.slice(begin, end).arrayBuffer());
    },
    sizeOf: async (name) => (await file(name))?.size ?? 0,
    async remove(name) {
      try {
        await orUndefined(handle.removeEntry(name, { recursive: true }));
      } catch (error) {
        throw busy(error) ? new CacheBusyError(name, { cause: error }) : error;
      }
    },
  };
}

/** This origin's cache folder, or why the browser offers none; never rejects. Pass `navigator.storage`. */
export async function openOpfs(storage: StorageManager | undefined): Promise<CacheStorage> {
  if (!storage?.getDirectory) {
    return {
      unavailable: globalThis.isSecureContext
        ? "this browser has no private file system"
        : "the page does not come over https or from localhost, so the browser keeps its file system closed",
    };
  }
  try {
    const origin = await storage.getDirectory();
    return { directory: opfsDirectory(await origin.getDirectoryHandle(rootName, { create: true })) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { unavailable: `the browser does not open its file system, as in a private window (${reason})` };
  }
}
