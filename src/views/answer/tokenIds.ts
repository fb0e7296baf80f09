// Element ids of the tokens of the open rollout: `${tokenIdPrefix}-${index}`, for aria-activedescendant and for the pop-over.

/** Start of the id of every token element. */
export const tokenIdPrefix = "answer-token";

/** The element of a token of the open rollout, if it is drawn. */
export function tokenElement(index: number): HTMLElement | null {
  return document.getElementById(`${tokenIdPrefix}-${index}`);
}
