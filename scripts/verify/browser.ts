// Runs checkpoints in headless Chromium on WebGPU: Vite serves the engine's modules and, read-only, the files of the folders.

import { createReadStream, existsSync, statSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join, resolve, sep } from "node:path";
import { chromium, type Page } from "@playwright/test";
import { createServer, type Plugin } from "vite";
import type { VerifyLine } from "@/lib/verifyLine";
import type { GgufFiles } from "@/protocol/model";
import { chromiumFlags, findChromium } from "../chromium.mjs";
import type { ServedCheckpoint } from "./page";

const servedPrefix = "/@checkpoints/";
const root = new URL("../../", import.meta.url).pathname;

/** A checkpoint on disk. */
export interface LocalCheckpoint extends Omit<ServedCheckpoint, "path" | "gguf"> {
  readonly directory: string;
  readonly gguf?: { readonly directory: string; readonly files: GgufFiles } | undefined;
}

/** A browser with the engine in it. */
export interface VerifyBrowser {
  /** Name of the WebGPU adapter. */
  readonly adapter: string;
  verify(checkpoint: LocalCheckpoint, onLine: (line: VerifyLine) => void): Promise<void>;
  close(): Promise<void>;
}

/** Answers /@checkpoints/<index>/<file> from the folder of that index, nothing outside it, GET only. */
function serveFolders(directories: readonly string[]): Plugin {
  function answer(request: IncomingMessage, response: ServerResponse): void {
    const [index = "", ...path] = decodeURIComponent((request.url ?? "").split("?")[0] ?? "")
      .replace(/^\//, "")
      .split("/");
    const directory = directories[Number(index)];
    const file = directory && resolve(directory, path.join("/"));
    const isInside = file?.startsWith(`${directory}${sep}`);
    if (request.method !== "GET" || !file || !isInside || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": statSync(file).size });
    createReadStream(file).pipe(response);
  }
  return {
    name: "serve-checkpoints",
    configureServer: ({ middlewares }) => void middlewares.use(servedPrefix.slice(0, -1), answer),
  };
}

/** Starts server and browser for these folders; rejects with one sentence when there is no WebGPU. */
export async function openBrowser(checkpoints: readonly LocalCheckpoint[]): Promise<VerifyBrowser> {
  const directories = checkpoints.flatMap(({ directory, gguf }) => (gguf ? [directory, gguf.directory] : [directory]));
  const pathOf = (directory: string) => `${servedPrefix}${directories.indexOf(directory)}/`;
  const server = await createServer({
    root,
    configFile: false,
    logLevel: "error",
    cacheDir: join(root, "node_modules/.vite-verify"),
    resolve: { alias: { "@": join(root, "src") } },
    plugins: [serveFolders(directories)],
    // Everything is found before the page opens: a dependency found later would reload it in the middle.
    optimizeDeps: { entries: ["scripts/verify/page.html"] },
    server: { host: "127.0.0.1", port: 0, hmr: false, watch: null, fs: { allow: [root] } },
  });
  await server.listen();
  const address = server.httpServer?.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const executablePath = findChromium();
  const browser = await chromium.launch({ args: [...chromiumFlags], ...(executablePath && { executablePath }) });
  const close = async () => {
    await browser.close();
    await server.close();
  };
  try {
    const page = await browser.newPage();
    const listener: { onLine: ((line: VerifyLine) => void) | undefined } = { onLine: undefined };
    await page.exposeFunction("reportLine", (line: VerifyLine) =>
      listener.onLine?.({ ...line, maxDifference: line.maxDifference ?? Number.POSITIVE_INFINITY }),
    );
    await page.goto(`http://127.0.0.1:${port}/scripts/verify/page.html`);
    await page.waitForFunction(() => "verifyServed" in window, undefined, { timeout: 120_000 });
    const adapter = await page.evaluate(() => window.startDevice());
    return {
      adapter,
      verify: async ({ directory, gguf, ...checkpoint }, onLine) => {
        listener.onLine = onLine;
        const served: ServedCheckpoint = {
          ...checkpoint,
          path: pathOf(directory),
          gguf: gguf && { path: pathOf(gguf.directory), files: gguf.files },
        };
        await withCrash(page, (checkpoint) => page.evaluate((c) => window.verifyServed(c), checkpoint), served);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A crashed tab must not leave the script waiting. */
function withCrash<T>(page: Page, run: (input: T) => Promise<void>, input: T): Promise<void> {
  return new Promise((done, fail) => {
    const onCrash = () => fail(new Error("the browser tab crashed"));
    page.once("crash", onCrash);
    run(input)
      .then(done, fail)
      .finally(() => page.off("crash", onCrash));
  });
}
