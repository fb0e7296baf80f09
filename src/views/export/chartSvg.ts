// A drawn <svg> of the page as a tree that needs no style sheet: geometry attributes as they are, colours, strokes and fonts from the
// computed style. Classes, handlers and links to elsewhere stay behind.
import type { SvgElement, SvgNode } from "@/formats/markup";
import { flatColour } from "./colourText";

const geometry: readonly string[] = [
  ...[
    "d",
    "x",
    "y",
    "x1",
    "x2",
    "y1",
    "y2",
    "cx",
    "cy",
    "r",
    "rx",
    "ry",
    "width",
    "height",
    "points",
    "transform",
    "dx",
    "dy",
    "id",
  ],
  ...["viewBox", "preserveAspectRatio", "patternUnits", "patternTransform", "patternContentUnits", "offset", "clipPathUnits"],
  ...["gradientUnits", "gradientTransform", "fx", "fy", "markerWidth", "markerHeight", "refX", "refY", "orient"],
];
/** Elements that draw or hold what is drawn; everything else (scripts, foreign objects, animations) is left out. */
const drawing: ReadonlySet<string> = new Set([
  ...["svg", "g", "path", "line", "rect", "circle", "ellipse", "polyline", "polygon", "text", "tspan", "title", "desc"],
  ...["defs", "pattern", "clipPath", "linearGradient", "radialGradient", "stop", "mask", "marker", "use", "symbol"],
]);
const painted: ReadonlySet<string> = new Set([
  "path",
  "line",
  "rect",
  "circle",
  "ellipse",
  "polyline",
  "polygon",
  "text",
  "tspan",
]);

/** The tree of an element; null where nothing of it is seen. */
export function chartTree(element: SVGElement): SvgElement | null {
  const tag = element.localName;
  if (!drawing.has(tag)) return null;
  const style = getComputedStyle(element);
  if (style.display === "none" && tag !== "title" && tag !== "desc") return null;
  const attributes: Record<string, string | number | undefined> = {};
  for (const name of geometry) {
    const value = element.getAttribute(name);
    if (value !== null) attributes[name] = value;
  }
  const link = element.getAttribute("href");
  if (link?.startsWith("#")) attributes.href = link;
  if (tag !== "svg") Object.assign(attributes, paintOf(element, style));
  const children = [...element.childNodes].flatMap((node): SvgNode[] => {
    if (node instanceof SVGElement) {
      const tree = chartTree(node);
      return tree ? [tree] : [];
    }
    return node.nodeType === Node.TEXT_NODE && (node.textContent ?? "").trim() !== "" ? [node.textContent ?? ""] : [];
  });
  return { tag, attributes, children };
}

function paintOf(element: SVGElement, style: CSSStyleDeclaration): Record<string, string | undefined> {
  const tag = element.localName;
  const paint: Record<string, string | undefined> = {};
  if (style.visibility === "hidden") paint.visibility = "hidden";
  if (style.opacity !== "1") paint.opacity = style.opacity;
  if (style.clipPath.startsWith("url(")) paint["clip-path"] = localUrl(style.clipPath);
  if (tag === "stop") {
    const { hex, opacity } = flatColour(style.stopColor);
    return { ...paint, "stop-color": hex, "stop-opacity": String(opacity) };
  }
  if (!painted.has(tag)) return paint;
  Object.assign(paint, colourOf("fill", style.fill, style.fillOpacity), colourOf("stroke", style.stroke, style.strokeOpacity));
  if (style.stroke !== "none") {
    paint["stroke-width"] = style.strokeWidth;
    if (style.strokeDasharray !== "none") paint["stroke-dasharray"] = style.strokeDasharray;
    if (style.strokeLinecap !== "butt") paint["stroke-linecap"] = style.strokeLinecap;
    if (style.strokeLinejoin !== "miter") paint["stroke-linejoin"] = style.strokeLinejoin;
  }
  if (tag === "text" || tag === "tspan") Object.assign(paint, fontOf(style));
  if (tag === "text" && style.textAnchor !== "start") paint["text-anchor"] = style.textAnchor;
  return paint;
}

function colourOf(name: "fill" | "stroke", value: string, opacity: string): Record<string, string | undefined> {
  if (value.startsWith("url(")) return { [name]: localUrl(value) };
  if (value === "none") return { [name]: "none" };
  const flat = flatColour(value);
  const whole = flat.opacity * Number(opacity);
  return { [name]: flat.hex, ...(whole < 1 ? { [`${name}-opacity`]: String(Math.round(whole * 1000) / 1000) } : {}) };
}

/** "url(#a)" wherever the browser wrote the page's address before the hash; nothing for other files. */
function localUrl(value: string): string {
  const [, id] = /#([\w-]+)"?\)/.exec(value) ?? [];
  return id ? `url(#${id})` : "none";
}

/** Font attributes with a family that every machine has. */
export function fontOf(style: CSSStyleDeclaration): Record<string, string> {
  const isMono = /mono/i.test(style.fontFamily.split(",")[0] ?? "") || /monospace\s*$/.test(style.fontFamily);
  return {
    "font-family": isMono ? "ui-monospace, monospace" : "system-ui, sans-serif",
    "font-size": style.fontSize,
    ...(style.fontWeight === "400" ? {} : { "font-weight": style.fontWeight }),
    ...(style.fontStyle === "normal" ? {} : { "font-style": style.fontStyle }),
  };
}
