// Service worker: keeps the page, its code and the embedded model, so that everything works without a network after one visit.
// Files with a hash in their name (assets/) never change and come from the cache; everything else is asked of the network first
// and falls back to what was kept. Only this origin's GET requests are touched. Registered by src/app/serviceWorker.ts.

const cacheName = "vppo-playground-1";
/** Bytes of the largest file that is kept whole; larger models have their own cache (src/fetching/weightCache.ts). */
const largestKept = 32 * 1024 * 1024;

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name !== cacheName) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("message", (event) => {
  if (event.data?.type !== "keep") return;
  event.waitUntil(keep(event.data.urls));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const isOurs = new URL(request.url).origin === self.location.origin;
  if (request.method !== "GET" || !isOurs) return;
  if (request.headers.has("range")) event.respondWith(partFromNetworkFirst(request, event));
  else event.respondWith(isImmutable(request.url) ? fromCacheFirst(request) : fromNetworkFirst(request));
});

// Weight files are read from an offset on ("Range: bytes=N-"). An answer in parts cannot be kept, so a small file is kept whole
// beside the first one, and cut here when the network is gone.
async function partFromNetworkFirst(request, event) {
  const cache = await caches.open(cacheName);
  try {
    const response = await fetch(request);
    const size = Number(response.headers.get("content-range")?.split("/")[1] ?? response.headers.get("content-length"));
    if (response.ok && size <= largestKept) event.waitUntil(keep([request.url]));
    return response;
  } catch (error) {
    const kept = await cache.match(request.url, { ignoreVary: true });
    const [, from] = /^bytes=(\d+)-$/.exec(request.headers.get("range")) ?? [];
    if (!kept || from === undefined) throw error;
    const bytes = await kept.arrayBuffer();
    const headers = { "Content-Range": `bytes ${from}-${bytes.byteLength - 1}/${bytes.byteLength}` };
    return new Response(bytes.slice(Number(from)), { status: 206, headers });
  }
}

function isImmutable(url) {
  return new URL(url).pathname.includes("/assets/");
}

async function fromCacheFirst(request) {
  const cache = await caches.open(cacheName);
  return (await cache.match(request, { ignoreVary: true })) ?? fetchAndKeep(cache, request);
}

async function fromNetworkFirst(request) {
  const cache = await caches.open(cacheName);
  const isPage = request.mode === "navigate";
  try {
    if (isPage) return await fetchPage(cache, request);
    return await fetchAndKeep(cache, request);
  } catch (error) {
    const kept =
      (await cache.match(request, { ignoreVary: true, ignoreSearch: isPage })) ??
      (isPage ? await cache.match(self.registration.scope, { ignoreVary: true }) : undefined);
    if (kept) return kept;
    throw error;
  }
}

// A page that changed belongs to a new version: the code of the old one is dropped.
async function fetchPage(cache, request) {
  const before = await cache.match(request, { ignoreVary: true });
  const response = await fetchAndKeep(cache, request);
  if (before && response.status === 200 && (await before.text()) !== (await response.clone().text())) {
    for (const kept of await cache.keys()) if (isImmutable(kept.url)) await cache.delete(kept);
  }
  return response;
}

async function fetchAndKeep(cache, request) {
  const response = await fetch(request);
  // That a file does not exist is kept too: an optional file of a model must be missing, not unreachable, without a network.
  const isWorthKeeping = response.status === 200 || (response.status === 404 && !isImmutable(request.url));
  // A full disk must not break the page: the answer is used even if it cannot be kept.
  if (isWorthKeeping) await cache.put(request, response.clone()).catch(() => {});
  return response;
}

async function keep(urls) {
  const cache = await caches.open(cacheName);
  const ours = urls.filter((url) => url.startsWith(self.location.origin));
  await Promise.all(
    ours.map(async (url) => {
      if (!(await cache.match(url, { ignoreVary: true }))) await fetchAndKeep(cache, new Request(url)).catch(() => {});
    }),
  );
}
