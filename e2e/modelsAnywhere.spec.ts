// Models from folders, addresses and gated repositories, what is said of those that cannot be had, damage in the browser's own file
// system, two tabs, and adapters of a checkpoint that is not the page's own. On WebAssembly: nothing here depends on the GPU.

import { readFile } from "node:fs/promises";
import { type Download, expect, type Page, test } from "@playwright/test";
import { browserLaunch } from "../scripts/chromium.mjs";
import { type SyntheticHub, serveSyntheticHub } from "../scripts/syntheticHub/server";
import {
  cacheList,
  chooser,
  chosenModel,
  closeChooser,
  loadButton,
  loadChosen,
  loadedAdapter,
  lookUp,
  lookUpKnown,
  openChooser,
  runningLoad,
} from "./support/models";
import {
  ask,
  button,
  expectAccessible,
  longWait,
  messages,
  modelChip,
  openReady,
  openTab,
  picture,
  screenshot,
  stepNumber,
  tokens,
  upload,
} from "./support/playground";

const { args, ...launch } = browserLaunch();
test.use({
  serviceWorkers: "block",
  launchOptions: {
    ...launch,
    args: [...args.filter((flag) => !/webgpu/i.test(flag)), "--disable-features=WebGPU,WebGPUService"],
  },
});

let hub: SyntheticHub;
test.beforeAll(async () => {
  hub = await serveSyntheticHub();
});
test.afterAll(() => hub.close());
test.beforeEach(() => hub.reset());

const settings = "v=1&g=2&len=12&pps=1&rpp=2&lr=0.01";
const fixture = (path: string) => new URL(`../fixtures/${path}`, import.meta.url).pathname;

async function openOnHub(page: Page): Promise<void> {
  await openReady(page, settings, `?hub=${hub.url}`);
  await openChooser(page);
}

test("a gated repository says so, takes a token, and loads", async ({ page }) => {
  hub.fault({ kind: "gated", match: "", token: "hf_right" });
  await openOnHub(page);
  await lookUp(page, "tiny/smolvlm");
  const alert = chosenModel(page).getByRole("alert");
  await expect(alert).toContainText("tiny/smolvlm is gated: its owner lets in only those who accepted the licence.");
  await expect(alert).toContainText("then enter an access token of that account.");
  await screenshot(page, "gated");
  // The field opens by itself.
  await chooser(page).getByLabel("Hugging Face access token").fill("hf_right");
  await expect(loadButton(page)).toBeEnabled();
  await expectAccessible(page);
  await loadChosen(page, "tiny/smolvlm");
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage }) + location.href)).not.toContain("hf_right");
});

test("what cannot be had is said in one sentence, and the model in use stays", async ({ page }) => {
  await openOnHub(page);
  const says = async (text: RegExp) => expect(chosenModel(page).getByRole("alert").getByRole("paragraph")).toHaveText(text);
  await lookUp(page, "nobody/nothing");
  await says(
    /^The model file config\.json could not be loaded: there is no repository nobody\/nothing, or it is private\. [^.]+\.$/,
  );
  await lookUp(page, "tiny/smolvlm@v9");
  await says(/tiny\/smolvlm has no revision "v9"\. [^.]+\.$/);
  await lookUp(page, "not a name");
  await expect(chooser(page).getByText(/“not a name” is neither owner\/name nor an address/)).toBeVisible();
  await screenshot(page, "wrong-name");
  hub.fault({ kind: "notFound", match: "model-00003", afterRequests: 2 });
  await lookUpKnown(page, "tiny/smolvlm-3shards", "SmolVLM");
  hub.fault({ kind: "notFound", match: "model-00003" });
  await loadButton(page).click();
  await expect(
    chooser(page)
      .getByText(/model-00003-of-00003\.safetensors could not be loaded/)
      .first(),
  ).toBeVisible();
  // The look at the model after the failure is over, too.
  await expect(chosenModel(page)).toHaveAttribute("aria-busy", "false");
  await expectAccessible(page);
  await screenshot(page, "load-failed");
  await closeChooser(page);
  await expect(modelChip(page)).toContainText("shapes-vlm");
  await ask(page);
});

test("a checkpoint at an address loads, and is cached like others", async ({ page }) => {
  await openOnHub(page);
  await lookUpKnown(page, `${hub.url}/tiny/smolvlm/resolve/main/config.json`, "SmolVLM");
  await loadChosen(page, "main");
  hub.reset();
  await expect(loadButton(page)).toHaveText("Load from the cache");
  expect(hub.log).toEqual([]);
});

