// One page with a loaded model for many specs: `workbench` opens it once per worker process, because kernels compile for seconds on
// SwiftShader. Every test begins with `fresh`, which loads the page again with the settings it needs; shaders stay compiled. With
// VPPO_E2E_WASM set the page runs without WebGPU, which is quicker to try a spec with.

import { type BrowserContext, test as base, type LaunchOptions, type Page } from "@playwright/test";
import { browserLaunch } from "../../scripts/chromium.mjs";
import { openReady, smallSettings } from "./playground";
import { wasmLaunch } from "./runs";

interface WorkbenchFixtures {
  /** The shared page; call `fresh` first. */
  readonly workbench: Page;
}

/** Playwright's `test` with the shared page on WebGPU. */
export const test = testWith(process.env.VPPO_E2E_WASM ? wasmLaunch : browserLaunch());

/** The same on WebAssembly, for what does not depend on the engine: how the page looks, reads and is used. */
export const wasmTest = testWith(wasmLaunch);

function testWith(launch: LaunchOptions) {
  return base.extend<object, WorkbenchFixtures>({
    workbench: [
      async ({ playwright }, use, { project }) => {
        const { baseURL, viewport } = project.use;
        const browser = await playwright.chromium.launch(launch);
        const context: BrowserContext = await browser.newContext({
          ...(baseURL === undefined ? {} : { baseURL }),
          ...(viewport === undefined ? {} : { viewport }),
          permissions: ["clipboard-read", "clipboard-write"],
        });
        const page = await context.newPage();
        page.setDefaultTimeout(30_000);
        await use(page);
        await browser.close();
      },
      { scope: "worker", timeout: 240_000 },
    ],
  });
}

/** The page as a first visitor with these settings has it, and the model loaded; nothing of earlier tests is left but shaders. */
export async function fresh(page: Page, settings = smallSettings, query = ""): Promise<void> {
  await page.setViewportSize({ width: 1440, height: 900 });
  // A file of the same origin: the page is gone, so nothing holds the databases or writes settings on leaving.
  await page.goto("/recorded/example.json");
  await page.evaluate(async () => {
    localStorage.clear();
    for (const { name } of await indexedDB.databases()) {
      if (name === undefined) continue;
      await new Promise((resolve) => {
        const request = indexedDB.deleteDatabase(name);
        request.onsuccess = resolve;
        request.onerror = resolve;
        request.onblocked = resolve;
      });
    }
  });
  await openReady(page, settings, query);
}
