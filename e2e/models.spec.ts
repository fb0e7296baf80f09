// Choosing and loading models: the embedded one in another format, repositories of the Hub, pause and cancel, the cache, and what is
// said when something fails. Requests to the Hub are answered by scripts/syntheticHub. On WebAssembly: nothing here depends on the GPU.

import { expect, type Page, test } from "@playwright/test";
import { type SyntheticHub, serveSyntheticHub } from "../scripts/syntheticHub/server";
import { cacheList, chooser, chosenModel, loadButton, lookUpKnown, openChooser } from "./support/models";
import { ask, expectAccessible, modelChip, openReady, screenshot } from "./support/playground";
import { wasmLaunch } from "./support/runs";

let hub: SyntheticHub;
test.beforeAll(async () => {
  hub = await serveSyntheticHub();
});
test.afterAll(() => hub.close());

// The page's own worker for offline use would stand between the page and the answers below.
test.use({ serviceWorkers: "block", launchOptions: wasmLaunch });

/** Milliseconds that the Hub takes to answer a request for weights. */
let weightDelayMs = 0;
const largestPart = 8 * 1024 * 1024;
const isWeights = (url: string) => url.endsWith(".safetensors");

test.beforeEach(async ({ page }) => {
  hub.reset();
  weightDelayMs = 0;
  await page.route("https://huggingface.co/**", async (route) => {
    const url = route.request().url();
    const headers = { ...route.request().headers() };
    if (isWeights(url) && headers.range) {
      const begin = Number(/\d+/.exec(headers.range)?.[0]);
      // The first bytes are the list of tensors, which the look before Load reads.
      if (begin > 0) await new Promise((resolve) => setTimeout(resolve, weightDelayMs));
      // An answer is held in memory here, so it is a part of what was asked for, as HTTP allows.
      headers.range = `bytes=${begin}-${begin + largestPart - 1}`;
    }
    const response = await route.fetch({ url: url.replace("https://huggingface.co", hub.url), headers });
    await route.fulfill({ response }).catch(() => undefined);
  });
});

const weightRequests = () => hub.log.filter(({ path, range }) => isWeights(path) && range && range[0] > 0);

/** Loads what is chosen and closes the chooser. */
async function load(page: Page): Promise<void> {
  await loadButton(page).click();
  await expect(chooser(page).getByText("In use:")).toBeVisible({ timeout: 120_000 });
}

const close = (page: Page) => page.keyboard.press("Escape");

test("shows what a model takes before it is fetched, and loads it in other formats", async ({ page }) => {
  await openReady(page);
  await openChooser(page);
  await chooser(page)
    .getByRole("button", { name: /^shapes-vlm(?!-)/ })
    .click();
  await expect(chosenModel(page).getByText("Fits.")).toBeVisible();
  await expectAccessible(page);
  await screenshot(page, "models");
  await chosenModel(page).getByLabel("Text layers").selectOption("f16");
  await chosenModel(page).getByLabel("Vision tower").selectOption("f16");
  await chosenModel(page).getByLabel("Embedding, head").selectOption("f16");
  await expect(chosenModel(page).getByLabel("Scale shared by")).toBeDisabled();
  await expect(loadButton(page)).toBeEnabled();
  await load(page);
  await close(page);
  await expect(modelChip(page)).toContainText("f16");
  await ask(page);
});

test("loads a checkpoint from the Hub, keeps it, loads it again without the network, and deletes it", async ({ page }) => {
  await openReady(page);
  await openChooser(page);
  await lookUpKnown(page, "synthetic/tiny-3shards", "SmolVLM");
  expect(weightRequests(), "nothing is fetched before Load but headers").toEqual([]);
  await load(page);
  expect(weightRequests().length).toBeGreaterThan(0);
  await expect(cacheList(page)).toContainText("complete");
  hub.reset();
  await expect(loadButton(page)).toHaveText("Load from the cache");
  await load(page);
  expect(weightRequests()).toEqual([]);
  await cacheList(page)
    .getByRole("button", { name: /^Delete/ })
    .first()
    .click();
  await cacheList(page).getByRole("button", { name: "Yes, delete" }).click();
  await expect(cacheList(page)).toContainText("No weights are cached.");
});

test("pauses, goes on and cancels, and offers to resume", async ({ page }) => {
  await openReady(page);
  await openChooser(page);
  await lookUpKnown(page, "synthetic/SmolVLM-256M-Instruct", "SmolVLM");
  weightDelayMs = 500;
  await loadButton(page).click();
  const loading = chooser(page).getByRole("region", { name: "Loading", exact: true });
  const figures = loading.getByText(/iB of .*iB/).first();
  await expect(figures).toContainText("/s");
  await loading.getByRole("button", { name: "Pause" }).click();
  await expect(figures).toContainText("paused");
  await expectAccessible(page);
  await screenshot(page, "models-paused");
  await loading.getByRole("button", { name: "Resume" }).click();
  await expect(figures).toContainText("/s");
  await loading.getByRole("button", { name: "Cancel" }).click();
  await expect(chooser(page).getByText("No model is loaded.")).toBeVisible();
  await expect(cacheList(page)).toContainText("resumable");
  await expect(loadButton(page)).toHaveText(/^Resume, /);
});

test("sends the access token to the Hub and keeps it out of storage and address", async ({ page }) => {
  await openReady(page);
  await openChooser(page);
  await chooser(page).getByText("Access token", { exact: true }).click();
  await chooser(page).getByLabel("Hugging Face access token").fill("hf_not_a_real_token");
  await lookUpKnown(page, "synthetic/tiny", "SmolVLM");
  expect(hub.log.length).toBeGreaterThan(0);
  expect(hub.log.every(({ authorized }) => authorized)).toBe(true);
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + location.href);
  expect(kept).not.toContain("hf_not_a_real_token");
});

test("says why a model cannot be loaded, keeps saying it, and tries again", async ({ page }) => {
  await openReady(page);
  await openChooser(page);
  hub.fault({ kind: "notFound", match: "config.json" });
  await chooser(page).getByLabel("Hugging Face name or address").fill("synthetic/tiny");
  await chooser(page).getByRole("button", { name: "Look up" }).click();
  await expect(chosenModel(page).getByRole("alert")).toContainText("config.json");
  await expectAccessible(page);
  hub.reset();
  await chosenModel(page).getByRole("button", { name: "Try again" }).click();
  await expect(chosenModel(page).getByText("Fits.")).toBeVisible();
});
