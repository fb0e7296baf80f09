import { readFile } from "node:fs/promises";
import { type Download, expect, type Page, test } from "@playwright/test";
import { loadedAdapter } from "./support/models";
import {
  ask,
  button,
  inspector,
  longWait,
  measurements,
  messages,
  openReady,
  openTab,
  screenshot,
  statusBar,
  stepNumber,
} from "./support/playground";

let page: Page;
const measured: Record<string, string> = {};
const saved: { name: string; mimeType: string; buffer: Buffer }[] = [];

// One run from the first step to its saved adapter: each test goes on where the one before stopped.
test.describe.configure({ mode: "serial" });
test.beforeAll(async ({ browser }) => {
  page = await browser.newPage({ acceptDownloads: true });
  await openReady(page, "v=1&g=2&len=16&pps=1&rpp=2&lr=0.01");
});
test.afterAll(() => page.close());

const charts = () => page.getByRole("region", { name: "Training charts" }).getByRole("figure");
const adapterName = async () => {
  await openTab(page, "System");
  return loadedAdapter(page);
};

test("11: one step trains on generated questions and gives every chart a point and the table its rollouts", async () => {
  await ask(page);
  measured.base = await measurements(page);
  await button(page, "Step").click();
  await expect(button(page, "Pause")).toBeVisible();
  await expect(statusBar(page)).toContainText("Training step 1");
  await expect(stepNumber(page)).toHaveText("1", { timeout: longWait });
  await expect(statusBar(page)).toContainText("Ready", { timeout: longWait });
  expect(await charts().count()).toBeGreaterThan(7);
  for (const title of ["Reward", "Policy loss", "Gradient norm", "Mean dependency", "Answer length", "Speed"]) {
    await expect(charts().filter({ hasText: title }).first()).toBeVisible();
  }
  await button(page, "View as table").click();
  await expect(charts().first().getByRole("row")).toHaveCount(2);
  await button(page, "View as table").click();
  await openTab(page, "Rollouts");
  await expect(page.getByRole("region", { name: "Rollouts of the step" }).getByRole("row")).toHaveCount(4);
  await screenshot(page, "rollouts");
});

test("11: Play goes on until Pause, at the end of a step", async () => {
  await openTab(page, "Charts");
  await button(page, "Play").click();
  await expect(stepNumber(page)).not.toHaveText("1", { timeout: longWait });
  await screenshot(page, "training");
  await button(page, "Pause").click();
  await expect(statusBar(page)).toContainText("Ready", { timeout: longWait });
  await expect(button(page, "Play")).toBeEnabled();
  await expect(button(page, "Step")).toBeEnabled();
});

test("11: the next question is answered with the trained adapter, which is saved as two files", async () => {
  await expect(await adapterName()).toHaveText(`trained, step ${await stepNumber(page).textContent()}`);
  await ask(page);
  measured.trained = await measurements(page);
  expect(measured.trained).not.toEqual(measured.base);
  await openTab(page, "Charts");
  const downloads: Download[] = [];
  page.on("download", (download) => downloads.push(download));
  await button(page, "Save adapter").click();
  await expect.poll(() => downloads.length).toBe(2);
  for (const download of downloads) {
    saved.push({
      name: download.suggestedFilename(),
      mimeType: "application/octet-stream",
      buffer: await readFile(await download.path()),
    });
  }
  expect(saved.map(({ name }) => name).sort()).toEqual(["adapter_config.json", "adapter_model.safetensors"]);
  const config = JSON.parse(saved.find(({ name }) => name.endsWith(".json"))?.buffer.toString() ?? "");
  expect(config).toMatchObject({ peft_type: "LORA", r: 8, lora_alpha: 16 });
});

test("11: Reset gives the untrained model back", async () => {
  await button(page, "Reset").click();
  await expect(stepNumber(page)).toHaveText("0");
  await expect(button(page, "Reset")).toBeDisabled();
  await expect(await adapterName()).toHaveText("none");
  await ask(page);
  expect(await measurements(page)).toEqual(measured.base);
});

test("the saved adapter can be loaded again and answers as before", async () => {
  await openTab(page, "Charts");
  await page.getByLabel("Adapter files").setInputFiles(saved);
  await expect(await adapterName()).toContainText("adapter_model.safetensors");
  await ask(page);
  expect(await measurements(page)).toEqual(measured.trained);
});

test("an adapter of another model is refused with a sentence and the loaded one stays", async () => {
  await openTab(page, "Charts");
  const config = saved.find(({ name }) => name.endsWith(".json"));
  const weights = saved.find(({ name }) => name.endsWith(".safetensors"));
  if (!config || !weights) throw new Error("no adapter was saved");
  await page.getByLabel("Adapter files").setInputFiles([config, { ...weights, buffer: adapterOfOtherSizes(weights.buffer) }]);
  await expect(messages(page)).toContainText(/made for another model: .* is \d+ × \d+ here and 24 × 40 there\. .+\.$/m);
  await page.getByLabel("Adapter files").setInputFiles([config]);
  await expect(messages(page)).toContainText("adapter_model.safetensors is not among the chosen files");
  await screenshot(page, "adapterRefused");
  await expect(await adapterName()).toContainText("adapter_model.safetensors");
  await ask(page);
  expect(await measurements(page)).toEqual(measured.trained);
  await expect(inspector(page)).toBeVisible();
});

/** The adapter's first module with matrices for a layer of 24 × 40. */
function adapterOfOtherSizes(file: Buffer): Buffer {
  const header = JSON.parse(file.subarray(8, 8 + Number(file.readBigUInt64LE())).toString()) as Record<string, unknown>;
  const a = Object.keys(header).find((name) => name.endsWith("lora_A.weight")) ?? "";
  const sizes = 8 * 40 * 4;
  const text = JSON.stringify({
    [a]: { dtype: "F32", shape: [8, 40], data_offsets: [0, sizes] },
    [a.replace("lora_A", "lora_B")]: { dtype: "F32", shape: [24, 8], data_offsets: [sizes, sizes + 24 * 8 * 4] },
  });
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([start, Buffer.from(text), Buffer.alloc(sizes + 24 * 8 * 4)]);
}
