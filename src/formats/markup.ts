// HTML and SVG as text, with escaping by construction: what is not made by `html` or by the SVG writer is text, whatever it contains.
// Characters that XML forbids (controls, lone surrogates) become U+FFFD. Pure.

/** Markup that is finished and safe to put into other markup. */
export class Markup {
  constructor(readonly text: string) {}
}

/** What may stand in a template: markup as it is, everything else as text; null and false are nothing, lists are joined. */
export type MarkupValue = Markup | string | number | null | undefined | false | readonly MarkupValue[];

/** Markup from a template; every value that is not markup is escaped. Values in attributes belong in double quotes. */
export function html(parts: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  return new Markup(parts.reduce((text, part, i) => text + (i > 0 ? textOf(values[i - 1]) : "") + part, ""));
}

function textOf(value: MarkupValue): string {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "string" || typeof value === "number") return escapeMarkup(String(value));
  return value.map(textOf).join("");
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text as it may stand in HTML or XML, between tags and in quoted attributes. */
export function escapeMarkup(text: string): string {
  return (
    text
      .replace(/[\ud800-\udfff]/gu, "\ufffd")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML forbids
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g, "\ufffd")
      .replace(/[&<>"']/g, (character) => entities[character] ?? "")
  );
}

/** An element of an SVG file; a text is a text node. */
export type SvgNode = string | SvgElement;

export interface SvgElement {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  readonly children?: readonly SvgNode[];
}

/** An SVG tree as text. */
export function svgText(node: SvgNode): string {
  if (typeof node === "string") return escapeMarkup(node);
  const attributes = Object.entries(node.attributes).flatMap(([name, value]) =>
    value === undefined ? [] : [` ${name}="${attributeText(value)}"`],
  );
  const { tag, children = [] } = node;
  if (children.length === 0) return `<${tag}${attributes.join("")}/>`;
  return `<${tag}${attributes.join("")}>${children.map(svgText).join("")}</${tag}>`;
}

// XML would turn line breaks and tabs of an attribute into spaces.
function attributeText(value: string | number): string {
  const text = typeof value === "number" ? String(Math.round(value * 100) / 100) : escapeMarkup(value);
  return text.replaceAll("\n", "&#10;").replaceAll("\t", "&#9;").replaceAll("\r", "&#13;");
}

/** A whole SVG file of the given size in pixels, with its title and description; the background is part of the picture. */
export function svgFile(
  children: readonly SvgNode[],
  {
    width,
    height,
    title,
    description,
    background,
  }: {
    readonly width: number;
    readonly height: number;
    readonly title: string;
    readonly description: string;
    readonly background: string;
  },
): string {
  const root: SvgElement = {
    tag: "svg",
    attributes: {
      xmlns: "http://www.w3.org/2000/svg",
      width,
      height,
      viewBox: `0 0 ${Math.round(width * 100) / 100} ${Math.round(height * 100) / 100}`,
      role: "img",
    },
    children: [
      { tag: "title", attributes: {}, children: [title] },
      { tag: "desc", attributes: {}, children: [description] },
      { tag: "rect", attributes: { width, height, fill: background } },
      ...children,
    ],
  };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svgText(root)}\n`;
}
