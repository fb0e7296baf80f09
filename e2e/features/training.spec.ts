// Rows 14, 15, 16 and 29 of the page's feature table: charts, rollouts, runs side by side, and a sweep. Row 11, training itself, is
// `train.spec.ts`; more of row 16 is `runs.spec.ts`.

import { expect, type Page } from "@playwright/test";
import { answered, button, expectAccessible, longWait, messages, openTab, screenshot, tokens } from "../support/playground";
import { runRow, runsPanel, trainTo } from "../support/runs";
import { fresh, wasmTest as test } from "../support/workbench";

const settings = "v=1&g=2&len=16&pps=1&rpp=2&lr=0.01";

const charts = (page: Page) => page.getByRole("region", { name: "Training charts" });
const charted = (page: Page, title: string) =>
  charts(page)
    .getByRole("figure")
    .filter({ has: page.locator("figcaption", { hasText: title }) });
const chart = (page: Page, title: string) => charted(page, title).first();
const drawing = (page: Page, title: string) => chart(page, title).getByRole("img");
const rollouts = (page: Page) => page.getByRole("region", { name: "Rollouts of the step" });

/** Moves the pointer over a chart: shares of its plot, from left to right. */
async function dragOver(page: Page, title: string, from: number, to: number): Promise<void> {
  const figure = drawing(page, title);
  await figure.scrollIntoViewIfNeeded();
  const box = await figure.boundingBox();
  if (!box) throw new Error(`${title} is not shown`);
  // The plot begins 40 pixels from the left and ends 8 before the right.
  const at = (share: number) => box.x + 40 + share * (box.width - 48);
  await page.mouse.move(at(from), box.y + 50);
  await page.mouse.down();
  await page.mouse.move(at((from + to) / 2), box.y + 50);
  await page.mouse.move(at(to), box.y + 50);
  await page.mouse.up();
}

test.describe.configure({ mode: "serial" });

test("14: charts are smoothed, logarithmic, zoomed by dragging and by numbers, searched, and lead to a step", async ({
  workbench: page,
}) => {
  await fresh(page, settings);
  await trainTo(page, 4);
  await expect(runRow(page, "VPPO 1")).toContainText("finished", { timeout: longWait });
  await openTab(page, "Charts");
  for (const title of ["Reward", "Accuracy", "Mean dependency", "Kept", "α spread", "β_max", "Policy loss", "Gradient norm"]) {
    await expect(chart(page, title)).toBeVisible();
  }
  for (const title of ["Answer length", "Speed", "Memory"]) await expect(chart(page, title)).toBeVisible();
  await expect(drawing(page, "Reward")).toHaveAttribute("aria-label", /^Reward .* in 4 steps/);

  await page.getByLabel("Smoothing value").fill("0.999");
  await page.getByLabel("Smoothing value").press("Enter");
  await expect(charts(page)).toContainText("lowest to highest of the last 1999 steps");
  await expect(chart(page, "Answer length").locator("[data-band]")).toHaveCount(1);
  await button(page, "Log").click();
  await expect(button(page, "Log")).toHaveAttribute("aria-pressed", "true");
  await button(page, "Log").click();

  await dragOver(page, "Reward", 0.3, 0.7);
  await expect(drawing(page, "Reward")).toHaveAttribute("aria-label", /in 2 steps/);
  await expect(drawing(page, "Policy loss")).toHaveAttribute("aria-label", /in 2 steps/);
  await expect(page.getByLabel("First step to show")).toHaveValue("2");
  await page.getByLabel("First step to show").fill("1");
  await page.getByLabel("First step to show").press("Enter");
  await expect(drawing(page, "Reward")).toHaveAttribute("aria-label", /in 3 steps/);
  await expectAccessible(page);
  await screenshot(page, "chartsZoomed");
  await button(page, "Whole run").click();
  await expect(drawing(page, "Reward")).toHaveAttribute("aria-label", /in 4 steps/);

  await page.getByLabel("Find a chart").fill("gradient");
  await expect(charted(page, "Reward")).toHaveCount(0);
  await expect(chart(page, "Gradient norm")).toBeVisible();
  await page.getByLabel("Find a chart").fill("no such chart");
  await button(page, "Show all charts").click();

  // A click into a chart is the step of the whole page, until one goes back to live.
  await drawing(page, "Reward").scrollIntoViewIfNeeded();
  const box = await drawing(page, "Reward").boundingBox();
  if (!box) throw new Error("no chart");
  await page.mouse.click(box.x + 40 + (box.width - 48) / 3, box.y + 50);
  await expect(page.getByLabel("Shown step")).toHaveAttribute("aria-valuetext", "step 2 of 4");
  await openTab(page, "Rollouts");
  await expect(page.getByLabel("Shown step")).toHaveAttribute("aria-valuetext", "step 2 of 4");
  await button(page, "Back to live").click();
  await expect(page.getByLabel("Shown step")).toHaveAttribute("aria-valuetext", "step 4 of 4");
});

