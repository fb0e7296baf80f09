// A text node of the page as SVG text: one element per line, at the place and with the width that the browser gave it, so that other
// fonts change letters but not the layout.
import type { SvgNode } from "@/formats/markup";
import { fontOf } from "./chartSvg";
import { flatColour } from "./colourText";

interface Run {
  text: string;
  left: number;
  right: number;
  readonly top: number;
  readonly height: number;
}

let context: OffscreenCanvasRenderingContext2D | null = null;
const ascents = new Map<string, number>();

/** The lines of a text node; `style` is its parent's. */
export function textNodes(node: Text, style: CSSStyleDeclaration, origin: { readonly x: number; readonly y: number }): SvgNode[] {
  if (node.data.trim() === "") return [];
  const colour = flatColour(style.color);
  const ascent = ascentOf(style);
  return runsOf(node).flatMap(({ text, left, right, top, height }) => {
    const shown = style.textTransform === "uppercase" ? text.toUpperCase() : text;
    const trimmed = shown.replace(/\s+$/, "");
    if (trimmed === "") return [];
    const x = left - origin.x;
    const baseline = top + height * ascent - origin.y;
    const attributes = {
      x,
      y: baseline,
      ...fontOf(style),
      fill: colour.hex,
      "fill-opacity": colour.opacity < 1 ? colour.opacity : undefined,
      // White space at the end has a width on the page and none in the file.
      textLength: trimmed.length === shown.length && right - left > 1 ? right - left : undefined,
      lengthAdjust: trimmed.length === shown.length && right - left > 1 ? "spacingAndGlyphs" : undefined,
      "xml:space": "preserve",
    };
    const thickness = Number.parseFloat(style.textDecorationThickness) || 1;
    const isUnderlined = style.textDecorationLine.includes("underline") && thickness > 0.05;
    const line = isUnderlined
      ? [
          {
            tag: "rect",
            attributes: {
              x,
              y: baseline + 4,
              width: right - left,
              height: thickness,
              fill: flatColour(style.textDecorationColor).hex,
            },
          },
        ]
      : [];
    return [{ tag: "text", attributes, children: [trimmed] }, ...line];
  });
}

/** Pieces of the text that stand on one line each. */
function runsOf(node: Text): readonly Run[] {
  const range = document.createRange();
  const runs: Run[] = [];
  const add = (start: number, end: number) => {
    range.setStart(node, start);
    range.setEnd(node, end);
    const rects = [...range.getClientRects()].filter(({ width, height }) => width > 0 && height > 0);
    const [first] = rects;
    if (!first) return;
    if (rects.length > 1 && end - start > 1) {
      // A word broken over lines: letter by letter.
      for (let i = start; i < end; i++) add(i, i + 1);
      return;
    }
    const last = runs.at(-1);
    const text = node.data.slice(start, end).replace(/[\n\t]/g, " ");
    if (last && Math.abs(last.top - first.top) < 2 && first.left >= last.left) {
      last.text += text;
      last.right = Math.max(last.right, first.right);
    } else runs.push({ text, left: first.left, right: first.right, top: first.top, height: first.height });
  };
  for (const { index, 0: piece } of node.data.matchAll(/\s+|\S+/g)) add(index, index + piece.length);
  return runs;
}

/** Share of a line's content box that is above the baseline. */
function ascentOf(style: CSSStyleDeclaration): number {
  const font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  const found = ascents.get(font);
  if (found !== undefined) return found;
  context ??= new OffscreenCanvas(1, 1).getContext("2d");
  if (!context) return 0.8;
  context.font = font;
  const { fontBoundingBoxAscent: above, fontBoundingBoxDescent: below } = context.measureText("x");
  const share = above + below > 0 ? above / (above + below) : 0.8;
  ascents.set(font, share);
  return share;
}
