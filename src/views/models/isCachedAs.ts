// Whether a cached model is the one a source names. The cache keeps the name under which a model was loaded. Pure.
import type { CachedModel, ModelSource } from "@/protocol/model";
import { sourceName } from "@/state/models/modelChoice";

/** True when the cached model was loaded from such a source, whatever its revision and number formats. */
export function isCachedAs({ name }: Pick<CachedModel, "name">, source: ModelSource): boolean {
  return name === (source.kind === "hub" ? source.repo : sourceName(source));
}
