// Serves the bench's cache folder to its page: models by ranges, and transformers.js as it was published, which Vite would
// rewrite. To this machine only; any origin may read, because the page comes from Vite's own port.

import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";
import { rangeOf } from "../../scripts/server.mjs";

const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** A running server. */
export interface FileServer {
  /** Without a slash at the end. */
  readonly origin: string;
  close(): void;
}

/** Starts serving the files under `folder`. */
export async function serveFiles(folder: string): Promise<FileServer> {
  const server = createServer((request, response) => {
    const cross = {
      "Access-Control-Allow-Origin": "*",
      "Access-Control-Allow-Headers": "*",
      "Access-Control-Expose-Headers": "*",
    };
    if (request.method === "OPTIONS") return void response.writeHead(204, cross).end();
    const path = normalize(join(folder, decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname)));
    const found = path.startsWith(folder + sep) ? statSync(path, { throwIfNoEntry: false }) : undefined;
    if (!found?.isFile()) return void response.writeHead(404, cross).end();
    const range = rangeOf(request.headers.range, found.size);
    if (range === null) return void response.writeHead(416, cross).end();
    const [start = 0, end = found.size - 1] = range ?? [];
    response.writeHead(range ? 206 : 200, {
      ...cross,
      "Accept-Ranges": "bytes",
      "Content-Type": types[extname(path)] ?? "application/octet-stream",
      "Content-Length": end - start + 1,
      ...(range && { "Content-Range": `bytes ${start}-${end}/${found.size}` }),
    });
    if (request.method === "HEAD") return void response.end();
    const stream = createReadStream(path, { start, end });
    // The page may go away in the middle of a file.
    response.on("close", () => stream.destroy());
    stream.pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
