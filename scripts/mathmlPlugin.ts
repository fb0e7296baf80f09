// Makes the MathML of the page's equations when the page is built: `virtual:equations` holds every equation of
// src/views/equations/equations.ts as a small tree, so that no TeX is parsed in the browser and no text becomes HTML there.
// A Vite plugin, used by vite.config.ts and by the view tests.

import katex from "katex";
import type { Plugin } from "vite";
import { type EquationRow, equations } from "../src/views/equations/equations.ts";
import type { MathNode } from "../src/views/equations/mathNode.ts";

const publicId = "virtual:equations";
const resolvedId = `\0${publicId}`;

/** The plugin; it reads nothing but the table. */
export function mathmlPlugin(): Plugin {
  return {
    name: "mathml",
    resolveId: (id) => (id === publicId ? resolvedId : undefined),
    load: (id) => (id === resolvedId ? moduleText() : undefined),
  };
}

function moduleText(): string {
  const rows = Object.entries<EquationRow>(equations);
  const trees = rows.map(([id, { latex, numbers }]) => [id, { symbols: mathTrees(latex), numbers: mathTrees(numbers) }]);
  // Parsing a string literal is quicker than evaluating a large object literal.
  return `export const mathTrees = JSON.parse(${JSON.stringify(JSON.stringify(Object.fromEntries(trees)))});`;
}

/** The parts of a formula that may stand on lines of their own, because browsers do not break MathML. */
export function mathTrees(latex: string): readonly MathNode[] {
  return latex.split(/,\s*\\quad\s*/).map(mathTree);
}

/** A formula as a tree of MathML; `\slot{name}` becomes the leaf `@name`. Throws katex's ParseError. */
function mathTree(latex: string): MathNode {
  const macros = { "\\slot": "\\text{@#1}" };
  const markup = katex.renderToString(latex, { output: "mathml", strict: "error", throwOnError: true, macros });
  return withoutWrapping(parse(markup));
}

/** What <semantics> shows: without the TeX beside it. */
function withoutWrapping(node: MathNode): MathNode {
  if (typeof node === "string") return node;
  const [tag, attributes, ...children] = node;
  if (tag === "semantics") return withoutWrapping(children[0] ?? "");
  const kept = Object.fromEntries(Object.entries(attributes).filter(([name]) => name !== "xmlns" && name !== "class"));
  // In a font without a table of mathematics, browsers draw an accent through its letter; a mark above it stays clear.
  if (tag === "mover") kept.accent = "false";
  return [
    tag,
    kept,
    ...children.map((child, i) => (isApplication(child) ? spaceBefore(children[i + 1]) : withoutWrapping(child))),
  ];
}

/** The invisible operator between a function's name and what it is of, for which browsers leave no space. */
function isApplication(node: MathNode): boolean {
  return typeof node !== "string" && node[0] === "mo" && node[2] === "\u2061";
}

function spaceBefore(next: MathNode | undefined): MathNode {
  const isBracket = next === undefined || typeof next === "string" || next[0] === "mo" || next[0] === "mrow";
  return ["mspace", { width: isBracket ? "0" : "0.2em" }];
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#x27": "'" };
const text = (escaped: string) => escaped.replace(/&([^;]+);/g, (whole, name: string) => entities[name] ?? whole);

/** The <math> element of katex's markup, which is well-formed XML. */
function parse(markup: string): MathNode {
  const root: [string, Record<string, string>, ...MathNode[]] = ["", {}];
  const open = [root];
  for (const [, closing, tag, attributes = "", empty, content] of markup.matchAll(
    /<(\/?)([a-z]+)((?:\s+[^<>]*?)?)(\/?)>|([^<]+)/g,
  )) {
    const parent = open.at(-1) ?? root;
    if (content !== undefined) parent.push(text(content));
    else if (closing) open.pop();
    else {
      const named = [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, text(value)]);
      const node: typeof root = [tag ?? "", Object.fromEntries(named)];
      parent.push(node);
      if (!empty) open.push(node);
    }
  }
  const [, , wrapper] = root;
  const math = typeof wrapper === "object" ? wrapper[2] : undefined;
  if (!math) throw new Error(`katex gave no formula: ${markup}`);
  return math;
}
