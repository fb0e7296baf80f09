// Trains byte-level BPE merges: GPT-2's byte alphabet, the SmolVLM pre-tokenizer (single digits, then GPT-2's regex).
// Deterministic: the most frequent pair wins, ties go to the pair that sorts first.

/** GPT-2's 256 printable stand-ins for the bytes 0 to 255, by byte. */
export const byteSymbols: readonly string[] = makeByteSymbols();

function makeByteSymbols(): string[] {
  const printable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
}

/** The base vocabulary in GPT-2's order: printable bytes first, then the shifted ones. */
export const baseVocabulary: readonly string[] = [...byteSymbols].sort(
  (a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0),
);

const wordPattern = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** Splits text the way SmolVLM's pre-tokenizer does, into words written in byte symbols. */
export function preTokenize(text: string): string[] {
  const encoder = new TextEncoder();
  return text
    .split(/(\p{N})/u)
    .flatMap((part) => part.match(wordPattern) ?? [])
    .map((word) => Array.from(encoder.encode(word), (byte) => byteSymbols[byte] as string).join(""));
}

/** Counts the words of a corpus. */
export function countWords(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const word of preTokenize(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

/** At most `limit` merges, most useful first; fewer when every word has become one token. */
export function trainMerges(wordCounts: ReadonlyMap<string, number>, limit: number): (readonly [string, string])[] {
  const words = [...wordCounts].map(([word, count]) => ({ parts: Array.from(word), count }));
  const merges: (readonly [string, string])[] = [];
  while (merges.length < limit) {
    const best = mostFrequentPair(words);
    if (!best) break;
    merges.push(best);
    for (const word of words) word.parts = mergePair(word.parts, best);
  }
  return merges;
}

function mostFrequentPair(words: readonly { parts: string[]; count: number }[]): readonly [string, string] | null {
  const counts = new Map<string, number>();
  for (const { parts, count } of words) {
    for (let i = 0; i + 1 < parts.length; i++) {
      const pair = `${parts[i]} ${parts[i + 1]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  }
  let best: string | null = null;
  let bestCount = 0;
  for (const [pair, count] of counts) {
    if (count > bestCount || (count === bestCount && best !== null && pair < best)) {
      best = pair;
      bestCount = count;
    }
  }
  const [left, right] = best?.split(" ") ?? [];
  return left !== undefined && right !== undefined ? [left, right] : null;
}

function mergePair(parts: readonly string[], [left, right]: readonly [string, string]): string[] {
  const merged: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    if (parts[i] === left && parts[i + 1] === right) {
      merged.push(left + right);
      i++;
    } else {
      merged.push(parts[i] as string);
    }
  }
  return merged;
}
