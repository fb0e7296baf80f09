import { readFile } from "node:fs/promises";
import { expect, type Page, test } from "@playwright/test";
import {
  answered,
  button,
  expectAccessible,
  longWait,
  messages,
  modelReady,
  openReady,
  openTab,
  screenshot,
  statusBar,
} from "./support/playground";
import { wasmLaunch } from "./support/runs";

// On WebAssembly: no kernels to compile, and steps in a second.
test.use({ launchOptions: wasmLaunch });

let page: Page;

// One story: an evaluation is paused, goes on, survives a reload; a step of training pauses another; then the two are compared.
test.describe.configure({ mode: "serial" });
test.beforeAll(async ({ browser }) => {
  // axe opens a page of its own beside it, which needs a context.
  page = await (await browser.newContext({ acceptDownloads: true })).newPage();
  await openReady(page, "v=1&g=2&len=24&pps=1&rpp=2&lr=0.01&en=24&eg=8");
  await openTab(page, "Evaluation");
});
test.afterAll(() => page.context().close());

const panel = () => page.getByRole("region", { name: "Evaluation", exact: true });
const progress = () => page.getByRole("region", { name: "Progress of the evaluation" });
const results = () => page.getByRole("table", { name: "Evaluations, the newest first" });
const result = (name: string) =>
  results()
    .getByRole("row")
    .filter({ has: page.getByRole("button", { name }) });
const families = () => page.getByRole("table", { name: "Accuracy by family of problems" });
const finished = () => expect(progress()).toHaveCount(0, { timeout: longWait });

test("an evaluation tells how far it is, and stops at Pause with what is finished", async () => {
  await button(page, "Evaluate").click();
  await expect(statusBar(page)).toContainText("Evaluating");
  await expect(progress()).toContainText(/[1-9]\d* of 48 problems .* about .+ left/, { timeout: longWait });
  await screenshot(page, "evaluationRunning");
  await button(page, "Pause").last().click();
  await expect(progress()).toContainText("Paused");
  await expect(button(page, "Continue")).toBeEnabled();
  await expectAccessible(page);
});

test("what was finished is there after the page was closed, and Continue does the rest", async () => {
  await page.reload();
  await modelReady(page);
  await openTab(page, "Evaluation");
  await expect(progress()).toContainText(/Paused: shapes-vlm, without adapter/);
  await expect(progress()).toContainText(/\d+ of 48 problems/);
  await button(page, "Continue").click();
  await finished();
  await answered(page);
  await expect(result("without adapter")).toContainText(/\d+ to .+ %/);
  const last = families().getByRole("row").last();
  await expect(last).toContainText(/all24/);
});

test("a page that is closed in the middle of a part loses only that part, and the result is the same", async () => {
  const before = (await families().textContent()) ?? "";
  await button(page, "Evaluate").click();
  await expect(progress()).toContainText(/[1-9]\d* of 48/, { timeout: longWait });
  await page.reload();
  await modelReady(page);
  await openTab(page, "Evaluation");
  await expect(result("without adapter")).toHaveCount(2);
  await button(page, "Continue").click();
  await finished();
  expect(await families().textContent()).toBe(before);
  await expect(page.getByRole("status", { name: "What changed" })).toContainText("No difference");
});

test("a step of training pauses the evaluation, which does not go on with other weights", async () => {
  await button(page, "Evaluate").click();
  await expect(progress()).toContainText(/[1-9]\d* of 48/, { timeout: longWait });
  await button(page, "Step").click();
  await expect(messages(page)).toContainText("The evaluation is paused, because the model is trained or replaced");
  await expect(progress()).toContainText("Paused");
  await answered(page);
  await button(page, "Continue").click();
  await expect(panel().getByRole("alert")).toContainText(
    /The evaluation cannot go on: it was begun with shapes-vlm, without adapter, and shapes-vlm, .*step 1 is loaded\. .+\.$/,
  );
  await screenshot(page, "evaluationRefused");
  await button(page, "Cancel").click();
  await expect(panel()).toContainText("was deleted");
  await expect(progress()).toHaveCount(0);
});

test("the trained adapter is compared with the model before, in words and by family", async () => {
  await button(page, "Evaluate").click();
  await expect(progress()).toBeVisible();
  await finished();
  await expect(result("step 1")).toHaveCount(1);
  await expect(page.getByRole("status", { name: "What changed" })).toContainText(/points?, 95 % from .+: .+\.|No difference/);
  const changes = page.getByRole("table", { name: "Change by family of problems" });
  await expect(changes.getByRole("row").last()).toContainText("all, image masked24");
  await screenshot(page, "evaluationCompared");
  await expectAccessible(page);
});

test("a result is saved as CSV and JSON, and stands in the charts of its run", async () => {
  const files: string[] = [];
  for (const name of ["CSV", "JSON"]) {
    const download = page.waitForEvent("download");
    await button(page, name).click();
    files.push(await readFile(await (await download).path(), "utf8"));
  }
  const [csv = "", json = ""] = files;
  expect(csv.trim().split("\n")).toHaveLength(25);
  const { summary, finished: isFinished } = JSON.parse(json);
  expect(isFinished).toBe(true);
  const accuracy = summary.metrics["val/accuracy_reward"];
  expect(accuracy).toBeCloseTo(summary.seen.accuracy.value);
  await openTab(page, "Charts");
  const download = page.waitForEvent("download");
  await button(page, "Save the run as CSV").click();
  const [header = "", row = ""] = (await readFile(await (await download).path(), "utf8")).split("\n");
  const column = header.split(",").indexOf("val/accuracy_reward");
  expect(Number(row.split(",")[column])).toBe(accuracy);
});

test("a deleted result can be taken back", async () => {
  await openTab(page, "Evaluation");
  await button(page, "Delete the evaluation").click();
  await expect(result("step 1")).toHaveCount(0);
  await button(page, "Take it back").click();
  await expect(result("step 1")).toHaveCount(1);
});
