// Keys of the token listbox: which token a key leads to. Pure, except that it asks for token boxes to move by lines.

/** What the keys need to know of the text. */
export interface TokenWalk {
  readonly count: number;
  textAt(index: number): string;
  isKept(index: number): boolean;
  boxAt(index: number): { readonly left: number; readonly top: number; readonly bottom: number } | undefined;
}

/** The parts of a key event that matter. */
export interface TokenKey {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** The token a key leads to from `from` (−1: none yet); null when the key means nothing here. */
export function moveToken({ key, ctrlKey, metaKey, altKey }: TokenKey, from: number, walk: TokenWalk): number | null {
  if (walk.count === 0 || altKey) return null;
  const last = walk.count - 1;
  const clamp = (index: number) => Math.min(Math.max(index, 0), last);
  const bySentence = ctrlKey || metaKey;
  switch (key) {
    case "ArrowRight":
      return clamp(bySentence ? nextSentence(from, walk) : from + 1);
    case "ArrowLeft":
      return clamp(bySentence ? previousSentence(from, walk) : from - 1);
    case "ArrowDown":
      return otherLine(clamp(from), 1, walk);
    case "ArrowUp":
      return otherLine(clamp(from), -1, walk);
    case "Home":
      return 0;
    case "End":
      return last;
    case "]":
      return keptFrom(from, 1, walk);
    case "[":
      return keptFrom(from, -1, walk);
    default:
      return null;
  }
}

function endsSentence(text: string): boolean {
  return /[.!?>]\s*$|\n/.test(text);
}

function nextSentence(from: number, walk: TokenWalk): number {
  for (let i = Math.max(from, 0); i < walk.count - 1; i++) if (endsSentence(walk.textAt(i))) return i + 1;
  return walk.count - 1;
}

function previousSentence(from: number, walk: TokenWalk): number {
  for (let i = from - 2; i >= 0; i--) if (endsSentence(walk.textAt(i))) return i + 1;
  return 0;
}

/** The next kept token in a direction; where there is none, `from` itself. */
export function keptFrom(from: number, direction: 1 | -1, walk: Pick<TokenWalk, "count" | "isKept">): number {
  for (let i = from + direction; i >= 0 && i < walk.count; i += direction) if (walk.isKept(i)) return i;
  return Math.max(from, 0);
}

/** The token nearest in the next line up or down. */
function otherLine(from: number, direction: 1 | -1, walk: TokenWalk): number {
  const start = walk.boxAt(from);
  if (!start) return from;
  let best = from;
  let line: number | null = null;
  let distance = Number.POSITIVE_INFINITY;
  for (let i = from + direction; i >= 0 && i < walk.count; i += direction) {
    const box = walk.boxAt(i);
    if (!box || (direction === 1 ? box.top < start.bottom - 1 : box.bottom > start.top + 1)) continue;
    line ??= box.top;
    if (Math.abs(box.top - line) > 4) break;
    if (Math.abs(box.left - start.left) < distance) {
      distance = Math.abs(box.left - start.left);
      best = i;
    }
  }
  return best;
}
