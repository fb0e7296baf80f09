import { readFile } from "node:fs/promises";
import { type Download, expect, type Page, test } from "@playwright/test";
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
import { wasmLaunch } from "./support/runs";

// On WebAssembly: no kernels to compile, and steps in a second.
test.use({ launchOptions: wasmLaunch });

let page: Page;

// One run: its two steps are looked at from all sides.
test.describe.configure({ mode: "serial" });
test.beforeAll(async ({ browser }) => {
  // The accessibility check asks for a context of its own.
  const context = await browser.newContext({ acceptDownloads: true });
  page = await context.newPage();
  await openReady(page, "v=1&g=2&len=48&pps=2&rpp=4&lr=0.003&gvar=on");
});
test.afterAll(() => page.context().close());

const charts = () => page.getByRole("region", { name: "Training charts" });
const insight = () => page.getByRole("region", { name: "Insight", exact: true });
const view = async (name: string) => {
  await openTab(page, "Insight");
  await insight().getByRole("button", { name, exact: true }).click();
};
const factOf = (name: string) => insight().locator(`dt:text-is('${name}') + dd`);

test("before training the distribution is that of the recorded answer, and every other view says what is missing", async () => {
  await view("Dependency");
  await expect(insight()).toContainText("this is the answer shown above");
  await expect(insight().getByRole("img", { name: /^Dependency of tokens of \d+ tokens/ })).toBeVisible();
  await view("Gradient variance");
  await expect(insight()).toContainText("the next step of training is");
  await view("Moved tokens");
  await expect(insight()).toContainText("No rollouts yet.");
  await view("Dynamics");
  await expect(insight()).toContainText("Only one run is here: Recorded run.");
});

test("after steps of training it shows their tokens, the variance of the gradient, and which tokens moved", async () => {
  const step = stepNumber(page);
  for (const number of ["1", "2"]) {
    await button(page, "Step").click();
    await expect(step).toHaveText(number, { timeout: longWait });
    await expect(statusBar(page)).toContainText("Ready", { timeout: longWait });
  }
  await view("Dependency");
  await expect(factOf("Rollouts")).toHaveText("16");
  const tokens = Number(await factOf("Tokens").textContent());
  await insight().getByLabel("From").selectOption("2");
  await expect(factOf("Rollouts")).toHaveText("8");
  expect(Number(await factOf("Tokens").textContent())).toBeLessThan(tokens);
  await screenshot(page, "insightDependency");
  await view("Gradient variance");
  await expect(insight().getByRole("img", { name: /measured [\d.]+, predicted [\d.]+$/ })).toBeVisible();
  await expect(insight().getByRole("region", { name: "Assumptions of the theorem" }).getByRole("row")).toHaveCount(6);
  await screenshot(page, "insightVariance");
  await view("Moved tokens");
  await expect(insight().getByRole("article").first()).toBeVisible();
  await expect(insight()).toContainText(/Kept tokens moved by [\d.e−]+ nats in the mean/);
  await screenshot(page, "insightMoves");
  await expectAccessible(page);
});

test("the run is saved as the official log, and the file comes back as a run to compare with", async () => {
  await openTab(page, "Charts");
  const downloads: Download[] = [];
  page.on("download", (download) => downloads.push(download));
  await button(page, "Save log").click();
  await expect.poll(() => downloads.length).toBe(2);
  const log = downloads.find((download) => download.suggestedFilename() === "experiment_log.jsonl");
  const text = await readFile((await log?.path()) ?? "", "utf8");
  const lines = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { step: number; actor: Record<string, number> });
  expect(lines.map((line) => line.step)).toEqual([1, 2]);
  expect(typeof lines[0]?.actor.pg_loss).toBe("number");
  const own = JSON.stringify({ step: 3, actor: { pg_loss: 0.5 }, "their/<i>own</i>": 7 });
  const buffer = Buffer.from(`${text}{"step": 3, \n${own}\n`);
  await page.getByLabel("Log files").setInputFiles({ name: "cluster.jsonl", mimeType: "text/plain", buffer });
  await expect(messages(page)).toContainText("3 steps of cluster imported; 1 line was left out (line 3: it is not JSON).");
  const legend = page.getByRole("group", { name: "Runs in the charts" });
  await expect(legend.getByRole("button", { name: "cluster" })).toHaveAttribute("aria-pressed", "true");
  await expect(
    charts()
      .getByRole("img", { name: /cluster rose from .* in 3 steps|cluster fell from .* in 3 steps/ })
      .first(),
  ).toBeVisible();
  await charts()
    .getByRole("button", { name: /^More charts/ })
    .click();
  await expect(charts().getByRole("figure").filter({ hasText: "their/<i>own</i>" })).toBeVisible();
  await screenshot(page, "insightCompared");
  await view("Dynamics");
  await legend.getByRole("button", { name: "Recorded run" }).click();
  await expect(insight().getByRole("figure").filter({ hasText: "Accuracy, rollouts" })).toBeVisible();
  await expectAccessible(page);
});

test("a file that is no log is refused with its reason and nothing changes", async () => {
  await openTab(page, "Charts");
  const before = await page.getByRole("group", { name: "Runs in the charts" }).getByRole("button").count();
  const notes = { name: "notes.jsonl", mimeType: "text/plain", buffer: Buffer.from("step,loss\n1,2\n") };
  await page.getByLabel("Log files").setInputFiles(notes);
  await expect(messages(page)).toContainText("The log was not imported: line 1 cannot be read: it is not JSON");
  await expect(page.getByRole("group", { name: "Runs in the charts" }).getByRole("button")).toHaveCount(before);
});
