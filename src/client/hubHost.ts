// Another hub than huggingface.co, named in the page's address: "?hub=https://mirror.example", as HF_ENDPOINT does for Python. The
// engine checks the address; tokens are not sent to mirrors (fetching/hub.ts).

/** The hub that an address's query names; undefined for huggingface.co. */
export function hubHostOf(search: string): string | undefined {
  return new URLSearchParams(search).get("hub")?.trim() || undefined;
}
