// Min/max decimation: thousands of points become at most four per pixel column (first, lowest, highest, last), so a line keeps
// its spikes and the cost of drawing stays flat. Pure: indices in, indices out.

/** Indices to draw of a series with ascending `xs`; all of them while there are few enough for the width in pixels. */
export function decimate(xs: ArrayLike<number>, ys: ArrayLike<number>, widthPixels: number): readonly number[] {
  const count = Math.min(xs.length, ys.length);
  const columns = Math.max(1, Math.floor(widthPixels));
  if (count <= columns * 2) return Array.from({ length: count }, (_, i) => i);
  const first = xs[0] as number;
  const span = (xs[count - 1] as number) - first || 1;
  const kept: number[] = [];
  let start = 0;
  while (start < count) {
    const column = columnOf(xs[start] as number);
    let low = start;
    let high = start;
    let end = start;
    while (end < count && columnOf(xs[end] as number) === column) {
      const y = ys[end] as number;
      // A non-finite value is always kept: it is a gap in the line, and gaps must not disappear.
      if (!Number.isFinite(y)) kept.push(end);
      else {
        if (!(y >= (ys[low] as number))) low = end;
        if (!(y <= (ys[high] as number))) high = end;
      }
      end++;
    }
    kept.push(start, low, high, end - 1);
    start = end;
  }
  return [...new Set(kept)].sort((a, b) => a - b);

  function columnOf(x: number): number {
    return Math.min(columns - 1, Math.floor(((x - first) / span) * columns));
  }
}
