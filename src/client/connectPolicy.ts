// Where this page may fetch models from, as its own content security policy says (the tag that vite.config.ts writes): asked before the
// engine is, so that a server that is not let in is named, with the option that lets it in, instead of failing like a dead network. It also
// binds the engine's worker on hosts that send no headers, where the tag alone would not.

import { UserError } from "@/lib/errors";

/** The page's policy does not let it fetch from a server. */
export class BlockedHostError extends UserError {
  override readonly name = "BlockedHostError";
  constructor(origin: string) {
    super(
      `Nothing was fetched from ${origin}`,
      "this page's security policy lets it connect to its own server and the Hugging Face Hub only",
      `If you trust that server, start the page with: npm start -- --allow ${origin}`,
    );
  }
}

/** The sources of a policy's connect-src; null where the policy has none, and so forbids nothing. */
export function connectSources(policy: string): readonly string[] | null {
  for (const directive of policy.split(";")) {
    const [name, ...sources] = directive.trim().split(/\s+/);
    if (name === "connect-src") return sources;
  }
  return null;
}

/** Whether a fetch to `url` is let in by these sources, on a page of origin `self`. */
export function mayConnect(url: URL, sources: readonly string[], self: string): boolean {
  return sources.some((source) => (source === "'self'" ? url.origin === self : matches(url, source)));
}

/** Throws BlockedHostError where this document's policy forbids to fetch from the address; relative addresses are the page's own. */
export function checkConnect(address: string): void {
  if (typeof document === "undefined" || !URL.canParse(address, document.baseURI)) return;
  const policy = document.querySelector<HTMLMetaElement>('meta[http-equiv="Content-Security-Policy"]')?.content ?? "";
  const sources = connectSources(policy);
  const url = new URL(address, document.baseURI);
  if (sources && !mayConnect(url, sources, location.origin)) throw new BlockedHostError(url.origin);
}

const ports: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

function matches(url: URL, source: string): boolean {
  const [, scheme = "", host = "", , port] = /^(https?:)\/\/(\[[^\]]*\]|[^:/]+)(:(\d+|\*))?$/.exec(source) ?? [];
  // As browsers do it: who lets http in lets https in.
  if (url.protocol !== scheme && !(scheme === "http:" && url.protocol === "https:")) return false;
  const isHost = host.startsWith("*.") ? url.hostname.endsWith(host.slice(1)) : url.hostname === host;
  return isHost && (port === "*" || (url.port || ports[url.protocol]) === (port ?? ports[url.protocol]));
}
