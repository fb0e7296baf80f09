// Thousands of points become one per pixel column: the mean as the line, lowest and highest as the band behind it, so a chart keeps its
// spikes and the cost of drawing stays flat (min/max decimation). Pure.

/** A line's points inside a range of x, in order; the band is empty arrays where line and band would be the same. */
export interface DrawnPoints {
  readonly xs: readonly number[];
  /** Not finite where the line is interrupted. */
  readonly ys: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** x of values that are not finite. */
  readonly gaps: readonly number[];
}

export interface ColumnSource {
  readonly xs: ArrayLike<number>;
  readonly ys: ArrayLike<number>;
  readonly band?: { readonly low: ArrayLike<number>; readonly high: ArrayLike<number> };
}

export interface ColumnFrame {
  readonly from: number;
  readonly to: number;
  /** Pixel columns of the range. */
  readonly columns: number;
  /** Whether a value can be drawn at all: on a logarithmic axis only those above 0. */
  readonly canDraw: (value: number) => boolean;
}

/** Indices of ascending `xs` inside [from, to], as [first, end). */
export function indexRange(xs: ArrayLike<number>, from: number, to: number): readonly [first: number, end: number] {
  return [lowerBound(xs, from, 0), lowerBound(xs, to, 1)];
}

/** The points to draw: all of them while there are at most two per pixel, else one per pixel. */
export function pixelColumns({ xs, ys, band }: ColumnSource, { from, to, columns, canDraw }: ColumnFrame): DrawnPoints {
  const [first, end] = indexRange(xs, from, to);
  const drawn = { xs: [] as number[], ys: [] as number[], low: [] as number[], high: [] as number[], gaps: [] as number[] };
  const value = (i: number) => (canDraw(ys[i] as number) ? (ys[i] as number) : Number.NaN);
  const edge = (outside: number, inside: number, x: number) => {
    const [a, b] = [value(outside), value(inside)];
    const share = (x - (xs[outside] as number)) / ((xs[inside] as number) - (xs[outside] as number));
    return a + (b - a) * share;
  };
  // A line that begins or ends outside of the range is cut at its edge.
  const put = (x: number, y: number, low: number, high: number) => {
    drawn.xs.push(x);
    drawn.ys.push(y);
    drawn.low.push(low);
    drawn.high.push(high);
  };
  const lowAt = (i: number) => (band ? (band.low[i] as number) : (ys[i] as number));
  const highAt = (i: number) => (band ? (band.high[i] as number) : (ys[i] as number));
  if (first > 0 && first < end && (xs[first] as number) > from) put(from, edge(first - 1, first, from), Number.NaN, Number.NaN);
  const width = Math.max(1, Math.floor(columns));
  const isDense = end - first > width * 2;
  if (!isDense) {
    for (let i = first; i < end; i++) {
      if (!Number.isFinite(ys[i] as number)) drawn.gaps.push(xs[i] as number);
      put(xs[i] as number, value(i), lowAt(i), highAt(i));
    }
  } else {
    // The loop over all points of a long run: comparisons instead of calls.
    const [bottoms, tops] = [band?.low ?? ys, band?.high ?? ys];
    const floor = canDraw(0) ? Number.NEGATIVE_INFINITY : 0;
    const columnWidth = (to - from) / width;
    let i = first;
    while (i < end) {
      const start = xs[i] as number;
      const column = Math.min(width - 1, Math.floor((start - from) / columnWidth));
      const edgeX = column === width - 1 ? Number.POSITIVE_INFINITY : from + (column + 1) * columnWidth;
      let [sum, sumX, count, low, high, gap] = [0, 0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
      // At least one, so that rounding of the edge cannot stop the loop.
      do {
        const y = ys[i] as number;
        // True for what can be drawn, false for NaN, too.
        if (y > floor && y < Number.POSITIVE_INFINITY) {
          sum += y;
          sumX += xs[i] as number;
          count++;
          const bottom = bottoms[i] as number;
          const top = tops[i] as number;
          if (bottom < low && bottom > floor) low = bottom;
          if (top > high && top < Number.POSITIVE_INFINITY) high = top;
        } else if (!Number.isFinite(y)) gap = xs[i] as number;
        i++;
      } while (i < end && (xs[i] as number) < edgeX);
      if (!Number.isNaN(gap)) drawn.gaps.push(gap);
      put(count > 0 ? sumX / count : start, sum / (count || Number.NaN), low, high);
    }
  }
  if (end < xs.length && end > first && (xs[end - 1] as number) < to) put(to, edge(end, end - 1, to), Number.NaN, Number.NaN);
  return isDense || band ? drawn : { ...drawn, low: [], high: [] };
}

/** First index whose value is at least (`after` 0) or above (`after` 1) the wanted one. */
function lowerBound(xs: ArrayLike<number>, wanted: number, after: 0 | 1): number {
  let [low, high] = [0, xs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const x = xs[middle] as number;
    if (after === 0 ? x < wanted : x <= wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
