// Any element of the page as one SVG file: grounds, borders and dots as rectangles where the browser laid them out, text as text at its
// place, charts as their own trees, pictures embedded. No screenshot and no style sheet: what is read is geometry and computed
// style. What is scrolled out of sight inside the element is part of the file.
import { type SvgElement, type SvgNode, svgFile } from "@/formats/markup";
import { chartTree } from "./chartSvg";
import { flatColour } from "./colourText";
import { textNodes } from "./textSvg";

/** A drawn file with its size in pixels. */
export interface DrawnSvg {
  readonly text: string;
  readonly width: number;
  readonly height: number;
}

export interface SvgOptions {
  readonly title: string;
  readonly description: string;
}

/** The most that is drawn: beyond it no program opens the file. */
const mostPixels = 30_000;

/** Draws an element. */
export function elementSvg(element: Element, { title, description }: SvgOptions): DrawnSvg {
  const box = element.getBoundingClientRect();
  const width = Math.min(mostPixels, Math.ceil(Math.max(box.width, element instanceof SVGElement ? 0 : element.scrollWidth)));
  const height = Math.min(mostPixels, Math.ceil(Math.max(box.height, element instanceof SVGElement ? 0 : element.scrollHeight)));
  const origin = { x: box.left, y: box.top };
  const spoken = element.getAttribute("aria-label") ?? element.querySelector("[role=img]")?.getAttribute("aria-label");
  const text = svgFile(nodesOf(element, origin), {
    width,
    height,
    title,
    description: [spoken, description].filter((part) => part).join(" "),
    background: groundOf(element),
  });
  return { text, width, height };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Controls that say nothing on paper; a button with words says them. */
const skipped = "input[type=range], input[type=checkbox], [role=toolbar], script, style, template";

function nodesOf(element: Element, origin: Point): SvgNode[] {
  if (element.matches(skipped) || (element.matches("button") && element.textContent.trim() === "")) return [];
  const style = getComputedStyle(element);
  const isGone = style.display === "none" || style.visibility === "hidden" || style.opacity === "0";
  // Text for screen readers alone is clipped away.
  if (isGone || style.clipPath.startsWith("inset(")) return [];
  if (element instanceof SVGSVGElement) return placedChart(element, origin);
  if (element instanceof HTMLCanvasElement) return picture(element, element, origin);
  if (element instanceof HTMLImageElement) return picture(element, drawnImage(element), origin);
  const children = [...element.childNodes].flatMap((node): readonly SvgNode[] => {
    if (node instanceof Element) return nodesOf(node, origin);
    return node instanceof Text ? textNodes(node, style, origin) : [];
  });
  const own = [...grounds(element, style, origin), ...borders(element, style, origin), ...children, ...dots(element, origin)];
  if (style.opacity === "1") return own;
  return own.length > 0 ? [{ tag: "g", attributes: { opacity: style.opacity }, children: own }] : [];
}

function placedChart(element: SVGSVGElement, origin: Point): SvgNode[] {
  const tree = chartTree(element);
  if (!tree) return [];
  const { left, top, width, height } = element.getBoundingClientRect();
  const viewBox = element.getAttribute("viewBox") ?? `0 0 ${width} ${height}`;
  return [{ ...tree, attributes: { ...tree.attributes, viewBox, x: left - origin.x, y: top - origin.y, width, height } }];
}

function drawnImage(image: HTMLImageElement): HTMLCanvasElement | null {
  if (!image.complete || image.naturalWidth === 0) return null;
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  canvas.getContext("2d")?.drawImage(image, 0, 0);
  return canvas;
}

function picture(element: Element, canvas: HTMLCanvasElement | null, origin: Point): SvgNode[] {
  if (!canvas || canvas.width === 0) return [];
  const { left, top, width, height } = element.getBoundingClientRect();
  const isPixelated = getComputedStyle(element).imageRendering === "pixelated";
  return [
    {
      tag: "image",
      attributes: {
        x: left - origin.x,
        y: top - origin.y,
        width,
        height,
        preserveAspectRatio: "none",
        href: canvas.toDataURL("image/png"),
        ...(isPixelated ? { "image-rendering": "pixelated" } : {}),
      },
    },
  ];
}

/** One rectangle per line of an inline element. */
function grounds(element: Element, style: CSSStyleDeclaration, origin: Point): SvgElement[] {
  const colour = flatColour(style.backgroundColor);
  if (colour.opacity === 0) return [];
  const radius = Number.parseFloat(style.borderTopLeftRadius) || 0;
  return [...element.getClientRects()]
    .filter(({ width, height }) => width > 0 && height > 0)
    .map(({ left, top, width, height }) => ({
      tag: "rect",
      attributes: {
        x: left - origin.x,
        y: top - origin.y,
        width,
        height,
        rx: radius > 0 ? Math.min(radius, width / 2, height / 2) : undefined,
        fill: colour.hex,
        "fill-opacity": colour.opacity < 1 ? colour.opacity : undefined,
      },
    }));
}

const sides = ["Top", "Right", "Bottom", "Left"] as const;

function borders(element: Element, style: CSSStyleDeclaration, origin: Point): SvgElement[] {
  const { left, top, right, bottom } = element.getBoundingClientRect();
  return sides.flatMap((side) => {
    const thickness = Number.parseFloat(style[`border${side}Width`]) || 0;
    const colour = flatColour(style[`border${side}Color`]);
    if (thickness === 0 || style[`border${side}Style`] === "none" || colour.opacity === 0) return [];
    const isFlat = side === "Top" || side === "Bottom";
    return {
      tag: "rect",
      attributes: {
        x: (side === "Right" ? right - thickness : left) - origin.x,
        y: (side === "Bottom" ? bottom - thickness : top) - origin.y,
        width: isFlat ? right - left : thickness,
        height: isFlat ? thickness : bottom - top,
        fill: colour.hex,
        "fill-opacity": colour.opacity < 1 ? colour.opacity : undefined,
      },
    };
  });
}

/** The dot above kept tokens, and whatever else stands as an empty, coloured box at an element. */
function dots(element: Element, origin: Point): SvgElement[] {
  return [...dot(element, "::before", origin), ...dot(element, "::after", origin)];
}

function dot(element: Element, pseudo: "::before" | "::after", origin: Point): SvgElement[] {
  const style = getComputedStyle(element, pseudo);
  if (style.content !== '""' || style.position !== "absolute") return [];
  const colour = flatColour(style.backgroundColor);
  const [width, height] = [Number.parseFloat(style.width), Number.parseFloat(style.height)];
  const [first] = element.getClientRects();
  if (!first || colour.opacity === 0 || !(width > 0) || !(height > 0)) return [];
  const margin = Number.parseFloat(style.marginLeft) || 0;
  const x = first.left + (Number.parseFloat(style.left) || 0) + margin - origin.x;
  const y = first.top + (Number.parseFloat(style.top) || 0) - origin.y;
  const radius = Number.parseFloat(style.borderTopLeftRadius) || 0;
  const rx = style.borderTopLeftRadius.endsWith("%") ? width / 2 : Math.min(radius, width / 2);
  return [{ tag: "rect", attributes: { x, y, width, height, rx, fill: colour.hex } }];
}

/** The first ground that is seen behind an element. */
function groundOf(element: Element): string {
  for (let one: Element | null = element; one; one = one.parentElement) {
    const { hex, opacity } = flatColour(getComputedStyle(one).backgroundColor);
    if (opacity === 1) return hex;
  }
  return "#ffffff";
}
