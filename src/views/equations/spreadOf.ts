// The two numbers of Eq. 1 beside the reward, for writing the equation down; the advantage itself is rl/advantage.ts. Pure.

/** Mean and unbiased deviation of a group's values; the deviation of one value is 0. */
export function spreadOf(values: readonly number[]): { readonly mean: number; readonly sd: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}
