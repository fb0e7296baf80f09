// The letter of a multiple-choice answer, for the reward that compares letters only.

/** The letter A to Z of an answer: A, a, (A), A., A) text, (A) text, A: text, also in \text{} or $ $; undefined for anything else. */
export function choiceLetter(answer: string): string | undefined {
  let text = answer.trim().replace(/^\$+|\$+$/g, "");
  // Each turn removes one wrapper, so a hostile nesting ends soon.
  for (let i = 0; i < 4; i++) {
    const inner = /^(?:\\(?:text|textbf|textrm|mathrm|mathbf)\s*)?\{(.*)\}\.?$/s.exec(text)?.[1];
    if (inner === undefined) break;
    text = inner.trim();
  }
  const match = /^(?:\(([a-z])\)(?:[.:]?(?:\s.*)?)|([a-z])(?:[.):](?:\s.*)?)?)$/is.exec(text);
  return (match?.[1] ?? match?.[2])?.toUpperCase();
}
