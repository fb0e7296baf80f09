// Folders from outside: picked or dropped files become the chosen model; what is wrong with them stands beside the button.
import { useCallback, useState } from "react";
import { type ChosenFiles, sourceOfFiles } from "@/client/localFiles";
import { ggufChoices } from "@/lib/ggufFiles";
import type { ModelSource } from "@/protocol/model";
import { messageOf } from "@/state/session";
import { useStore } from "@/state/store";

export interface FolderInput {
  readonly take: (chosen: () => ChosenFiles | Promise<ChosenFiles>) => Promise<void>;
  /** Why the last folder could not be used; null when it could. */
  readonly error: string | null;
}

/** Takes folders and chooses them. */
export function useFolderInput(): FolderInput {
  const [error, setError] = useState<string | null>(null);
  const choose = useStore((state) => state.choose);
  const take = useCallback(
    async (chosen: () => ChosenFiles | Promise<ChosenFiles>) => {
      try {
        choose(firstSource(await chosen()));
        setError(null);
      } catch (cause) {
        setError(messageOf(cause));
      }
    },
    [choose],
  );
  return { take, error };
}

/** What to load: as `sourceOfFiles` says, but of several GGUF files the first, because the others can be chosen afterwards. */
function firstSource(chosen: ChosenFiles): ModelSource {
  const paths = chosen.files.map(({ path }) => path);
  const { models, projectors } = ggufChoices(paths);
  const [model] = models;
  const [projector] = projectors;
  const hasSafetensors = paths.some((path) => /\.safetensors$/i.test(path));
  if (hasSafetensors || model === undefined || projector === undefined) return sourceOfFiles(chosen);
  return { kind: "files", ...chosen, gguf: { model, projector } };
}
