// Grading of an answer against the truth in the three stages of MathRuler's grade_answer, the judge of the official reward
// (reward_function/math.py): equal after the MATH normalisation, equal after the PRM800K normalisation, or equal element by
// element. Deliberate differences from it: symbolic equality is decided by symbolic.ts, whose "cannot tell" is "not equal";
// decimals inside expressions are exact, so sqrt(2.0) is sqrt(2); 05, which versions of Python read differently, equals only
// itself; and work is bounded, so hostile text costs milliseconds instead of a hang.

import { normalizeMath } from "./normalizeMath";
import { normalizePrm } from "./normalizePrm";
import { sameExpression } from "./symbolic";
import { isFraction, splitTuple, wholeNumber } from "./tuples";

/** Longer answers are compared as they stand. */
const maxAnswer = 10_000;
const maxUnknownLetters = 2;

/** Whether an answer (the content of a \boxed{}) is the truth, as MathRuler's grade_answer says. Never throws. */
export function grade(answer: string, truth: string): boolean {
  if (answer.length > maxAnswer || truth.length > maxAnswer) return answer.trim() === truth.trim();
  if (normalizeMath(answer) === normalizeMath(truth)) return true;
  const given = normalizePrm(answer);
  const expected = normalizePrm(truth);
  if (given === expected) return true;
  if (given === "") return false;
  const givenElements = splitTuple(given);
  const expectedElements = splitTuple(expected);
  if (givenElements.length !== expectedElements.length) return false;
  if (expectedElements.length > 1 && (expected[0] !== given[0] || expected.at(-1) !== given.at(-1))) return false;
  return expectedElements.every((element, i) => sameElement(element, givenElements[i] ?? ""));
}

function sameElement(expected: string, given: string): boolean {
  // A fraction that is not reduced does not count as the reduced one.
  if (isFraction(expected) && isFraction(given)) return expected === given;
  // A whole number must be given as one: 8 is not accepted as 2^3.
  if ((wholeNumber(expected) === undefined) !== (wholeNumber(given) === undefined)) return false;
  return mayBeExpressions(`(${expected})-(${given})`) && sameExpression(expected, given);
}

/** The official guard in front of sympy: at most two different letters, no exponent beyond one digit or in brackets. */
function mayBeExpressions(difference: string): boolean {
  if (/\^[{(]|\^[0-9]+\^|\^[0-9][0-9]+/.test(difference)) return false;
  const letters = difference.replaceAll("sqrt", "").replaceAll("frac", "").match(/\p{L}/gu);
  return new Set(letters).size <= maxUnknownLetters;
}
