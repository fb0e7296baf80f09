// One line of a verification report: a named quantity, how far it is from the reference numbers, and whether that is near
// enough. Every verifier (VPPO cases, checkpoints) returns these; printing them is the caller's business.

/** One compared quantity. */
export interface VerifyLine {
  readonly name: string;
  /** Largest absolute difference over all entries, or Infinity when the shapes differ or a number is missing. */
  readonly maxDifference: number;
  readonly tolerance: number;
  readonly ok: boolean;
}

/** Builds a line; a NaN difference fails. */
export function verifyLine(name: string, maxDifference: number, tolerance: number): VerifyLine {
  return { name, maxDifference, tolerance, ok: maxDifference <= tolerance };
}

/** Largest |a - b| over two lists; Infinity when their lengths differ or an entry is not a number. */
export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < actual.length; i++) {
    const difference = Math.abs((actual[i] as number) - (expected[i] as number));
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return largest;
}
