// Words and sentences in a stream of tokens: where each group ends, and means over groups. Pure.

export type Granularity = "word" | "step";

/** One past the last token of each group, in order. */
export function groupEnds(texts: readonly string[], granularity: Granularity): readonly number[] {
  const ends: number[] = [];
  texts.forEach((text, t) => {
    const next = texts[t + 1];
    if (next === undefined || (granularity === "word" ? startsWord(next) || endsLine(text) : endsSentence(text)))
      ends.push(t + 1);
  });
  return ends;
}

/** Every entry replaced by the mean of its group. */
export function averageOver(values: Float32Array, ends: readonly number[]): Float32Array {
  const means = new Float32Array(values.length);
  let start = 0;
  for (const end of ends) {
    let sum = 0;
    for (let t = start; t < end; t++) sum += values[t] as number;
    means.fill(sum / (end - start), start, end);
    start = end;
  }
  return means;
}

function startsWord(text: string): boolean {
  return /^[\s<]/.test(text);
}

function endsLine(text: string): boolean {
  return /\n$/.test(text);
}

function endsSentence(text: string): boolean {
  return /[.!?]\s*$|\n/.test(text) || text.endsWith(">");
}
