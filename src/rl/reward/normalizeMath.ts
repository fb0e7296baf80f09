// Stage 1 of grading: the string normalisation of the Hendrycks MATH release (MathRuler math_normalize.py: normalize_answer).
// Its oddities are kept, for a reward must say what the official one says.

/** The reason the official code leaves an answer as it is: one of its steps fails on it. */
class MalformedAnswer extends Error {}

/**
 * An answer in the form in which two answers are compared first: without \left, \right, degrees, units in \text, percent signs,
 * spaces and a short "x=" prefix; \frac12 and 1/2 as \frac{1}{2}. An answer that cannot be normalised is only trimmed.
 */
export function normalizeMath(answer: string): string {
  let text = answer.trim();
  const enclosed = /^\\text\{(.+?)\}$/.exec(text)?.[1];
  if (enclosed !== undefined) text = enclosed.trim();
  try {
    return normalized(text);
  } catch (error) {
    if (error instanceof MalformedAnswer) return text;
    throw error;
  }
}

// Order matters: each replacement sees what the ones before it left.
const replacements: readonly (readonly [from: string, to: string])[] = [
  ["\n", ""],
  ["\\!", ""],
  ["\\\\", "\\"],
  ["tfrac", "frac"],
  ["dfrac", "frac"],
  ["\\left", ""],
  ["\\right", ""],
  ["^{\\circ}", ""],
  ["^\\circ", ""],
  ["\\$", ""],
];

function normalized(answer: string): string {
  let text = replacements.reduce((result, [from, to]) => result.replaceAll(from, to), answer);
  text = withoutUnits(text).replaceAll("\\%", "").replaceAll(" .", " 0.").replaceAll("{.", "{0.");
  if (text === "") return text;
  if (text.startsWith(".")) text = `0${text}`;
  const sides = text.split("=");
  if (sides.length === 2 && (sides[0] ?? "").length <= 2) text = sides[1] ?? "";
  text = bracedFractions(bracedRoots(text).replaceAll(" ", ""));
  if (text === "0.5") text = "\\frac{1}{2}";
  return text.replace(/^(-?[1-9]\d*|0)\/(-?[1-9]\d*|0)$/, "\\frac{$1}{$2}");
}

/** "\text{ " with the space only ever begins a unit. */
function withoutUnits(text: string): string {
  const parts = text.split("\\text{ ");
  if (parts.length > 2) throw new MalformedAnswer();
  return parts[0] ?? "";
}

function bracedRoots(text: string): string {
  const [first = "", ...rest] = text.split("\\sqrt");
  return rest.reduce((result, part) => {
    if (part === "") throw new MalformedAnswer();
    return `${result}\\sqrt${part.startsWith("{") ? part : `{${part[0]}}${part.slice(1)}`}`;
  }, first);
}

function bracedFractions(text: string): string {
  const [first = "", ...rest] = text.split("\\frac");
  let result = first;
  for (const part of rest) {
    if (part === "") throw new MalformedAnswer();
    if (part.startsWith("{")) {
      result += `\\frac${part}`;
      continue;
    }
    if (part.length < 2) return text;
    const denominator = part[1] === "{" ? "{" : `{${part[1]}}`;
    result += `\\frac{${part[0]}}${denominator}${part.slice(2)}`;
  }
  return result;
}
