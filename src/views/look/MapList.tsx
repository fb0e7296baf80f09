// The picture with the cells of its map as one tab stop: arrows go from cell to cell, pointer and keys alike tint the tokens by the cell.
import { type KeyboardEvent, type PointerEvent, useEffect, useId, useMemo } from "react";
import { cellAt, neighbour } from "@/image/occlusionGrid";
import type { RgbImage } from "@/image/rgbImage";
import { useLook } from "@/state/look/look";
import { toRgba } from "@/ui/PixelImage";
import styles from "./Look.module.css";
import { cellId, MapCells } from "./MapCells";
import { drawCells } from "./mapGeometry";
import type { ShownMap } from "./useMap";

const width = 320;
const directions = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" } as const;

/** Picture and cells; `top` is the end of the colour scale. */
export function MapList({ image, shown, top }: { image: RgbImage; shown: ShownMap; top: number }) {
  const id = useId();
  const active = useLook((state) => state.cell);
  const setCell = (cell: string | null) => useLook.getState().set({ cell });
  // What is no longer drawn tints nothing.
  useEffect(() => () => useLook.getState().set({ cell: null }), []);
  const { map, cells } = shown;
  const height = Math.round((width * image.height) / image.width);
  const address = useMemo(() => addressOf(image), [image]);
  const drawn = useMemo(() => drawCells(cells, map.grid, { width, height, top }), [cells, map, height, top]);
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const point = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height] as const;
    setCell(cellAt(cells, map.grid, point)?.key ?? null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const direction = Object.entries(directions).find(([key]) => key === event.key)?.[1];
    if (event.key === "Escape" && active) {
      event.preventDefault();
      setCell(null);
    }
    if (!direction) return;
    event.preventDefault();
    event.stopPropagation();
    const from = cells.find(({ key }) => key === active);
    const next = from ? neighbour(cells, from.cell, direction) : cells[0];
    if (next) setCell(next.key);
  };
  const isActive = cells.some(({ key }) => key === active);
  return (
    <div
      className={styles.mapBox}
      role="listbox"
      aria-label="Cells of the occlusion map"
      tabIndex={0}
      aria-activedescendant={isActive && active ? cellId(id, active) : undefined}
      onPointerMove={onPointerMove}
      onPointerLeave={() => setCell(null)}
      onKeyDown={onKeyDown}
      onBlur={() => setCell(null)}
    >
      <svg className={styles.map} viewBox={`0 0 ${width} ${height}`} role="presentation">
        <image className={styles.picture} href={address} width={width} height={height} preserveAspectRatio="none" />
        <MapCells cells={drawn} active={active} list={id} />
      </svg>
    </div>
  );
}

/** The picture as a data address, so that an exported figure has it inside. */
function addressOf(image: RgbImage): string {
  const canvas = document.createElement("canvas");
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d")?.putImageData(new ImageData(toRgba(image), image.width, image.height), 0, 0);
  return canvas.toDataURL();
}
