// The overlays of "Where did it look?" on the token text: what lasts (region, spread over masks) lies below what is only held or pointed
// at (a cell, the masked picture). When the hand lets go, what was there before comes back, whoever had put it there.

import { setTokenOverlay, type TokenOverlay, tokenOverlay } from "@/client/tokenOverlay";

let lasting: TokenOverlay | null = null;
let passing: TokenOverlay | null = null;
let before: TokenOverlay | null = null;

/** Shows an overlay that stays until it is cleared, or takes it away; another's is left alone. */
export function setLastingOverlay(overlay: TokenOverlay | null): void {
  const isShown = tokenOverlay() === lasting && lasting !== null;
  const previous = lasting;
  lasting = overlay;
  if (passing) {
    if (overlay || before === previous) before = overlay;
  } else if (overlay || isShown) setTokenOverlay(overlay);
}

/** The overlay that stays, if it is one of these. */
export function lastingOverlay(): TokenOverlay | null {
  return lasting;
}

/** Shows an overlay for as long as something is held or pointed at; null brings back what was there. */
export function setPassingOverlay(overlay: TokenOverlay | null): void {
  if (!passing && !overlay) return;
  if (!passing) before = tokenOverlay();
  const isShown = !passing || tokenOverlay() === passing;
  passing = overlay;
  if (isShown) setTokenOverlay(overlay ?? before);
  if (!overlay) before = null;
}
