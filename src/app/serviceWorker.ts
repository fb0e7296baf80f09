// Registers the service worker (public/sw.js) in production builds, so that after one visit the page works without a network.
// The page waits for it before the engine starts, because only what passes through the worker can be kept.

/** How long the first visit waits for the worker to take over; without it the page works, but not offline. */
const longestWaitMs = 3000;

/** Makes the page work offline; resolves when requests are being kept, when that is impossible, or after a short wait. */
export async function startServiceWorker(): Promise<void> {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register(new URL("sw.js", document.baseURI));
    await Promise.race([controlled(), new Promise((resolve) => setTimeout(resolve, longestWaitMs))]);
  } catch (error) {
    // Private windows and plain http forbid it; everything but offline use works.
    console.info("Offline use is not available:", error);
  }
}

/** Has everything kept that this page has loaded, also what came before the worker had taken over, and the code it may need later. */
export async function keepForOffline(): Promise<void> {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const registration = await navigator.serviceWorker.getRegistration();
  const urls = performance.getEntriesByType("resource").map((entry) => entry.name);
  registration?.active?.postMessage({ type: "keep", urls: [location.href.split("#")[0], ...urls, ...(await builtFiles())] });
}

/** Addresses of every script and style of this build (vite.config.ts writes the list); none where it cannot be had. */
async function builtFiles(): Promise<readonly string[]> {
  try {
    const names: unknown = await (await fetch(new URL("assets.json", document.baseURI))).json();
    const known = Array.isArray(names) ? names.filter((name): name is string => typeof name === "string") : [];
    return known.map((name) => new URL(name, document.baseURI).href);
  } catch {
    return [];
  }
}

function controlled(): Promise<void> {
  if (navigator.serviceWorker.controller) return Promise.resolve();
  return new Promise((resolve) => {
    navigator.serviceWorker.addEventListener("controllerchange", () => resolve(), { once: true });
  });
}
