// A small static server for the built page, used by `npm start` and by the end-to-end tests: files of one folder, to this
// machine only, with the headers a public host should send too. No listing, no writing, nothing outside the folder.

import { createReadStream } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { basename, extname, join, sep } from "node:path";
import { headerPolicy, widenTag } from "./contentPolicy.mjs";

const types = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".jinja": "text/plain; charset=utf-8",
  ".jpg": "image/jpeg",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".safetensors": "application/octet-stream",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".webp": "image/webp",
};

// The frame that runs the user's own reward function (public/sandbox.html, which says the same for other hosts): an origin of its own,
// its own script, workers from that, and nothing else.
const sandboxPolicy = [
  "default-src 'none'",
  "script-src 'unsafe-inline' blob:",
  "worker-src blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
  "sandbox allow-scripts",
].join("; ");

const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** Path of the file that a URL means, or undefined when there is none inside `folder`. */
export async function fileOf(folder, url) {
  let path;
  try {
    path = decodeURIComponent(new URL(url, "http://localhost").pathname);
  } catch {
    return undefined;
  }
  if (path.includes("\0") || path.includes("\\")) return undefined;
  if (path.endsWith("/")) path += "index.html";
  try {
    // The real path, so that neither ".." nor a link leads out of the folder.
    const [base, file] = await Promise.all([realpath(folder), realpath(join(folder, path))]);
    return file.startsWith(base + sep) && (await stat(file)).isFile() ? file : undefined;
  } catch {
    return undefined;
  }
}

/** First and last byte of a `Range` header for one range, undefined without one, null when it cannot be met. */
export function rangeOf(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  const [start, end] =
    match[1] === ""
      ? [Math.max(0, size - Number(match[2])), size - 1]
      : [Number(match[1]), match[2] === "" ? size - 1 : Number(match[2])];
  return start >= size || start > end ? null : [start, Math.min(end, size - 1)];
}

async function answer(folder, allow, request, response) {
  if (request.method !== "GET" && request.method !== "HEAD") return end(response, 405, { Allow: "GET, HEAD" });
  const file = await fileOf(folder, request.url ?? "/");
  if (!file) return end(response, 404);
  const { size, mtimeMs } = await stat(file);
  const changed = allow.length > 0 && basename(file) === "index.html" ? await widened(file, allow) : undefined;
  const tag = `"${(changed?.byteLength ?? size).toString(36)}-${Math.round(mtimeMs).toString(36)}"`;
  const common = {
    "Accept-Ranges": "bytes",
    // Files with a hash in their name never change; everything else is asked for again.
    "Cache-Control": file.includes(`${sep}assets${sep}`) ? "public, max-age=31536000, immutable" : "no-cache",
    "Content-Type": types[extname(file).toLowerCase()] ?? "application/octet-stream",
    ETag: tag,
    "Content-Security-Policy":
      basename(file) === "sandbox.html" ? sandboxPolicy : headerPolicy(allow, isEmbedding(request.url ?? "/")),
  };
  if (request.headers["if-none-match"] === tag) return end(response, 304, common);
  if (changed) {
    response.writeHead(200, { ...headers, ...common, "Content-Length": changed.byteLength });
    return response.end(request.method === "HEAD" ? undefined : changed);
  }
  const range = rangeOf(request.headers.range, size);
  if (range === null) return end(response, 416, { "Content-Range": `bytes */${size}` });
  const [start, last] = range ?? [0, size - 1];
  response.writeHead(range ? 206 : 200, {
    ...headers,
    ...common,
    "Content-Length": last - start + 1,
    ...(range && { "Content-Range": `bytes ${start}-${last}/${size}` }),
  });
  if (request.method === "HEAD" || size === 0) return response.end();
  createReadStream(file, { start, end: last })
    .on("error", () => response.destroy())
    .pipe(response);
}

/** The page with its policy's tag as wide as the header: a browser obeys both. */
async function widened(file, allow) {
  return Buffer.from(widenTag(await readFile(file, "utf8"), allow));
}

const isEmbedding = (url) => new URL(url, "http://localhost").searchParams.has("embed");

function end(response, status, extra = {}) {
  response.writeHead(status, {
    ...headers,
    "Content-Security-Policy": headerPolicy(),
    "Content-Type": "text/plain; charset=utf-8",
    ...extra,
  });
  response.end(status === 304 ? undefined : `${status}\n`);
}

/**
 * Serves `folder` on localhost; resolves to the server and its port: `port`, or the next free one unless `strict`. `allow` are addresses
 * besides the Hub that the page may fetch models from.
 * @param {string} folder
 * @param {{ port: number, strict?: boolean, allow?: readonly string[] }} options
 */
export function serveFolder(folder, { port, strict = false, allow = [] }) {
  const server = createServer((request, response) => {
    answer(folder, allow, request, response).catch(() => {
      if (response.headersSent) response.destroy();
      else end(response, 500);
    });
  });
  return new Promise((resolve, reject) => {
    let current = port;
    server.on("error", (error) => {
      if (error.code !== "EADDRINUSE" || strict || current >= port + 100) return reject(error);
      server.listen(++current, "localhost");
    });
    server.on("listening", () => resolve({ server, port: server.address().port }));
    server.listen(current, "localhost");
  });
}
