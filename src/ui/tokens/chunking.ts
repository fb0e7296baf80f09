// Cuts a stream of token texts into the blocks that token text is drawn in: a new block after a line break, after the end of the
// thinking part, and in very long lines at the end of a sentence. Pure; works token by token, so that streaming never re-cuts.

/** Where a token goes. */
export interface ChunkPlace {
  /** True when the token opens a new block. */
  readonly opens: boolean;
  /** True while inside `<think> … </think>`, tags included. */
  readonly thinking: boolean;
  /** True for the token that completes `</think>`; without an opening tag everything before it was thinking. */
  readonly endsThinking: boolean;
}

/** Takes token texts in order and says where each goes. */
export interface Chunker {
  place(text: string): ChunkPlace;
}

const sentenceCutAfter = 96;
const hardCutAfter = 192;
const openTag = "<think>";
const closeTag = "</think>";

/** A chunker at the start of a text. */
export function createChunker(): Chunker {
  let count = 0;
  let cutNext = true;
  let thinking = false;
  let closing = false;
  let hasThought = false;
  // Tags may be spread over several tokens, so the end of what was read is kept.
  let tail = "";
  return {
    place(text) {
      if (closing && text.trim() !== "") {
        thinking = false;
        closing = false;
      }
      tail = (tail + text).slice(-64);
      // White space after a cut stays at the end of its block: alone it would be an empty line.
      const isFirst = count === 0;
      const opens = cutNext && (isFirst || text.trim() !== "");
      count = opens ? 1 : count + 1;
      if (!thinking && opensThinking(tail, text)) thinking = true;
      // Templates of thinking models end with the opening tag, so that the answer itself only has the closing one.
      const closes = (thinking || !hasThought) && tail.includes(closeTag);
      cutNext =
        (cutNext && !opens) ||
        text.includes("\n") ||
        (count >= sentenceCutAfter && /[.!?]\s*$/.test(text)) ||
        count >= hardCutAfter;
      if (closes) {
        closing = true;
        cutNext = true;
        hasThought = true;
        tail = "";
      }
      return { opens, thinking, endsThinking: closes };
    },
  };
}

function opensThinking(tail: string, text: string): boolean {
  const read = tail.trimStart();
  // The first tokens of an answer may be pieces of the tag ("<", "think", ">"): they belong to it from the first piece on.
  return tail.includes(openTag) || (read.length <= openTag.length && openTag.startsWith(read.trimEnd()) && text.trim() !== "");
}

/** Tokens as they are shown: white space gets a visible sign, special tokens and empty pieces stay recognisable. */
export function displayText(text: string): string {
  if (text === "") return "∅";
  return text
    .replaceAll("\n", "⏎\n")
    .replaceAll("\t", "⇥")
    .replaceAll(unseen, (character) => `⟨${unseenCode(character)}⟩`);
}

const unseen = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Cuts a text around every character that has no shape of its own but hides or changes what is around it: controls, zero-width
 * characters, and the marks that turn the direction of text, with which an answer could make another one be read.
 */
export function splitUnseen(text: string): readonly string[] {
  return text.split(/((?!\n|\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}])/u).filter((piece) => piece !== "");
}

/** "U+202E" for a piece that is such a character; undefined for others. */
export function unseenCode(piece: string): string | undefined {
  if (!/^(?!\n|\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]$/u.test(piece)) return undefined;
  return `U+${(piece.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** Real tokens are shorter; those of a damaged or foreign file may be anything. */
const longestLabel = 80;

/** A token's name in lists and titles: a leading space gets a visible sign, so that " bus" and "bus" stay apart. */
export function tokenLabel(text: string): string {
  const shown = text.length > longestLabel ? `${text.slice(0, longestLabel)}…` : text;
  return displayText(shown)
    .replace(/^ +/, (spaces) => "␣".repeat(spaces.length))
    .replaceAll("\n", "");
}

/** True for tokens like `<|im_end|>` and `<end_of_utterance>` that end or structure a text. */
export function isSpecialToken(text: string): boolean {
  return /^<(\|.*\||[a-z]+_[a-z_]+|\/?s)>$/.test(text);
}
