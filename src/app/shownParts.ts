// Which parts of the page an address shows: `?embed=answer` one panel alone with a link to the whole page, `?hide=top,settings` the page
// without some parts, for teachers. Both may also stand behind the #, beside the settings. Read once: they belong to the frame, not to the state.

/** Parts that can be hidden besides the panels; the id of a panel or of a tab hides that. */
export const hideableParts = ["top", "notes", "train", "status"] as const;

export interface ShownParts {
  /** Id of the only panel; null for the whole page. */
  readonly embed: string | null;
  readonly hidden: ReadonlySet<string>;
  /** A sentence for every name that means nothing here. */
  readonly problems: readonly string[];
}

/** Reads an address; `panels` are the ids of all panels and tabs. */
export function shownPartsOf({ search, hash }: Pick<Location, "search" | "hash">, panels: readonly string[]): ShownParts {
  const own = new URLSearchParams(search);
  const linked = new URLSearchParams(hash.replace(/^#/, ""));
  const read = (key: string) => own.get(key) ?? linked.get(key);
  const problems: string[] = [];
  const wanted = read("embed");
  const embed = panels.find((id) => id === wanted) ?? null;
  if (wanted !== null && embed === null) {
    problems.push(
      `The panel “${wanted.slice(0, 40)}” of the address is not known, so the whole page is shown. Known: ${panels.join(", ")}.`,
    );
  }
  const names = (read("hide") ?? "").split(",").filter((name) => name !== "");
  const known: readonly string[] = [...hideableParts, ...panels];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    problems.push(`Nothing was hidden for “${unknown.join(", ").slice(0, 80)}” of the address. Known: ${known.join(", ")}.`);
  }
  return { embed, hidden: new Set(names.filter((name) => known.includes(name))), problems };
}

/** The same address without embedding and hiding: the whole page with the same settings. */
export function wholePageAddress(address: string, hash: string): string {
  const url = new URL(address);
  url.searchParams.delete("embed");
  url.searchParams.delete("hide");
  url.hash = hash;
  return url.href;
}
