// Cells of an occlusion map → rectangles with a bin of colour and an opacity, in a drawing of given size. Pure; React owns the nodes.

import { cellRegion, type PatchGrid } from "@/image/occlusionGrid";
import type { MapCell } from "@/state/look/occlusionMap";
import { binOf, niceAbove } from "@/ui/color/binning";
import { formatNumber } from "@/ui/formatNumber";

/** A cell as it is drawn. */
export interface DrawnCell {
  readonly key: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** 0 to 15. */
  readonly bin: number;
  /** Weak cells let the picture through. */
  readonly opacity: number;
  /** It has a colour that could be read, but may be noise. */
  readonly isHatched: boolean;
  /** "row 3, column 5: 1.92 ± 0.30 nats". */
  readonly label: string;
}

/** Below this share of the scale a cell has next to no colour, and no sign that the colour may be noise. */
const faintShare = 0.04;

/** Top of the colour scale, in nats per patch: a round number above the strongest cell. */
export function mapTop(cells: readonly MapCell[]): number {
  return niceAbove(cells.reduce((most, { density }) => Math.max(most, density), 1e-3));
}

/** Rectangles of the cells in a drawing of so many pixels. */
export function drawCells(
  cells: readonly MapCell[],
  grid: PatchGrid,
  { width, height, top }: { readonly width: number; readonly height: number; readonly top: number },
): readonly DrawnCell[] {
  const domain = { max: top, signed: false, sorted: new Float32Array() };
  return cells.map((one) => {
    const [x0, y0, x1, y1] = cellRegion(one.cell, grid);
    const share = Math.min(1, Math.max(0, one.density / top));
    return {
      key: one.key,
      x: round(x0 * width),
      y: round(y0 * height),
      width: round((x1 - x0) * width),
      height: round((y1 - y0) * height),
      bin: binOf(one.density, domain, "linear"),
      opacity: round(0.1 + 0.72 * Math.sqrt(share)),
      isHatched: one.isNoise && share >= faintShare,
      label: cellText(one),
    };
  });
}

/** A cell in words, with its numbers. */
export function cellText({ cell, patches, spread, isNoise }: MapCell): string {
  const place = `${rangeText("row", cell.row, cell.rows)}, ${rangeText("column", cell.column, cell.columns)}`;
  return `${place}: ${spreadText(spread)} nats${isNoise ? ", not distinguishable from noise" : ""}${patches > 1 ? `, ${patches} patches` : ""}`;
}

/** "1.92 ± 0.3", or the value alone where the spread is not known. */
export function spreadText({ mean, sd }: { readonly mean: number; readonly sd: number }): string {
  return Number.isNaN(sd) ? formatNumber(mean) : `${formatNumber(mean)} ± ${formatNumber(sd)}`;
}

function rangeText(name: string, start: number, length: number): string {
  return length === 1 ? `${name} ${start + 1}` : `${name}s ${start + 1}–${start + length}`;
}

function round(value: number): number {
  return Number(value.toFixed(2));
}
