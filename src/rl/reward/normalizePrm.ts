// Stage 2 of grading: the normalisation of the PRM800K grader (MathRuler grader.py: _normalize): units, currency, LaTeX as text,
// mixed numbers, letter case, whole numbers. Its oddities are kept, for a reward must say what the official one says.

import { latexText } from "./latexText";
import { integerText, isWhole, pythonFloat } from "./pythonNumber";
import { wholeNumber } from "./tuples";

const replacements: readonly (readonly [from: string, to: string])[] = [
  ["\\%", "%"],
  ["\\$", "$"],
  ["$", ""],
  ["%", ""],
  [" or ", " , "],
  [" and ", " , "],
  ["million", "*10^6"],
  ["billion", "*10^9"],
  ["trillion", "*10^12"],
];

const units = [
  "degree",
  "cm",
  "centimeter",
  "meter",
  "mile",
  "second",
  "minute",
  "hour",
  "day",
  "week",
  "month",
  "year",
  "foot",
  "feet",
  "inch",
  "yard",
].map((unit) => new RegExp(`${unit}(es)?(s)? *(\\^[0-9]+)?`, "g"));

/** An answer in the form in which two answers are compared second: plain text without units, spaces and braces, in lower case. */
export function normalizePrm(answer: string): string {
  let text = /^\\text\{(.+?)\}$/.exec(answer)?.[1] ?? answer;
  for (const [from, to] of replacements) text = text.replaceAll(from, to);
  for (const unit of units) text = text.replace(unit, "");
  text = text.replace(/\^ *\\circ/g, "");
  if (text.startsWith("{") && text.endsWith("}")) text = text.slice(1, -1);
  text = text.replace(/,\\! */g, "");
  const value = pythonFloat(text);
  if (value !== undefined && isWhole(value)) text = integerText(Math.round(value));
  if (text.includes("\\")) text = latexText(text) ?? text;
  text = text
    .replace(/- */g, "-")
    // A mixed number is a sum: 1 1/2 is 1+1/2.
    .replace(/([0-9]) +([0-9])/g, "$1+$2")
    .replace(/[ {}]/g, "")
    .toLowerCase();
  return wholeNumber(text) === undefined ? text : integerText(Number(text.replace(/[,_]/g, "")));
}
