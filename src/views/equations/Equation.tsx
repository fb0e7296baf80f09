// An equation of the table: in symbols, with the numbers of one token or answer put in, in a sentence, and where paper, official
// trainer and this repository have it. The MathML was made when the page was built; here it becomes elements, never HTML text.

import { mathTrees } from "virtual:equations";
import { createElement, Fragment, type ReactNode } from "react";
import { formatNumber } from "@/ui/formatNumber";
import styles from "./Equation.module.css";
import { type EquationId, type EquationRow, type EquationValues, equations, officialHref, paperUrl } from "./equations";
import type { MathNode } from "./mathNode";

export interface EquationProps<Id extends EquationId> {
  readonly id: Id;
  /** Numbers are written with three significant digits, words as they are; without any, only the symbols are shown. */
  readonly values?: EquationValues<Id> | undefined;
  /** Without the sentence and the sources. */
  readonly brief?: boolean;
}

/** Symbols, numbers, meaning and sources of an equation. */
export function Equation<Id extends EquationId>({ id, values, brief }: EquationProps<Id>) {
  const { meaning } = equations[id];
  return (
    <span className={styles.equation}>
      <Formula parts={mathTrees[id].symbols} values={{}} />
      {values && <Formula parts={mathTrees[id].numbers} values={values} />}
      {!brief && <span className={styles.meaning}>{meaning}</span>}
      {!brief && <EquationSources id={id} />}
    </span>
  );
}

/** Where the equation comes from: paper, official trainer, this repository. */
export function EquationSources({ id }: { readonly id: EquationId }) {
  const { paper, official, code }: EquationRow = equations[id];
  return (
    <span className={styles.sources}>
      {paper && (
        <a href={paperUrl} target="_blank" rel="noreferrer">
          paper, {paper}
        </a>
      )}
      {official && (
        <a href={officialHref(official)} target="_blank" rel="noreferrer" title={`${official.file}: ${official.function}`}>
          official code, {official.file.slice(official.file.lastIndexOf("/") + 1)}: {official.function}
        </a>
      )}
      <code title="In this repository">
        src/rl/{code.file}: {code.function}
      </code>
    </span>
  );
}

interface FormulaProps {
  readonly parts: readonly MathNode[];
  readonly values: Readonly<Record<string, number | string>>;
}

function Formula({ parts, values }: FormulaProps) {
  return (
    <span className={styles.formula}>
      {parts.map((part, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of an equation never change places
        <Fragment key={i}>
          {drawn(part, values)}
          {i < parts.length - 1 && <span aria-hidden="true">, </span>}
        </Fragment>
      ))}
    </span>
  );
}

const longestWord = 40;

/** The node as elements. A negative number gets brackets unless it begins its row or follows a relation. */
function drawn(node: MathNode, values: FormulaProps["values"], before?: MathNode): ReactNode {
  if (typeof node === "string") return node;
  const [tag, attributes, ...children] = node;
  const [only] = children;
  if (tag === "mtext" && typeof only === "string" && only.startsWith("@")) {
    const value = values[only.slice(1)];
    if (typeof value !== "number") return createElement("mtext", {}, shortened(value ?? "?"));
    const number = createElement("mn", {}, formatNumber(value));
    if (!(value < 0) || before === undefined || isRelation(before)) return number;
    const bracket = (letter: string) => createElement("mo", { stretchy: "false" }, letter);
    return createElement("mrow", {}, bracket("("), number, bracket(")"));
  }
  const own = tag === "math" ? { ...attributes, displaystyle: "true" } : attributes;
  return createElement(tag, own, ...children.map((child, i) => drawn(child, values, children[i - 1])));
}

const relations = new Set(["=", "≤", "≥", "<", ">", "(", ",", "⇒", "{", "⌈"]);

function isRelation(node: MathNode): boolean {
  return typeof node !== "string" && node[0] === "mo" && typeof node[2] === "string" && relations.has(node[2]);
}

function shortened(word: string): string {
  const letters = Array.from(word);
  return letters.length > longestWord ? `${letters.slice(0, longestWord).join("")}…` : word;
}
