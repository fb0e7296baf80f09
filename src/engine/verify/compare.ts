// Ways in which a computed quantity is compared with the reference: absolute, relative to the largest number, relative to each
// number, equal, bit-equal. Each returns one report line.

import { largestDifference, type VerifyLine, verifyLine } from "@/lib/verifyLine";

/** max|Δ| ≤ tolerance · max|expected|. */
export function compareToLargest(
  name: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): VerifyLine {
  let largest = 0;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i] as number));
  return verifyLine(name, largestDifference(actual, expected), tolerance * largest);
}

/** |Δ| ≤ tolerance + tolerance·|expected| for every entry; the line shows max |Δ| / (1 + |expected|). */
export function compareEach(name: string, actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): VerifyLine {
  const scale = Float64Array.from(expected, (value) => 1 + Math.abs(value));
  const scaled = (values: ArrayLike<number>) => Float64Array.from(values, (value, i) => value / (scale[i] ?? Number.NaN));
  return verifyLine(name, largestDifference(scaled(actual), scaled(expected)), tolerance);
}

/** Equal lists of whole numbers; the line shows how many entries differ. */
export function compareIds(name: string, actual: ArrayLike<number>, expected: ArrayLike<number>): VerifyLine {
  let differing = Math.abs(actual.length - expected.length);
  for (let i = 0; i < Math.min(actual.length, expected.length); i++) if (actual[i] !== expected[i]) differing++;
  return verifyLine(name, differing, 0);
}

/** Equal texts. */
export function compareText(name: string, actual: string, expected: string): VerifyLine {
  return verifyLine(name, actual === expected ? 0 : 1, 0);
}

/** The same bits everywhere; a sign of zero or a NaN that differs counts as infinitely far. */
export function compareBits(name: string, actual: Float32Array, expected: Float32Array): VerifyLine {
  const bits = (values: Float32Array) => new Uint32Array(values.slice().buffer);
  const [a, b] = [bits(actual), bits(expected)];
  const same = a.length === b.length && a.every((value, i) => value === b[i]);
  const difference = largestDifference(actual, expected);
  return verifyLine(name, same || difference > 0 ? difference : Number.POSITIVE_INFINITY, 0);
}

/** A part that could not run at all. */
export function failedLine(name: string, message: string): VerifyLine {
  return verifyLine(`${name}: ${message}`, Number.POSITIVE_INFINITY, 0);
}

/** Lists end to end. */
export function joined(lists: readonly ArrayLike<number>[]): Float32Array {
  const whole = new Float32Array(lists.reduce((sum, list) => sum + list.length, 0));
  let at = 0;
  for (const list of lists) {
    whole.set(Array.from(list), at);
    at += list.length;
  }
  return whole;
}
