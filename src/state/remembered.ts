// Small values that the page remembers between visits: seen, skipped, switched off. Nothing depends on them: where the browser keeps
// nothing, they are forgotten.

/** A small remembered value of the page; null when there is none or storage is closed. */
export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Remembers a small value; private windows and full disks simply forget. */
export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Nothing depends on it.
  }
}
