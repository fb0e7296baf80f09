// Mean and standard deviation of a few repeated measurements, and what may be concluded from them.

/** Mean and sample standard deviation (n − 1) of n values; NaN deviation for fewer than two. */
export interface Spread {
  readonly mean: number;
  readonly sd: number;
  readonly count: number;
}

/** The spread of values; NaN mean without any. */
export function spreadOf(values: ArrayLike<number>): Spread {
  const count = values.length;
  let total = 0;
  for (let i = 0; i < count; i++) total += values[i] as number;
  const mean = count === 0 ? Number.NaN : total / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += ((values[i] as number) - mean) ** 2;
  return { mean, sd: count < 2 ? Number.NaN : Math.sqrt(squares / (count - 1)), count };
}

/** Whether a mean is no larger than twice its spread: it may be nothing. False where the spread is unknown. */
export function isNoise({ mean, sd }: Spread): boolean {
  return Math.abs(mean) < 2 * sd;
}
