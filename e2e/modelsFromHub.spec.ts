// A Qwen checkpoint from a hub, on WebGPU, from its name to an answer; what a reload of the page finds in the cache, and what does not fit.

import { expect, test } from "@playwright/test";
import { type SyntheticHub, serveSyntheticHub } from "../scripts/syntheticHub/server";
import {
  cacheList,
  chooser,
  chosenModel,
  closeChooser,
  loadButton,
  loadChosen,
  lookUpKnown,
  openChooser,
  runningLoad,
} from "./support/models";
import {
  ask,
  expectAccessible,
  inspector,
  messages,
  modelChip,
  openReady,
  picture,
  screenshot,
  tokens,
  upload,
} from "./support/playground";

const repo = "tiny/qwen3_vl-untied-3shards";
const name = repo;
let hub: SyntheticHub;

test.use({ serviceWorkers: "block" });
test.beforeAll(async () => {
  hub = await serveSyntheticHub({ redirectWeights: true });
});
test.afterAll(() => hub.close());
test.beforeEach(() => hub.reset());

const query = () => `?hub=${hub.url}`;
const settings = "v=1&g=2&len=12";
/** Bytes of weight files that were sent. */
const weightBytes = () =>
  hub.log.filter(({ path }) => path.endsWith(".safetensors")).reduce((sum, { sentBytes }) => sum + sentBytes, 0);

test("a Qwen3-VL of the hub is planned, loaded, asked about a picture, and loaded again without the network", async ({
  page,
}) => {
  await openReady(page, settings, query());
  await openChooser(page);
  await lookUpKnown(page, repo, "Qwen3-VL");
  await expect(chosenModel(page).getByRole("region", { name: "Memory plan" })).toContainText("Fits.");
  await expect(chosenModel(page)).toContainText("text weights");
  await expectAccessible(page);
  await screenshot(page, "hub-plan");
  await loadChosen(page, name);
  await expect(cacheList(page)).toContainText("complete");
  await screenshot(page, "hub-loaded");
  await closeChooser(page);
  await upload(page, "rotated.jpg", "image/jpeg", await picture("rotated.jpg"));
  await ask(page);
  const grounds = await tokens(page).evaluateAll((all) => all.map((token) => getComputedStyle(token).backgroundColor));
  expect(new Set(grounds).size).toBeGreaterThan(1);
  await expect(inspector(page)).toContainText(/token \d+ of 12, .*KL[\d.]+ nats/);
  await screenshot(page, "hub-answer");

  await page.reload();
  await expect(modelChip(page)).toContainText("shapes-vlm", { timeout: 120_000 });
  hub.reset();
  await openChooser(page);
  await expect(cacheList(page)).toContainText(repo);
  await cacheList(page).getByRole("button", { name: repo, exact: true }).click();
  await expect(loadButton(page)).toHaveText("Load from the cache");
  await expect(chosenModel(page)).toContainText("nothing, all of it is cached");
  await screenshot(page, "hub-cached");
  await loadChosen(page, name);
  expect(hub.log).toEqual([]);
});

test("a load that the closed tab cut off goes on where it stopped", async ({ page }) => {
  await openReady(page, settings, query());
  await openChooser(page);
  await lookUpKnown(page, repo, "Qwen3-VL");
  const whole = Number.parseFloat((await loadButton(page).textContent())?.match(/[\d.]+/)?.[0] ?? "");
  expect(whole).toBeGreaterThan(0);
  // The first shard arrives, the second one does not.
  hub.fault({ kind: "stall", match: "model-00002", afterBytes: 0, afterRequests: 1 });
  await loadButton(page).click();
  await expect.poll(() => hub.log.filter(({ path }) => path.startsWith("model-00002")).length).toBeGreaterThan(2);
  await expect(runningLoad(page)).toContainText("model-00001-of-00003.safetensors");
  await expectAccessible(page);
  await screenshot(page, "hub-loading");

  await page.reload();
  hub.reset();
  await expect(modelChip(page)).toContainText("shapes-vlm", { timeout: 120_000 });
  await openChooser(page);
  await expect(cacheList(page)).toContainText("resumable");
  await lookUpKnown(page, repo, "Qwen3-VL");
  await expect(loadButton(page)).toHaveText(/^Resume, /);
  await screenshot(page, "hub-resume");
  hub.reset();
  await loadChosen(page, name);
  expect(weightBytes()).toBeGreaterThan(100_000);
  // Of the first shard no more than its header: what it holds is on this device.
  const first = hub.log.filter(({ path, redirected }) => path.startsWith("model-00001") && redirected);
  expect(first.map(({ range }) => range?.[0])).toEqual([0]);
  await expect(messages(page).getByRole("alert")).toHaveCount(0);
  await expect(chooser(page)).toContainText("complete");
});

test("refuses what does not fit and proposes what does", async ({ page }) => {
  await openReady(page, "v=1&g=2&len=24&mem=4&wtext=f16&wvis=f16&whead=f16&ctx=2048", query());
  await openChooser(page);
  await lookUpKnown(page, "synthetic/Qwen3-VL-2B-Instruct", "Qwen3-VL");
  // What fits is chosen at once, and says why; what the user then asks for by hand is refused with a proposal.
  await expect(chosenModel(page).getByText(/chosen, because the settings before needed .* of 4 GiB/)).toBeVisible();
  await expect(chosenModel(page).getByText("Fits.")).toBeVisible();
  await chosenModel(page).getByLabel("Text layers").selectOption("f32");
  await expect(chosenModel(page).getByText("Does not fit")).toBeVisible();
  await expect(loadButton(page)).toBeDisabled();
  await expectAccessible(page);
  await screenshot(page, "models-too-large");
  await chosenModel(page)
    .getByRole("button", { name: /^Use .* instead/ })
    .click();
  await expect(chosenModel(page).getByText("Fits.")).toBeVisible();
  await expect(loadButton(page)).toBeEnabled();
});
