// The reward of a text answer: the content of its last \boxed{} against the truth (official reward_function/math.py
// compute_score_wo_format, MathRuler's extract_boxed_content). Exact match only; mathematical equivalence is not judged here.

const noAnswer = "None";
const boxStart = "\\boxed{";

/** The text in the last \boxed{...}, trimmed, without white space around < > and /; "None" when there is none or it is not closed. */
export function extractBoxed(text: string): string {
  const answer = text.replace(/\s*(<|>|\/)\s*/g, "$1");
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
