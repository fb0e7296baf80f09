// From a checkpoint folder to a session, for everything that is no page: scripts, verification, tests. The page's service does
// the same with a memory plan, a cache and progress (modelLoader.ts).

import type { CheckpointFolder } from "@/fetching/folder";
import type { Precision } from "@/models/weights";
import type { GgufFiles } from "@/protocol/model";
import { Session } from "../session";
import { type Checkpoint, checkpointFiles, openCheckpoint } from "./checkpoint";
import { countParameters, listWeights } from "./listing";
import { type LoadOptions, loadWeights, weightBytes } from "./loadWeights";

/** One format for all matrices, groups of 32. */
export function uniformPrecision(format: Precision["text"]): Precision {
  return { text: format, vision: format, head: format, groupSize: 32 };
}

/** Loads a checkpoint onto the current backend. */
export async function openSession(
  folder: CheckpointFolder,
  name: string,
  options: LoadOptions & { readonly gguf?: GgufFiles | undefined },
): Promise<Session> {
  return loadSession(await openCheckpoint(checkpointFiles(folder, options.gguf)), name, options);
}

/** Loads the weights of an opened checkpoint. */
export async function loadSession(checkpoint: Checkpoint, name: string, options: LoadOptions): Promise<Session> {
  const { family, config, tokenizer, chatTemplate, openWeights } = checkpoint;
  const requests = listWeights(family, config);
  const loaded = await loadWeights(family, config, openWeights, options);
  const { precision } = options;
  return new Session({
    name,
    family: family.name,
    loaded,
    tokenizer,
    chatTemplate,
    precision,
    parameters: countParameters(requests),
    sizeBytes: weightBytes(requests, precision),
    requests,
  });
}
