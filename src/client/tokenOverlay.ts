// Numbers laid over the tokens of the shown answer for a while, in place of the chosen colouring: how much each depends on a region
// of the picture, on one cell of an occlusion map, on another answer. Whoever measured them sets them; the text draws them.

/** A second heatmap. */
export interface TokenOverlay {
  /** What the numbers are, for legend and badge: "Depends on the region". */
  readonly label: string;
  readonly unit: string;
  readonly signed: boolean;
  /** One array per rollout of the shown answer, one entry per token; an empty array leaves a rollout uncoloured. */
  readonly values: readonly Float32Array[];
  /** Takes the overlay away, and what made it. */
  readonly clear: () => void;
}

let overlay: TokenOverlay | null = null;
const listeners = new Set<() => void>();

/** The present overlay; null while the chosen colouring shows. */
export function tokenOverlay(): TokenOverlay | null {
  return overlay;
}

/** Shows an overlay or takes it away. */
export function setTokenOverlay(next: TokenOverlay | null): void {
  if (overlay === next) return;
  overlay = next;
  for (const listener of listeners) listener();
}

/** Calls back when the overlay changes; returns the way to stop. */
export function subscribeTokenOverlay(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