test("15: rollouts stand in groups with heat, open to coloured text, go to Answer and are asked again", async ({
  workbench: page,
}) => {
  // The run of the test before is there again after the page was loaded anew.
  await page.reload();
  await expect(page.getByTitle("Choose a model").filter({ hasText: /^shapes-vlm/ })).toBeVisible({ timeout: longWait });
  await openTab(page, "Rollouts");
  await page.getByLabel("Run", { exact: true }).selectOption({ label: "VPPO 1, stored" });
  await expect(rollouts(page).getByRole("button", { name: /^Rollout \d of prompt 1$/ })).toHaveCount(2);
  await page.getByLabel("Shown step").press("Home");
  await expect(page.getByLabel("Shown step")).toHaveAttribute("aria-valuetext", "step 1 of 4");
  await expect(rollouts(page).getByRole("img", { name: /^Colour legend: dependency, 0 to .* nats/ })).toBeVisible();
  await page.getByLabel("Find in rollouts").fill("no model would write this");
  await expect(rollouts(page)).toContainText("0 of 2 rollouts");
  await button(page, "Show all rollouts").click();
  await button(page, "Rollout 2 of prompt 1").click();
  await button(page, "Show in Answer").click();
  const answer = page.getByRole("region", { name: "Answer", exact: true });
  await expect(answer).toContainText("From training");
  await expect(tokens(page)).not.toHaveCount(0);
  await button(page, "Compare").click();
  const comparison = page.getByRole("region", { name: "Prompt 1, before and after" });
  await expect(comparison).toContainText("It was drawn in no other step that is kept.", { timeout: longWait });
  await expectAccessible(page);
  await comparison.getByRole("button", { name: "Ask now and compare token by token" }).click();
  await answered(page);
  await expect(comparison.getByRole("listitem")).toHaveCount(4);
  await screenshot(page, "rolloutsCompared");
});

test("16: VPPO and GRPO train as a pair, are compared with a baseline, and opening one moves the knobs", async ({
  workbench: page,
}) => {
  await fresh(page, settings);
  await openTab(page, "Runs");
  await page.getByLabel("Steps of each").fill("2");
  await page.getByLabel("Steps of each").press("Enter");
  await button(page, "Train both").click();
  await expect(page.getByRole("group", { name: "Pair of runs" })).toContainText("VPPO takes 2 steps; GRPO is next.");
  await expect(messages(page)).toContainText("VPPO and GRPO took 2 steps each with the same seed", { timeout: longWait });
  const compared = page.getByRole("region", { name: "Compared runs" });
  await expect(compared.getByLabel("GRPO 1 is the baseline")).toBeChecked();
  await expect(compared.getByRole("row", { name: /^Accuracy, rollouts .*points/ })).toBeVisible();
  await expect(compared.getByRole("row", { name: "Tokens Most dependent All" })).toBeVisible();
  await expectAccessible(page);
  await screenshot(page, "runsCompared");
  await openTab(page, "Charts");
  await expect(charts(page).getByRole("button", { name: "GRPO 1 (baseline)" })).toBeVisible();
  await expect(chart(page, "Reward").locator("path[stroke-dasharray]")).toHaveCount(1);
  await charts(page).getByRole("button", { name: "VPPO 1" }).click();
  await expect(drawing(page, "Reward")).toHaveAttribute("aria-label", /^Reward/);
  await charts(page).getByRole("button", { name: "VPPO 1" }).click();
  // The knobs follow the run that is opened, and one undo takes that back.
  const method = page.getByRole("combobox", { name: "Method" }).first();
  await expect(method).toHaveValue("grpo");
  await openTab(page, "Runs");
  await page.context().setOffline(true);
  await button(page, "Show the charts of VPPO 1").click();
  await expect(method).toHaveValue("vppo");
  await openTab(page, "Charts");
  await expect(drawing(page, "Reward")).toBeVisible();
  await page.context().setOffline(false);
  await button(page, "Undo").click();
  await expect(method).toHaveValue("grpo");
  await expect(runsPanel(page)).toHaveCount(0);
});

test("29: a sweep over k and β_min runs in the background, is paused and goes on, as a heat table", async ({
  workbench: page,
}) => {
  await fresh(page, settings);
  await openTab(page, "Study");
  await button(page, "Run this study here").click();
  await page.getByLabel("Compare", { exact: true }).selectOption({ label: "A grid of k × β_min" });
  await page.getByLabel("Values of k").fill("0.2, x");
  await expect(page.getByText("Not used: type up to 7 numbers")).toBeVisible();
  await expect(button(page, "Start the study")).toBeDisabled();
  await page.getByLabel("Values of k").fill("0.2, 0.4");
  await page.getByLabel("Values of β_min").fill("0.9");
  for (const label of ["Seeds", "Training steps", "Prompts per step", "Answers to each"]) {
    await page.getByRole("textbox", { name: label }).fill("1");
    await page.getByRole("textbox", { name: label }).press("Enter");
  }
  await page.getByRole("textbox", { name: "Held-out problems" }).fill("2");
  await page.getByRole("textbox", { name: "Held-out problems" }).press("Enter");
  await expect(page.getByRole("region", { name: "Study", exact: true })).toContainText("2 runs of 1 step,");
  await expectAccessible(page);
  await button(page, "Start the study").click();
  const progress = page.getByRole("region", { name: "Progress of the study" });
  await expect(progress).toContainText("2 of 3 runs", { timeout: longWait });
  await button(page, "Pause").click();
  await expect(progress).toContainText("Paused", { timeout: longWait });
  const heat = page.getByRole("region", { name: "k × β_min" }).first();
  await expect(heat.getByRole("row", { name: /^k 0\.2/ })).toBeVisible();
  await expect(heat.getByRole("row", { name: /^k 0\.4 not run yet/ })).toBeVisible();
  await button(page, "Continue").click();
  await expect(heat.getByText("not run yet")).toHaveCount(0, { timeout: longWait });
  await expectAccessible(page);
  await screenshot(page, "sweep");
});
