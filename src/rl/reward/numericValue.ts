// The floating-point value of an answer, for the reward that allows a tolerance. It reads the same notation as grading, but as
// mathematics: \frac{1+2}{3} is 1, and a unit behind a number is ignored.

import { type Expression, parseExpression, Undecided } from "./expression";
import { latexText } from "./latexText";

/** The number an answer is: 0.5, 1/2, \frac{1}{2}, 1 1/2, 1,000, 2\sqrt{3}, x = 5, 12 cm, 50%; undefined when it is none. */
export function numericValue(answer: string): number | undefined {
  if (answer.length > 1000) return undefined;
  const source = answer
    .replace(/\\%|\\\$|[%$]|\^ *\{? *\\circ *\}?|°/g, "")
    .replace(/\\left|\\right|\\!/g, "")
    .replace(/(\d+) *\\[dt]?frac(\{[^{}]*\}\{[^{}]*\}|\d\d)/g, "($1+\\frac$2)")
    .replace(/(\d+) +(\d+\/\d+)/g, "($1+$2)")
    .replaceAll("−", "-");
  const plain = (latexText(source, { fraction: (top, bottom) => `((${top})/(${bottom}))` }) ?? "")
    .replace(/[\s{}]/g, "")
    .toLowerCase()
    .replace(/^[^=]{1,2}=/, "")
    .replace(/(\d),(?=\d{3}(?!\d))/g, "$1");
  const value = evaluated(plain);
  if (value !== undefined) return value;
  const withoutUnit = /^(.*\d\)*)\/?[a-zµμω][a-z/]*[23²³]?$/u.exec(plain)?.[1];
  return withoutUnit === undefined ? undefined : evaluated(withoutUnit);
}

function evaluated(text: string): number | undefined {
  try {
    const value = floatValue(parseExpression(text));
    return Number.isFinite(value) ? value : undefined;
  } catch (error) {
    if (error instanceof Undecided) return undefined;
    throw error;
  }
}

/** NaN for letters and imaginary numbers. */
function floatValue(expression: Expression): number {
  switch (expression.kind) {
    case "number":
      return Number(`${expression.digits}e${-expression.decimals}`);
    case "symbol":
      return Number.NaN;
    case "constant":
      return expression.name === "pi" ? Math.PI : Number.NaN;
    case "sum":
      return expression.terms.reduce((sum, { negative, value }) => sum + (negative ? -1 : 1) * floatValue(value), 0);
    case "product":
      return expression.factors.reduce((product, { inverse, value }) => {
        const factor = floatValue(value);
        return inverse ? product / factor : product * factor;
      }, 1);
    case "power":
      return floatValue(expression.base) ** floatValue(expression.exponent);
    case "root":
      return Math.sqrt(floatValue(expression.radicand));
    case "factorial":
      return factorial(floatValue(expression.value));
  }
}

function factorial(n: number): number {
  if (!Number.isInteger(n) || n < 0 || n > 170) return Number.NaN;
  let product = 1;
  for (let i = 2; i <= n; i++) product *= i;
  return product;
}
