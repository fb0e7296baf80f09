// The answer inside a text: the content of its last \boxed{} (official reward_function/math.py with MathRuler's
// extract_boxed_content), and the plainest reward on it, exact match. Judging mathematical equality is grade.ts's business.

const noAnswer = "None";
const boxStart = "\\boxed{";

/**
 * The text as the official reward reads it: without white space around < > and / (math.py's re.sub of `\s*(<|>|/)\s*`).
 * Written without that pattern, which takes quadratic time on a long run of spaces.
 */
export function responseText(text: string): string {
  const parts = text.split(/([<>/])/);
  return parts
    .map((part, i) => {
      const start = i > 0 ? part.trimStart() : part;
      return i < parts.length - 1 ? start.trimEnd() : start;
    })
    .join("");
}

/** The text in the last \boxed{...}, trimmed, without white space around < > and /; "None" when there is none or it is not closed. */
export function extractBoxed(text: string): string {
  const answer = responseText(text);
  const start = answer.lastIndexOf(boxStart);
  if (start < 0) return noAnswer;
  const content = answer.slice(start + boxStart.length);
  let depth = 1;
  for (let i = 0; i < content.length; i++) {
    if (content[i] === "{") depth++;
    else if (content[i] === "}") depth--;
    if (depth === 0) return content.slice(0, i).trim();
  }
  return noAnswer;
}

/** 1 when the boxed answer of the text is the truth, character by character after trimming, else 0. */
export function exactMatch(text: string, truth: string): 0 | 1 {
  return extractBoxed(text) === truth.trim() ? 1 : 0;
}
