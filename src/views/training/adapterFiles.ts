// The trained adapter as files of the PEFT layout: two files out (adapter_config.json, adapter_model.safetensors), the same two
// in. Checking their content is the engine's task; here only the right files are found.

import { UserError } from "@/lib/errors";
import type { AdapterFiles } from "@/protocol/engine";

export const configName = "adapter_config.json";
export const weightsName = "adapter_model.safetensors";

/** The chosen files are not an adapter. */
export class AdapterFilesError extends UserError {
  override readonly name = "AdapterFilesError";

  constructor(missing: string) {
    super(
      "The adapter was not loaded",
      `${missing} is not among the chosen files`,
      `Choose ${configName} and ${weightsName} together`,
    );
  }
}

/** Reads the two files of an adapter from a file choice; throws AdapterFilesError when one is missing. */
export async function readAdapterFiles(files: readonly File[]): Promise<AdapterFiles> {
  const config = files.find((file) => file.name === configName) ?? files.find((file) => file.name.endsWith(".json"));
  const weights = files.find((file) => file.name === weightsName) ?? files.find((file) => file.name.endsWith(".safetensors"));
  if (!config) throw new AdapterFilesError(configName);
  if (!weights) throw new AdapterFilesError(weightsName);
  return { config: await config.text(), weights: new Uint8Array(await weights.arrayBuffer()) };
}

/** The two files to save. */
export function adapterBlobs(files: AdapterFiles): readonly { readonly name: string; readonly blob: Blob }[] {
  return [
    { name: configName, blob: new Blob([files.config], { type: "application/json" }) },
    // A copy, because the type of a blob part excludes shared memory.
    { name: weightsName, blob: new Blob([new Uint8Array(files.weights)], { type: "application/octet-stream" }) },
  ];
}
