// Which tokens two answers share: a longest common subsequence of their ids, after the common beginning and end are set aside. Pure. Long
// middles are first cut at tokens that stand once in either (as "patience diff" does), so that time and memory stay small; a part that
// is still too large for the table counts as different.

/** Partners by place; −1 where a token has none. */
export interface Alignment {
  readonly toB: Int32Array; // [length of a]
  readonly toA: Int32Array; // [length of b]
  /** Number of shared tokens. */
  readonly same: number;
  /** Length of the common beginning. */
  readonly beginning: number;
}

/** Cells of the table that one part may have: 4 MB, some 20 ms. */
const mostCells = 2 ** 22;

/** Aligns two sequences of ids; pairs rise in both. */
export function alignTokens(a: ArrayLike<number>, b: ArrayLike<number>): Alignment {
  const toB = new Int32Array(a.length).fill(-1);
  const toA = new Int32Array(b.length).fill(-1);
  const pair = (i: number, j: number) => {
    toB[i] = j;
    toA[j] = i;
  };
  let beginning = 0;
  while (beginning < Math.min(a.length, b.length) && a[beginning] === b[beginning]) beginning++;
  alignPart({ a, b, pair }, { a0: 0, a1: a.length, b0: 0, b1: b.length });
  const same = toB.reduce((count, j) => (j >= 0 ? count + 1 : count), 0);
  return { toB, toA, same, beginning };
}

interface Sequences {
  readonly a: ArrayLike<number>;
  readonly b: ArrayLike<number>;
  readonly pair: (i: number, j: number) => void;
}

/** Ends are excluded. */
interface Part {
  readonly a0: number;
  readonly a1: number;
  readonly b0: number;
  readonly b1: number;
}

function alignPart(sequences: Sequences, { a0, a1, b0, b1 }: Part): void {
  const { a, b, pair } = sequences;
  let [startA, startB, endA, endB] = [a0, b0, a1, b1];
  while (startA < endA && startB < endB && a[startA] === b[startB]) pair(startA++, startB++);
  while (startA < endA && startB < endB && a[endA - 1] === b[endB - 1]) pair(--endA, --endB);
  if (startA === endA || startB === endB) return;
  const part = { a0: startA, a1: endA, b0: startB, b1: endB };
  if ((endA - startA) * (endB - startB) <= mostCells) {
    alignByTable(sequences, part);
    return;
  }
  const anchors = anchorsOf(sequences, part);
  let [fromA, fromB] = [startA, startB];
  for (const [i, j] of anchors) {
    alignPart(sequences, { a0: fromA, a1: i, b0: fromB, b1: j });
    pair(i, j);
    [fromA, fromB] = [i + 1, j + 1];
  }
  // Without an anchor it would be the same part again.
  if (anchors.length > 0) alignPart(sequences, { a0: fromA, a1: endA, b0: fromB, b1: endB });
}

/** Longest common subsequence by the table of lengths, from the end. */
function alignByTable({ a, b, pair }: Sequences, { a0, a1, b0, b1 }: Part): void {
  const [rows, columns] = [a1 - a0, b1 - b0];
  const width = columns + 1;
  const lengths = new Uint16Array((rows + 1) * width);
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      const at = i * width + j;
      const below = lengths[at + width] as number;
      const right = lengths[at + 1] as number;
      lengths[at] = a[a0 + i] === b[b0 + j] ? (lengths[at + width + 1] as number) + 1 : Math.max(below, right);
    }
  }
  let [i, j] = [0, 0];
  while (i < rows && j < columns) {
    if (a[a0 + i] === b[b0 + j]) pair(a0 + i++, b0 + j++);
    else if ((lengths[(i + 1) * width + j] as number) >= (lengths[i * width + j + 1] as number)) i++;
    else j++;
  }
}

/** Pairs of tokens that stand once in either part, as many as rise in both. */
function anchorsOf({ a, b }: Sequences, { a0, a1, b0, b1 }: Part): readonly (readonly [i: number, j: number])[] {
  const onceInB = placesOfOnce(b, b0, b1);
  const unique: (readonly [number, number])[] = [];
  for (const [id, i] of placesOfOnce(a, a0, a1)) {
    const j = onceInB.get(id);
    if (j !== undefined) unique.push([i, j]);
  }
  return longestRising(unique.sort((x, y) => x[0] - y[0]));
}

function placesOfOnce(ids: ArrayLike<number>, start: number, end: number): Map<number, number> {
  const places = new Map<number, number>();
  const repeated = new Set<number>();
  for (let t = start; t < end; t++) {
    const id = ids[t] as number;
    if (places.has(id)) repeated.add(id);
    places.set(id, t);
  }
  for (const id of repeated) places.delete(id);
  return places;
}

/** The longest run of pairs, in order, whose second numbers rise. */
function longestRising(pairs: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  /** Index of the pair with the lowest end of a run of each length. */
  const ends: number[] = [];
  const before: number[] = [];
  pairs.forEach(([, j], index) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[ends[middle] as number] as readonly [number, number])[1] < j) low = middle + 1;
      else high = middle;
    }
    before[index] = low > 0 ? (ends[low - 1] as number) : -1;
    ends[low] = index;
  });
  const run: (readonly [number, number])[] = [];
  for (let index = ends.at(-1) ?? -1; index >= 0; index = before[index] as number) {
    run.push(pairs[index] as readonly [number, number]);
  }
  return run.reverse();
}
