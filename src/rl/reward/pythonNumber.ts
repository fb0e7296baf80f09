// Numbers as Python's float() and int() read and write them, where the official grader leans on that.

const floatPattern = /^\s*[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?\s*$/i;

/** Python's float(text) where that is finite; undefined where it fails, is infinite or is not a number. */
export function pythonFloat(text: string): number | undefined {
  if (!floatPattern.test(text)) return undefined;
  const value = Number(text.replaceAll("_", "").trim());
  return Number.isFinite(value) ? value : undefined;
}

/** Python's str(int(value)) of a finite number: all digits, no exponent, towards zero. */
export function integerText(value: number): string {
  return BigInt(Math.trunc(value)).toString();
}

/** Whether a number is a whole one within the grader's 1e-7. */
export function isWhole(value: number): boolean {
  return Math.abs(value - Math.round(value)) <= 1e-7;
}
