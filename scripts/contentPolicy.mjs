// THE content security policy of the page, for the server's header (server.mjs) and for the tag in the built page (vite.config.ts), which
// works on hosts that send no headers: nothing is allowed but what stands here. Models on other servers are a wish of the user's: `npm start
// -- --allow https://host`, or VPPO_ALLOW="https://host https://other" for a build that goes to another host.

/** Where the page may fetch: models of the Hub, which sends large files on to hosts below hf.co (cdn-lfs, cas-bridge.xethub and others). */
const hub = ["https://huggingface.co", "https://*.huggingface.co", "https://*.hf.co"];

/**
 * What only a header can say (a tag is not asked about frames). The page may be framed as `?embed=…`, which shows one panel and nothing that
 * could be lost by a click; the whole page with its stored runs may not, so that no other site can lead clicks onto it.
 */
const frames = (isEmbedded) => `frame-ancestors ${isEmbedded ? "*" : "'none'"}`;

/** Directives of the page and its workers; `allow` are further addresses that models may come from. */
function directives(allow) {
  return [
    "default-src 'none'",
    // WebAssembly is compiled where there is no WebGPU; nothing else may make code out of data.
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    // The sandbox of reward functions (public/sandbox.html), which has a policy of its own.
    "frame-src 'self'",
    `connect-src ${["'self'", ...hub, ...allow].join(" ")}`,
    "img-src 'self' blob: data:",
    // The component library adds a style element, and charts set sizes and colours in style attributes; styles can fetch nothing here.
    "style-src 'self' 'unsafe-inline'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ];
}

/**
 * The policy for a tag in the page.
 * @param {readonly string[]} allow
 */
export function metaPolicy(allow = []) {
  return directives(allow).join("; ");
}

/**
 * The policy for a header.
 * @param {readonly string[]} allow
 */
export function headerPolicy(allow = [], isEmbedded = false) {
  return [...directives(allow), frames(isEmbedded)].join("; ");
}

/**
 * The tag of a built page, with further addresses let in.
 * @param {string} html
 * @param {readonly string[]} allow
 */
export function widenTag(html, allow) {
  return html.replace(/(http-equiv="Content-Security-Policy"\s+content="[^"]*?connect-src [^;"]*)/, (found) =>
    [found, ...allow.filter((address) => !found.split(" ").includes(address))].join(" "),
  );
}

/**
 * Checks addresses that are to be allowed: http or https, a host, perhaps a port or "*" for any, and nothing behind it.
 * Throws with one sentence for anything else, because whatever stands here becomes part of the policy.
 * @param {readonly string[]} values
 */
export function allowedAddresses(values) {
  return values.map((value) => {
    const address = value.trim().replace(/\/$/, "");
    if (
      /^https?:\/\/(\*\.)?[a-z0-9.-]+(:(\d{1,5}|\*))?$/i.test(address) ||
      /^https?:\/\/\[[0-9a-f:]+\](:(\d{1,5}|\*))?$/i.test(address)
    )
      return address;
    throw new Error(`--allow takes an address such as https://models.example or http://127.0.0.1:8000, not "${value}".`);
  });
}

/**
 * Addresses that VPPO_ALLOW names, parted by spaces or commas.
 * @param {Readonly<Record<string, string | undefined>>} environment
 */
export function allowedByEnvironment(environment = process.env) {
  return allowedAddresses((environment.VPPO_ALLOW ?? "").split(/[\s,]+/).filter(Boolean));
}
