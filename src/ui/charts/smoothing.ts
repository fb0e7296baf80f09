// Smoothing of a line, and the band of the values it stands for. Pure; the raw numbers stay what tables and files show.

/** Exponential moving average with the bias of the start taken out (weight 0 = off); gaps stay gaps. */
export function smooth(ys: ArrayLike<number>, weight: number): Float64Array {
  const result = new Float64Array(ys.length);
  let sum = 0;
  let norm = 0;
  for (let i = 0; i < ys.length; i++) {
    const y = ys[i] as number;
    if (!Number.isFinite(y)) {
      result[i] = y;
      continue;
    }
    sum = sum * weight + y * (1 - weight);
    norm = norm * weight + (1 - weight);
    result[i] = sum / norm;
  }
  return result;
}

/** Steps that a weight averages over: the span of the average, 2 / (1 − weight) − 1; 1 without smoothing. */
export function smoothingSpan(weight: number): number {
  return Math.max(1, Math.round(2 / (1 - weight) - 1));
}

/** Lowest and highest of the last `span` finite values at every point, [length] each; NaN where there is none yet. */
export function bandOf(
  ys: ArrayLike<number>,
  span: number,
): { readonly low: ArrayLike<number>; readonly high: ArrayLike<number> } {
  return { low: runningExtreme(ys, span, (a, b) => a <= b), high: runningExtreme(ys, span, (a, b) => a >= b) };
}

// A queue of indices whose values only get worse: its head is the extreme of the window, and every value enters and leaves once.
function runningExtreme(ys: ArrayLike<number>, span: number, isBetter: (a: number, b: number) => boolean): Float64Array {
  const result = new Float64Array(ys.length).fill(Number.NaN);
  const queue = new Int32Array(ys.length);
  let [head, tail] = [0, 0];
  for (let i = 0; i < ys.length; i++) {
    const y = ys[i] as number;
    while (head < tail && (queue[head] as number) <= i - span) head++;
    if (Number.isFinite(y)) {
      while (head < tail && isBetter(y, ys[queue[tail - 1] as number] as number)) tail--;
      queue[tail++] = i;
    }
    if (head < tail) result[i] = ys[queue[head] as number] as number;
  }
  return result;
}
