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
  return { low: runningLeast(ys, span, 1), high: runningLeast(ys, span, -1) };
}

// A queue of indices whose values only rise: its head is the least of the window, and every value enters and leaves once. With sign −1 it
// is the highest. A plain loop over long runs: no calls inside.
function runningLeast(ys: ArrayLike<number>, span: number, sign: 1 | -1): Float64Array {
  const { length } = ys;
  const result = new Float64Array(length);
  const places = new Int32Array(length);
  const values = new Float64Array(length);
  let [head, tail] = [0, 0];
  for (let i = 0; i < length; i++) {
    const y = sign * (ys[i] as number);
    const first = i - span;
    while (head < tail && (places[head] as number) <= first) head++;
    // False for NaN, too.
    if (y > Number.NEGATIVE_INFINITY && y < Number.POSITIVE_INFINITY) {
      while (tail > head && y <= (values[tail - 1] as number)) tail--;
      places[tail] = i;
      values[tail++] = y;
    }
    result[i] = head < tail ? sign * (values[head] as number) : Number.NaN;
  }
  return result;
}
