// Tuples, intervals and thousands commas of the official grader (MathRuler grader.py: split_tuple,
// _strip_properly_formatted_commas, _str_is_int, _is_frac).

import { isWhole, pythonFloat } from "./pythonNumber";

const brackets = "()[]";

/**
 * Removes the commas of numbers like 12,345, not those of tuples. As in the official code a number of four groups keeps one comma
 * (its pattern eats the next comma's place).
 */
export function withoutThousandsCommas(text: string): string {
  let current = text;
  for (;;) {
    const next = current.replace(/(\d),(\d\d\d)($|\D)/g, "$1$2$3");
    if (next === current) return next;
    current = next;
  }
}

/** The elements of (a,b), [a,b) …; the text itself, without thousands commas, when it is no tuple; none when it is empty. */
export function splitTuple(text: string): readonly string[] {
  const plain = withoutThousandsCommas(text);
  if (plain === "") return [];
  const inner = plain.slice(1, -1);
  const isTuple =
    plain.length > 2 &&
    isBracket(plain[0]) &&
    isBracket(plain.at(-1)) &&
    ![...brackets].some((bracket) => inner.includes(bracket));
  return isTuple ? inner.split(",").map((element) => element.trim()) : [plain];
}

/** The number a text is when that number is whole (3, 3.0, 1,000, 1e3); undefined for every other text. */
export function wholeNumber(text: string): number | undefined {
  const value = pythonFloat(withoutThousandsCommas(text));
  return value !== undefined && isWhole(value) ? value : undefined;
}

/** Whether a text is a fraction of two whole numbers, such as -1/2 or (1)/(2) without the opening brackets. */
export function isFraction(text: string): boolean {
  return /^-?[0-9]+.?\/0*[1-9][0-9]*.?$/.test(text);
}

function isBracket(character: string | undefined): boolean {
  return character !== undefined && brackets.includes(character);
}
