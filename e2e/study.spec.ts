// A study in the page: results from a file are drawn and told in words, and a small study runs here, is paused, survives the page, goes on
// and makes way for a question.

import { readFile } from "node:fs/promises";
import { expect, type Page, test } from "@playwright/test";
import {
  answered,
  button,
  expectAccessible,
  longWait,
  messages,
  modelChip,
  openReady,
  openTab,
  screenshot,
  tokens,
} from "./support/playground";
import { wasmLaunch } from "./support/runs";

// On WebAssembly: no kernels to compile, and steps in a second.
test.use({ launchOptions: wasmLaunch });

const study = (page: Page) => page.getByRole("region", { name: "Study", exact: true });
const progress = (page: Page) => page.getByRole("region", { name: "Progress of the study" });
const number = (page: Page, label: string) => page.getByRole("textbox", { name: label });

async function set(page: Page, label: string, value: number): Promise<void> {
  await number(page, label).fill(String(value));
  await number(page, label).press("Enter");
}

/** Lines of a results file: two problems, one right in `share` of its answers. */
function resultLines(arms: Readonly<Record<string, number>>): string {
  const outcome = (right: number) => ({ family: "count", right, answers: 8, parseable: 8, tokens: 160 });
  const lines = Object.entries(arms).flatMap(([arm, right]) =>
    [1, 2, 3].map((seed) => ({
      plan: "shapes",
      arm,
      seed,
      steps: Array.from({ length: 6 }, (_, i) => ({ "reward/accuracy": 0.5 + (i * right) / 100 })),
      after: [outcome(right), outcome(Math.min(8, right + (seed % 2)))],
      masked: [outcome(2), outcome(2)],
      seconds: 60,
    })),
  );
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

test("results from a file are drawn, told in words and saved again", async ({ page }) => {
  await openReady(page);
  await openTab(page, "Study");
  const text = resultLines({ vppo: 6, dapo: 3 });
  await page
    .getByLabel("Results file")
    .setInputFiles({ name: "shapes.jsonl", mimeType: "text/plain", buffer: Buffer.from(text) });
  const table = page.getByRole("region", { name: "Method", exact: true });
  await expect(table).toContainText("DAPO is 37.5 points lower than VPPO");
  await expect(table.getByRole("img", { name: /^Accuracy@8, %\. VPPO 79\.2 .*; DAPO 41\.7 / })).toBeVisible();
  await expectAccessible(page);
  await screenshot(page, "study");
  await page.getByRole("tabpanel", { name: "Study" }).getByRole("button", { name: "View as table" }).click();
  await expect(table.getByRole("row", { name: /^DAPO 3 41\.7/ })).toBeVisible();
  await expectAccessible(page);
  const download = page.waitForEvent("download");
  await button(page, "Save the results (JSON lines)").click();
  expect(await readFile(await (await download).path(), "utf8")).toBe(text);
  await page.getByLabel("Results file").setInputFiles({ name: "x.jsonl", mimeType: "text/plain", buffer: Buffer.from("{]") });
  await expect(messages(page)).toContainText("line 1 of the file is no result");
  await button(page, "Delete this study").click();
  await button(page, "Take it back").click();
  await expect(table).toBeVisible();
});

test("a study runs here, is paused, survives the page and goes on; a question goes first", async ({ page }) => {
  await openReady(page);
  await openTab(page, "Study");
  await button(page, "Run this study here").click();
  for (const arm of ["TGF only", "TAS only", "DAPO", "Random tokens", "k = 0.2", "k = 0.6", "k = 0.8", "β_min = 0.8"]) {
    await page.getByRole("checkbox", { name: arm }).uncheck();
  }
  await set(page, "Seeds", 1);
  await set(page, "Training steps", 1);
  await set(page, "Prompts per step", 1);
  await set(page, "Held-out problems", 2);
  await set(page, "Answers to each", 1);
  await expect(study(page)).toContainText("2 runs of 1 step,");
  await expectAccessible(page);
  await button(page, "Start the study").click();
  await expect(progress(page)).toContainText("1 of 3 runs", { timeout: longWait });
  await expect(progress(page)).toContainText("Running: VPPO, seed 1");
  await button(page, "Pause").click();
  await expect(progress(page)).toContainText("Paused", { timeout: longWait });
  await page.reload();
  await openReady(page);
  await openTab(page, "Study");
  await expect(progress(page)).toContainText("1 of 3 runs");
  await button(page, "Continue").click();
  await expect(progress(page)).toContainText("2 of 3 runs", { timeout: longWait });
  await button(page, "Ask").click();
  await expect(messages(page)).toContainText("The study is paused for your question");
  await answered(page);
  await expect(tokens(page)).not.toHaveCount(0);
  await expect(modelChip(page)).not.toContainText("study");
  await expect(progress(page)).toContainText("2 of 3 runs");
  await expect(page.getByRole("region", { name: "Method", exact: true })).toContainText("VPPO");
  await screenshot(page, "studyPaused");
});
