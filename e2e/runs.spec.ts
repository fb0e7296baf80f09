import { readFile } from "node:fs/promises";
import { expect, type Page, test } from "@playwright/test";
import {
  button,
  expectAccessible,
  longWait,
  messages,
  openReady,
  openTab,
  screenshot,
  statusBar,
  stepNumber,
} from "./support/playground";
import { runRow, runSettings, runsPanel, storedRuns, trainTo, wasmLaunch } from "./support/runs";

test.use({ launchOptions: wasmLaunch });
// One history of runs: each test goes on where the one before stopped.
test.describe.configure({ mode: "serial" });

let page: Page;
let file: { name: string; mimeType: string; buffer: Buffer };

test.beforeAll(async ({ browser }) => {
  // A context of its own: the accessibility check opens a second page.
  page = await (await browser.newContext({ acceptDownloads: true })).newPage();
  await openReady(page, runSettings);
});
test.afterAll(() => page.context().close());

const ready = () => expect(statusBar(page)).toContainText("Ready", { timeout: longWait });

test("16: the first step starts a run, which the table shows with its accuracy", async () => {
  await openTab(page, "Runs");
  await expect(runsPanel(page)).toContainText("No runs yet.");
  await button(page, "Step").click();
  await expect(runRow(page, "VPPO 1")).toContainText("paused", { timeout: longWait });
  await expect(runRow(page, "VPPO 1").getByRole("cell").nth(3)).toHaveText("1");
  await expect(runRow(page, "VPPO 1").getByRole("cell").nth(4)).toHaveText(/^\d+(\.\d)? %$/);
});

test("training to a step ends there, finished", async () => {
  await trainTo(page, 6);
  await expect(runRow(page, "VPPO 1")).toContainText("training");
  await expect(runRow(page, "VPPO 1")).toContainText("finished", { timeout: longWait });
  await expect(runRow(page, "VPPO 1").getByRole("cell").nth(3)).toHaveText("6 of 6");
  await expectAccessible(page);
  await screenshot(page, "runs");
});

test("a knob that is turned between steps is noted in the run", async () => {
  const settings = (name: string) =>
    page.evaluate(async (wanted) => {
      const database = await new Promise<IDBDatabase>((done) => {
        const request = indexedDB.open("vppo-playground-runs");
        request.onsuccess = () => done(request.result);
      });
      const rows = await new Promise<
        { info: { name: string; settings: { fromStep: number; settings: { policy: { keepRatio: number } } }[] } }[]
      >((done) => {
        const request = database.transaction("runs").objectStore("runs").getAll();
        request.onsuccess = () => done(request.result);
      });
      database.close();
      const run = rows.find(({ info }) => info.name === wanted);
      return run?.info.settings.map(({ fromStep, settings: { policy } }) => [fromStep, policy.keepRatio]);
    }, name);
  await page.getByRole("textbox", { name: "Keep k" }).fill("0.25");
  await page.getByRole("textbox", { name: "Keep k" }).press("Tab");
  await button(page, "Step").click();
  await expect(stepNumber(page)).toHaveText("7", { timeout: longWait });
  await ready();
  expect(await settings("VPPO 1")).toEqual([
    [1, 0.4],
    [7, 0.25],
  ]);
});

test("16: names and notes are changed in place", async () => {
  await page.getByLabel("Name of VPPO 1").fill("low k");
  await page.getByLabel("Name of VPPO 1").press("Enter");
  await page.getByLabel("Note on low k").fill("k from 0.4 to 0.25");
  await page.getByLabel("Note on low k").press("Enter");
  await expect(runRow(page, "low k")).toBeVisible();
  expect((await storedRuns(page)).map(({ name }) => name)).toEqual(["low k"]);
});

