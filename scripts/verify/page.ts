// The browser's side of `npm run verify`: makes the device as the page does and runs the checks on a checkpoint that the
// script serves. The script calls `verifyServed` and receives lines through `reportLine`.

import { verifyCheckpoint } from "@/engine/verify/verifyCheckpoint";
import { httpFolder } from "@/fetching/httpFolder";
import { createGpu, type Gpu } from "@/gpu/device";
import { describeError } from "@/lib/errors";
import type { VerifyLine } from "@/lib/verifyLine";

/** What the script knows of a served checkpoint. */
export interface ServedCheckpoint {
  /** Path of its folder on the script's server, ends in "/". */
  readonly path: string;
  readonly cases: readonly string[];
  readonly hasUpdate: boolean;
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

window.verifyServed = async ({ path, cases, hasUpdate }) => {
  const folder = httpFolder(new URL(path, location.href).href);
  await verifyCheckpoint({ folder, cases, hasUpdate }, (line) => {
    gpu?.assertHealthy();
    // JSON has no infinity; the script puts it back.
    window.reportLine(line).catch(() => undefined);
  });
  gpu?.assertHealthy();
};
