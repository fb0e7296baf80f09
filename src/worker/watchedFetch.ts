// Fetching in the engine's worker with an ear for the content security policy: the page has checked the address (client/connectPolicy.ts),
// but a server may send the request on to one that is not let in. A browser says no more than "failed to fetch" there; this says why.

import { DownloadError } from "@/fetching/folder";

/** Longest that the browser's report of a forbidden connection may come after the failure. */
const reportMs = 50;

/** `fetch` that names the policy where it was the policy that refused. */
export function watchedFetch(scope: Pick<EventTarget, "addEventListener">, send: typeof fetch): typeof fetch {
  let blocked = 0;
  scope.addEventListener("securitypolicyviolation", (event) => {
    if ("effectiveDirective" in event && event.effectiveDirective === "connect-src") blocked++;
  });
  return async (input, init) => {
    const before = blocked;
    try {
      return await send(input, init);
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
      await new Promise((resolve) => setTimeout(resolve, reportMs));
      if (blocked === before) throw cause;
      const { origin } = new URL(input instanceof Request ? input.url : String(input));
      throw new DownloadError(
        `${origin} could not be read`,
        "it is not let in by this page's security policy, or it sends requests on to a server that is not",
        "Start the page with that server let in as well: npm start -- --allow https://its-address",
        { cause },
      );
    }
  };
}
