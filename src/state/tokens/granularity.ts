// Words, sentences and reasoning steps in a stream of tokens, or parts cut by a pattern of the reader's own: where each group ends,
// and one value per group. Pure.

/** What a coloured value stands for, besides the single token. */
export type Granularity = "word" | "sentence" | "step" | "pattern";

/** How the values of a group become one. */
export type GroupValue = "mean" | "max" | "sum";

/** One past the last token of each group, in order; a step is a line of the chain, and "pattern" cuts after every match. */
export function groupEnds(texts: readonly string[], granularity: Granularity, pattern?: RegExp): readonly number[] {
  if (granularity === "pattern") return pattern ? patternEnds(texts, pattern) : texts.map((_, t) => t + 1);
  const isEnd = endings[granularity];
  const ends: number[] = [];
  texts.forEach((text, t) => {
    const next = texts[t + 1];
    if (next === undefined || isEnd(text, next)) ends.push(t + 1);
  });
  return ends;
}

/** Every entry replaced by the value of its group; the largest of signed values is the largest by size. */
export function spreadOver(values: Float32Array, ends: readonly number[], kind: GroupValue): Float32Array {
  const spread = new Float32Array(values.length);
  let start = 0;
  for (const end of ends) {
    spread.fill(groupValue(values.subarray(start, end), kind), start, end);
    start = end;
  }
  return spread;
}

/** A pattern as the reader wrote it, or why it is none. */
export function readPattern(source: string): { readonly pattern: RegExp } | { readonly problem: string } {
  if (source === "") return { problem: "The pattern is empty, so every token stands alone. Write what a part ends with." };
  try {
    return { pattern: new RegExp(source, "gu") };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, "") : "it cannot be read";
    return { problem: `This is no regular expression (${reason}). Every token stands alone until it is one.` };
  }
}

const endings: Readonly<Record<Exclude<Granularity, "pattern">, (text: string, next: string) => boolean>> = {
  word: (text, next) => /^[\s<]/.test(next) || text.endsWith("\n"),
  sentence: (text, next) => (/[.!?]\s*$|\n/.test(text) || text.endsWith(">")) && !isLineBreak(next),
  step: (text, next) => (text.includes("\n") || text.endsWith(">")) && !isLineBreak(next),
};

/** A line break belongs to what it ends. */
function isLineBreak(text: string): boolean {
  return text.trim() === "" && text.includes("\n");
}

function patternEnds(texts: readonly string[], pattern: RegExp): readonly number[] {
  const ends: number[] = [];
  const cuts = [...texts.join("").matchAll(pattern)].map((match) => match.index + match[0].length);
  let cut = 0;
  let offset = 0;
  texts.forEach((text, t) => {
    offset += text.length;
    let isEnd = t === texts.length - 1;
    // A match that ends inside a token cuts after that token.
    for (; cut < cuts.length && (cuts[cut] as number) <= offset; cut++) isEnd ||= (cuts[cut] as number) > offset - text.length;
    if (isEnd) ends.push(t + 1);
  });
  return ends;
}

function groupValue(values: Float32Array, kind: GroupValue): number {
  if (kind === "max") return values.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
  const sum = values.reduce((total, value) => total + value, 0);
  return kind === "sum" ? sum : sum / values.length;
}
