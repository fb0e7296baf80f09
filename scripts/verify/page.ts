// The browser's side of `npm run verify`: makes the device as the page does and runs the checks on a checkpoint that the
// script serves. The script calls `verifyServed` and receives lines through `reportLine`.

import type { GoldenCheckpoint } from "@/engine/verify/goldenFiles";
import { fromGguf, shardedFolder } from "@/engine/verify/otherFiles";
import { verifyCheckpoint } from "@/engine/verify/verifyCheckpoint";
import { httpFolder } from "@/fetching/httpFolder";
import { createGpu, type Gpu } from "@/gpu/device";
import { describeError } from "@/lib/errors";
import type { VerifyLine } from "@/lib/verifyLine";
import type { GgufFiles } from "@/protocol/model";

/** What the script knows of a served checkpoint. */
export interface ServedCheckpoint {
  /** Path of its folder on the script's server, ends in "/". */
  readonly path: string;
  readonly cases: readonly string[];
  readonly hasUpdate: boolean;
  /** Files over which the weights are spread before they are read. */
  readonly shards?: number | undefined;
  /** Path of a folder like `path`, and the pair in it that weights and small files come from. */
  readonly gguf?: { readonly path: string; readonly files: GgufFiles } | undefined;
}

declare global {
  interface Window {
    reportLine(line: VerifyLine): Promise<void>;
    /** Resolves to the adapter's name, or rejects with the reason there is none. */
    startDevice(): Promise<string>;
    verifyServed(checkpoint: ServedCheckpoint): Promise<void>;
  }
}

let gpu: Gpu | undefined;

window.startDevice = async () => {
  try {
    gpu = await createGpu();
  } catch (error) {
    throw new Error(describeError(error).message);
  }
  const { vendor, architecture, description } = gpu.adapter;
  return description || [vendor, architecture].filter(Boolean).join(" ") || "unnamed adapter";
};

async function goldenOf({ path, cases, hasUpdate, shards, gguf }: ServedCheckpoint): Promise<GoldenCheckpoint> {
  const at = (served: string) => httpFolder(new URL(served, location.href).href);
  const folder = at(path);
  const golden = { folder: shards ? await shardedFolder(folder, shards) : folder, cases, hasUpdate };
  return gguf ? fromGguf(golden, at(gguf.path), gguf.files) : golden;
}

window.verifyServed = async (checkpoint) => {
  await verifyCheckpoint(await goldenOf(checkpoint), (line) => {
    gpu?.assertHealthy();
    // JSON has no infinity; the script puts it back.
    window.reportLine(line).catch(() => undefined);
  });
  gpu?.assertHealthy();
};
