// A page of this repository in headless Chromium on WebGPU, for scripts that run the engine where users run it: Vite serves the
// sources, nothing is built. The page is ready when it has set the named property of `window`.

import { join } from "node:path";
import { chromium, type Page } from "@playwright/test";
import { createServer } from "vite";
import { browserLaunch } from "./chromium.mjs";

const root = new URL("../", import.meta.url).pathname;

/** An open page with its server and browser. */
export interface BrowserPage {
  readonly page: Page;
  /** Rejects when the tab crashes; race it with long calls. */
  readonly crashed: Promise<never>;
  close(): Promise<void>;
}

/**
 * Opens `path` (relative to the repository) and waits until `window[readyName]` exists; what the page logs is printed.
 * @param profile Folder of a browser profile: with one, what the page stores lies on the disk, without, in memory.
 */
export async function openBrowserPage(path: string, readyName: string, profile?: string): Promise<BrowserPage> {
  const server = await createServer({
    root,
    configFile: false,
    logLevel: "error",
    cacheDir: join(root, "node_modules/.vite-scripts", path.replaceAll("/", "-")),
    resolve: { alias: { "@": join(root, "src") } },
    // Everything is found before the page opens: a dependency found later would reload it in the middle.
    optimizeDeps: { entries: [path] },
    server: { host: "127.0.0.1", port: 0, hmr: false, watch: null, fs: { allow: [root] } },
  });
  await server.listen();
  const address = server.httpServer?.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const launch = browserLaunch();
  const browser = profile ? await chromium.launchPersistentContext(profile, launch) : await chromium.launch(launch);
  const close = async () => {
    await browser.close();
    await server.close();
  };
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    page.on("console", (message) => {
      // Vite's own messages are of type debug; a missing optional file of a checkpoint is no news.
      const isNews = message.type() !== "debug" && !message.text().startsWith("Failed to load resource");
      if (isNews) console.log(message.text());
    });
    page.on("pageerror", (error) => console.error(error.message));
    const crashed = new Promise<never>((_, fail) => {
      page.once("crash", () => fail(new Error("the browser tab crashed")));
    });
    crashed.catch(() => undefined);
    await page.goto(`http://127.0.0.1:${port}/${path}`);
    await page.waitForFunction((name) => name in window, readyName, { timeout: 120_000 });
    return { page, crashed, close };
  } catch (error) {
    await close();
    throw error;
  }
}
