// Choosing and loading models: the embedded one in another format, repositories of the Hub, what does not fit, pause and cancel, the
// cache, and what is said when something fails. Requests to the Hub are answered by scripts/syntheticHub.

import { expect, type Page, test } from "@playwright/test";
import { type SyntheticHub, serveSyntheticHub } from "../scripts/syntheticHub/server";
import { ask, expectAccessible, modelChip, openReady, screenshot } from "./support/playground";

let hub: SyntheticHub;
test.beforeAll(async () => {
  hub = await serveSyntheticHub();
});
test.afterAll(() => hub.close());

// The page's own worker for offline use would stand between the page and the answers below.
test.use({ serviceWorkers: "block" });

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

const dialog = (page: Page) => page.getByRole("dialog", { name: "Models" });
const details = (page: Page) => dialog(page).getByRole("region", { name: "Chosen model" });
const loadButton = (page: Page) => details(page).getByRole("button", { name: /^(Load|Resume)/ });
const cache = (page: Page) => dialog(page).getByRole("region", { name: "Cache" });
const weightRequests = () => hub.log.filter(({ path, range }) => isWeights(path) && range && range[0] > 0);

async function openChooser(page: Page): Promise<void> {
  await modelChip(page).click();
  await expect(dialog(page)).toBeVisible();
}

/** Types an address and waits until the engine has looked at it. */
async function lookUp(page: Page, address: string, family: string): Promise<void> {
  await dialog(page).getByLabel("Hugging Face name or address").fill(address);
  await dialog(page).getByRole("button", { name: "Look up" }).click();
  await expect(details(page).getByRole("definition").first()).toHaveText(family);
}

/** Loads what is chosen and closes the chooser. */
async function load(page: Page): Promise<void> {
  await loadButton(page).click();
  await expect(dialog(page).getByText("In use:")).toBeVisible({ timeout: 120_000 });
}

const close = (page: Page) => page.keyboard.press("Escape");

test("shows what a model takes before it is fetched, and loads it in other formats", async ({ page }) => {
  await openReady(page);
  await openChooser(page);
  await dialog(page)
    .getByRole("button", { name: /^shapes-vlm(?!-)/ })
    .click();
  await expect(details(page).getByText("Fits.")).toBeVisible();
  await expectAccessible(page);
  await screenshot(page, "models");
  await details(page).getByLabel("Text layers").selectOption("f16");
  await details(page).getByLabel("Vision tower").selectOption("f16");
  await details(page).getByLabel("Embedding, head").selectOption("f16");
  await expect(details(page).getByLabel("Scale shared by")).toBeDisabled();
  await expect(loadButton(page)).toBeEnabled();
  await load(page);
  await close(page);
  await expect(modelChip(page)).toContainText("f16");
  await ask(page);
});

test("loads a checkpoint from the Hub, keeps it, loads it again without the network, and deletes it", async ({ page }) => {
  await openReady(page);
  await openChooser(page);
  await lookUp(page, "synthetic/tiny-3shards", "SmolVLM");
  expect(weightRequests(), "nothing is fetched before Load but headers").toEqual([]);
  await load(page);
  expect(weightRequests().length).toBeGreaterThan(0);
  await expect(cache(page)).toContainText("complete");
  hub.reset();
  await expect(loadButton(page)).toHaveText("Load from the cache");
  await load(page);
  expect(weightRequests()).toEqual([]);
  await cache(page)
    .getByRole("button", { name: /^Delete/ })
    .first()
    .click();
  await cache(page).getByRole("button", { name: "Yes, delete" }).click();
  await expect(cache(page)).toContainText("No weights are cached.");
});

test("refuses what does not fit and proposes what does", async ({ page }) => {
  await openReady(page, "v=1&g=2&len=24&mem=4&wtext=f16&wvis=f16&whead=f16&ctx=2048");
  await openChooser(page);
  await lookUp(page, "synthetic/Qwen3-VL-2B-Instruct", "Qwen3-VL");
  // What fits is chosen at once, and says why; what the user then asks for by hand is refused with a proposal.
  await expect(details(page).getByText(/chosen, because the settings before needed .* of 4 GiB/)).toBeVisible();
  await expect(details(page).getByText("Fits.")).toBeVisible();
  await details(page).getByLabel("Text layers").selectOption("f32");
  await expect(details(page).getByText("Does not fit")).toBeVisible();
  await expect(loadButton(page)).toBeDisabled();
  await expectAccessible(page);
  await screenshot(page, "models-too-large");
  await details(page)
    .getByRole("button", { name: /^Use .* instead/ })
    .click();
  await expect(details(page).getByText("Fits.")).toBeVisible();
  await expect(loadButton(page)).toBeEnabled();
});

test("pauses, goes on and cancels, and offers to resume", async ({ page }) => {
  await openReady(page);
  await openChooser(page);
  await lookUp(page, "synthetic/SmolVLM-256M-Instruct", "SmolVLM");
  weightDelayMs = 500;
  await loadButton(page).click();
  const loading = dialog(page).getByRole("region", { name: "Loading", exact: true });
  const figures = loading.getByText(/iB of .*iB/).first();
  await expect(figures).toContainText("/s");
  await loading.getByRole("button", { name: "Pause" }).click();
  await expect(figures).toContainText("paused");
  await expectAccessible(page);
  await screenshot(page, "models-paused");
  await loading.getByRole("button", { name: "Resume" }).click();
  await expect(figures).toContainText("/s");
  await loading.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog(page).getByText("No model is loaded.")).toBeVisible();
  await expect(cache(page)).toContainText("resumable");
  await expect(loadButton(page)).toHaveText(/^Resume, /);
});

test("sends the access token to the Hub and keeps it out of storage and address", async ({ page }) => {
  await openReady(page);
  await openChooser(page);
  await dialog(page).getByText("Access token", { exact: true }).click();
  await dialog(page).getByLabel("Hugging Face access token").fill("hf_not_a_real_token");
  await lookUp(page, "synthetic/tiny", "SmolVLM");
  expect(hub.log.length).toBeGreaterThan(0);
  expect(hub.log.every(({ authorized }) => authorized)).toBe(true);
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + location.href);
  expect(kept).not.toContain("hf_not_a_real_token");
});

test("says why a model cannot be loaded, keeps saying it, and tries again", async ({ page }) => {
  await openReady(page);
  await openChooser(page);
  hub.fault({ kind: "notFound", match: "config.json" });
  await dialog(page).getByLabel("Hugging Face name or address").fill("synthetic/tiny");
  await dialog(page).getByRole("button", { name: "Look up" }).click();
  await expect(details(page).getByRole("alert")).toContainText("config.json");
  await expectAccessible(page);
  hub.reset();
  await details(page).getByRole("button", { name: "Try again" }).click();
  await expect(details(page).getByText("Fits.")).toBeVisible();
});