test("16: Reset closes the run and keeps it, and its charts can be shown again", async () => {
  await button(page, "Reset").click();
  await expect(stepNumber(page)).toHaveText("0");
  await expect(runRow(page, "low k")).toBeVisible();
  await button(page, "Show the charts of low k").click();
  await expect(stepNumber(page)).toHaveText("7");
  await openTab(page, "Charts");
  await expect(
    page.getByRole("region", { name: "Training charts" }).getByRole("figure").filter({ hasText: "Gradient norm" }),
  ).toBeVisible();
  await openTab(page, "Rollouts");
  await expect(page.getByRole("region", { name: "Rollouts of the step" }).getByRole("row")).toHaveCount(7);
  await openTab(page, "Runs");
});

test("a fork goes on from its checkpoint and leaves the first run alone", async () => {
  const [before] = await storedRuns(page);
  await button(page, "Fork low k").click();
  await page.getByRole("group", { name: "Fork low k" }).getByRole("combobox").selectOption("5");
  await button(page, "Fork").click();
  await button(page, "Show the charts of low k from step 5").click();
  await button(page, "Step").click();
  await expect(stepNumber(page)).toHaveText("6", { timeout: longWait });
  await ready();
  const [fork, first] = await storedRuns(page);
  expect(fork).toMatchObject({ name: "low k from step 5", lastStep: 6, steps: [1, 2, 3, 4, 5, 6] });
  expect(first).toEqual(before);
});

test("a run leaves as one file and comes back with the same bits", async () => {
  const [download] = await Promise.all([page.waitForEvent("download"), button(page, "Export low k").click()]);
  expect(download.suggestedFilename()).toBe("low-k.vppo-run.zip");
  file = { name: "low-k.vppo-run.zip", mimeType: "application/zip", buffer: await readFile(await download.path()) };
  const before = (await storedRuns(page)).find(({ name }) => name === "low k");
  await page.getByLabel("Run file").setInputFiles(file);
  await expect(messages(page)).toContainText("low k (imported) was imported with 7 steps.");
  const after = (await storedRuns(page)).find(({ name }) => name === "low k (imported)");
  expect(after).toEqual({ ...before, name: "low k (imported)" });
  await screenshot(page, "runsImported");
});

test("a damaged file is refused with a sentence and nothing is stored", async () => {
  const runs = await storedRuns(page);
  const damaged = Buffer.from(file.buffer);
  const at = damaged.indexOf("states/7.bin") + 200;
  damaged[at] = (damaged[at] ?? 0) ^ 1;
  await page.getByLabel("Run file").setInputFiles({ ...file, buffer: damaged });
  await expect(messages(page)).toContainText("The file was not imported: states/7.bin is damaged.");
  await page.getByLabel("Run file").setInputFiles({ ...file, buffer: Buffer.from("not a zip") });
  await expect(messages(page)).toContainText("no run's file");
  expect(await storedRuns(page)).toEqual(runs);
});

test("a second tab is told that a run trains elsewhere, and sees it move", async () => {
  const other = await page.context().newPage();
  await openReady(other, runSettings);
  await openTab(other, "Runs");
  await button(page, "Continue low k").click();
  await expect(runRow(other, "low k")).toContainText("trains in another tab", { timeout: longWait });
  await expect(button(other, "Continue low k")).toBeDisabled();
  await expect(button(other, "Delete low k")).toBeDisabled();
  await button(other, "Show the charts of low k").click();
  await button(other, "Step").click();
  await expect(messages(other)).toContainText("The run is busy: it trains in another tab of this page.");
  await button(page, "Pause").click();
  await ready();
  await expect(runRow(other, "low k")).toContainText("paused");
  await other.close();
});

test("deleting asks first, and takes all that belongs to the run", async () => {
  await button(page, "Delete low k (imported)").click();
  await button(page, "Keep").click();
  await expect(runRow(page, "low k (imported)")).toBeVisible();
  await button(page, "Delete low k (imported)").click();
  await button(page, "Yes, delete").click();
  await expect(runRow(page, "low k (imported)")).toBeHidden();
  expect((await storedRuns(page)).map(({ name }) => name)).not.toContain("low k (imported)");
});
