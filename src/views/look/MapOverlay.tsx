// The occlusion map over the original in Input; the cell under the pointer tints the tokens. It takes no events itself: the region tool
// lies above it and tells where the pointer is.
import { type CSSProperties, useEffect, useMemo } from "react";
import { cellAt } from "@/image/occlusionGrid";
import { useLook } from "@/state/look/look";
import { useStore } from "@/state/store";
import { binVariables } from "@/ui/color/maps";
import styles from "./Look.module.css";
import { MapCells } from "./MapCells";
import { drawCells, mapTop } from "./mapGeometry";
import { useMap } from "./useMap";

const side = 134;

/** The map of the pinned tokens; `point` is the pointer's place in fractions of the picture. */
export function MapOverlay({ point, aspect }: { point: readonly [number, number] | null; aspect: number }) {
  const pinned = useStore((state) => state.pinned);
  const active = useLook((state) => state.cell);
  const shown = useMap(pinned);
  const under = shown && point ? (cellAt(shown.cells, shown.map.grid, point)?.key ?? null) : null;
  useEffect(() => {
    if (!under) return;
    useLook.getState().set({ cell: under });
    return () => useLook.getState().set({ cell: null });
  }, [under]);
  const height = side * aspect;
  const drawn = useMemo(
    () => (shown ? drawCells(shown.cells, shown.map.grid, { width: side, height, top: mapTop(shown.cells) }) : []),
    [shown, height],
  );
  if (!shown) return null;
  return (
    <svg
      className={styles.overlay}
      style={binVariables("cividis") as CSSProperties}
      viewBox={`0 0 ${side} ${height}`}
      aria-hidden
    >
      <MapCells cells={drawn} active={active} />
    </svg>
  );
}
