// A checkpoint under fixtures/ as a folder, for tests in Node. Test code only.

import { readFile } from "node:fs/promises";
import type { CheckpointFolder } from "@/fetching/folder";
import { httpFolder } from "@/fetching/httpFolder";

const fileFetch = (async (url: URL) => {
  const bytes = await readFile(url).catch(() => undefined);
  if (!bytes) return new Response(null, { status: 404 });
  return new Response(new Uint8Array(bytes), { headers: { "Content-Length": String(bytes.length) } });
}) as unknown as typeof fetch;

/** The folder fixtures/`name`. */
export function fixtureFolder(name: string): CheckpointFolder {
  return httpFolder(new URL(`../../../fixtures/${name}/`, import.meta.url).href, { fetch: fileFetch });
}
