// Joins CSS module class names; absent and false ones are left out.

/** Space-separated class names of the given parts. */
export function classes(...parts: readonly (string | false | null | undefined)[]): string {
  return parts.filter(Boolean).join(" ");
}
