// Whether a cached model is the one a source names. The cache keeps the name under which a model was loaded. Pure.
import type { CachedModel, ModelSource } from "@/protocol/model";
import { sourceName } from "@/state/modelChoice";

/** True when the cached model was loaded from such a source, whatever its revision and number formats. */
export function isCachedAs({ name }: Pick<CachedModel, "name">, source: ModelSource): boolean {
  if (source.kind === "hub") return name === source.repo || name.startsWith(`${source.repo}@`);
  return name === sourceName(source) || (source.kind === "url" && name === source.url);
}