test("damage in the browser's file system is found and fetched again", async ({ page }) => {
  await openOnHub(page);
  await lookUpKnown(page, "tiny/smolvlm", "SmolVLM");
  await loadChosen(page, "tiny/smolvlm");
  await expect(cacheList(page)).toContainText("complete");
  await page.evaluate(async () => {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("vppo-playground");
    const models = await root.getDirectoryHandle("models");
    for await (const folder of models.values()) {
      const file = await (folder as FileSystemDirectoryHandle).getFileHandle("weights.bin");
      const { size } = await file.getFile();
      const writer = await file.createWritable({ keepExistingData: true });
      await writer.write({ type: "write", position: size - 1000, data: new Uint8Array(10).fill(0x5a) });
      await writer.close();
    }
  });
  const loadAfterReload = async () => {
    await page.reload();
    await expect(modelChip(page)).toContainText("shapes-vlm", { timeout: longWait });
    await openChooser(page);
    await cacheList(page).getByRole("button", { name: "tiny/smolvlm", exact: true }).click();
    await expect(loadButton(page)).toHaveText("Load from the cache");
    hub.reset();
    await loadChosen(page, "tiny/smolvlm");
  };
  await loadAfterReload();
  expect(hub.log.length).toBeGreaterThan(0);
  await closeChooser(page);
  await expect(messages(page)).toContainText("Part of the cached copy of tiny/smolvlm is damaged");
  await loadAfterReload();
  expect(hub.log).toEqual([]);
});

test("a second tab loads without the cache while the first one fills it, and says so", async ({ page, context }) => {
  await openOnHub(page);
  await lookUpKnown(page, "tiny/smolvlm", "SmolVLM");
  // The first request is for an index of shards, which there is none.
  hub.fault({ kind: "slow", match: "tiny/smolvlm/model.safetensors", bytesPerSecond: 10_000, afterRequests: 1, times: 1 });
  await loadButton(page).click();
  await expect(runningLoad(page)).toContainText("model.safetensors");
  const other = await context.newPage();
  await openOnHub(other);
  await lookUpKnown(other, "tiny/smolvlm", "SmolVLM");
  await loadChosen(other, "tiny/smolvlm");
  await expect(messages(other)).toContainText("Another tab uses the cached copy of this model");
  await runningLoad(page).getByRole("button", { name: "Cancel" }).click();
  await expect(cacheList(page)).toContainText("resumable");
  await other.close();
});

test("a folder of this machine is opened, asked, trained and its adapter saved and loaded; another model's is refused", async ({
  page,
}) => {
  await openReady(page, settings);
  await openChooser(page);
  await chooser(page).getByLabel("Model folder").setInputFiles(fixture("qwen2_5_vl-tied"));
  await expect(chosenModel(page).getByRole("definition").first()).toHaveText("Qwen2.5-VL");
  await expect(chosenModel(page)).toContainText("nothing is sent anywhere");
  await screenshot(page, "folder");
  await loadChosen(page, "qwen2_5_vl-tied");
  await closeChooser(page);
  await upload(page, "plain.jpg", "image/jpeg", await picture("plain.jpg"));
  await ask(page);
  const before = await tokens(page).allTextContents();

  await button(page, "Step").click();
  await expect(stepNumber(page)).toHaveText("1", { timeout: longWait });
  const downloads: Download[] = [];
  page.on("download", (download) => downloads.push(download));
  await openTab(page, "Charts");
  await button(page, "Save adapter").click();
  await expect.poll(() => downloads.length).toBe(2);
  const files = await Promise.all(
    downloads.map(async (download) => ({
      name: download.suggestedFilename(),
      mimeType: "application/octet-stream",
      buffer: await readFile(await download.path()),
    })),
  );
  expect(files.map(({ name }) => name).sort()).toEqual(["adapter_config.json", "adapter_model.safetensors"]);
  const config = JSON.parse(files.find(({ name }) => name.endsWith(".json"))?.buffer.toString() ?? "") as Record<string, unknown>;
  expect(config).toMatchObject({ peft_type: "LORA", base_model_name_or_path: "qwen2_5_vl-tied" });

  const adapterFiles = page.getByLabel("Adapter files");
  const refused = ["adapter_config.json", "adapter_model.safetensors"].map((name) => fixture(`smolvlm/adapter/${name}`));
  await adapterFiles.setInputFiles(refused);
  await expect(messages(page)).toContainText(/adapter.*(shape|fit|module)/i);
  await screenshot(page, "adapter-refused");
  await adapterFiles.setInputFiles(files);
  await ask(page);
  expect((await tokens(page).allTextContents()).length).toBeGreaterThan(0);
  expect(before.length).toBeGreaterThan(0);
  await openTab(page, "System");
  await expect(loadedAdapter(page)).toContainText("adapter_model");
});
