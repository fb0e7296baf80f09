// The map of the pinned tokens as views take it.
import { useMemo } from "react";
import { useLook } from "@/state/look/look";
import { type MapCell, type OcclusionMap, occlusionMap } from "@/state/look/occlusionMap";
import type { TokenSpan } from "@/state/selection";

export interface ShownMap {
  readonly map: OcclusionMap;
  readonly cells: readonly MapCell[];
}

/** Map and cells of a span of the shown answer; null while nothing of it is measured. */
export function useMap(span: TokenSpan | null): ShownMap | null {
  const version = useLook((state) => state.version);
  const map = span && occlusionMap(span.rollout);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the map fills up in place; its version says when
  return useMemo(() => {
    if (!map || !span) return null;
    const cells = map.leaves(span);
    return cells.length > 0 ? { map, cells } : null;
  }, [map, span, version]);
}
