// How well a typed text fits the name of a command: words that are in it, in any order, fit best; letters that follow each other in it fit
// too, better at the beginnings of words. Pure.

/** 0 and up, the smaller the better; null where it does not fit. */
export function fuzzyScore(text: string, query: string): number | null {
  const name = text.toLowerCase();
  const wanted = query.trim().toLowerCase();
  if (wanted === "") return 0;
  const words = wanted.split(/\s+/);
  const places = words.map((word) => name.indexOf(word));
  if (places.every((place) => place >= 0)) {
    // At the beginning of a word before inside one.
    return words.reduce((sum, _, i) => sum + (isWordStart(name, places[i] as number) ? 0 : 1), 0);
  }
  return lettersScore(name, wanted.replaceAll(/\s+/g, ""));
}

/** Letters of a subsequence: each costs what it skips, and less where a word begins. */
function lettersScore(name: string, letters: string): number | null {
  let score = 10;
  let from = 0;
  for (const letter of letters) {
    const next = name.indexOf(letter, from);
    if (next < 0) return null;
    const start = startOf(name, letter, from);
    const at = start ?? next;
    score += at === from ? 0 : start === null ? 3 : 1;
    from = at + 1;
  }
  return score;
}

/** The next word from here on that begins with the letter. */
function startOf(name: string, letter: string, from: number): number | null {
  for (let at = name.indexOf(letter, from); at >= 0; at = name.indexOf(letter, at + 1)) {
    if (isWordStart(name, at)) return at;
  }
  return null;
}

const isWordStart = (name: string, at: number) => at === 0 || !/[\p{L}\p{N}]/u.test(name[at - 1] as string);
