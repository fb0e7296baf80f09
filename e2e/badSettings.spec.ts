// Settings that cannot be used are refused at their field with the reason, and leave everything else alone: the value before, and a
// training that runs.

import { expect, type Page, test } from "@playwright/test";
import {
  button,
  expectAccessible,
  longWait,
  messages,
  open,
  openReady,
  openTab,
  screenshot,
  statusBar,
  stepCount,
  stepNumber,
} from "./support/playground";
import { wasmLaunch } from "./support/runs";

// What is told about settings and rewards is the page's business; steps are quicker there.
test.use({ launchOptions: wasmLaunch });

const settings = (page: Page) => page.getByRole("region", { name: "Settings", exact: true });
const field = (page: Page, label: string) => page.getByRole("textbox", { name: `${label} value`, exact: true });

async function enter(page: Page, label: string, text: string): Promise<void> {
  await field(page, label).fill(text);
  await field(page, label).blur();
}

test("a value outside its limits is refused at the field, with the reason, and the one before stays", async ({ page }) => {
  await open(page);
  await openTab(page, "Settings");
  await button(page, "What is trained").click();
  const refused: readonly (readonly [string, string, string, RegExp])[] = [
    ["Rollouts per prompt", "1", "2", /“1” was not used: .*one alone has nothing to be compared with\. Allowed: 2 to 32/],
    ["Learning rate", "NaN", "0.001", /“NaN” was not used: it is not a number\. Allowed: 0 to 1\./],
    ["LoRA rank", "0", "8", /rank 0 has no weights to train/],
    ["Prompts per step", "2.5", "1", /it is not a whole number/],
    ["Keep k", "0", "0.4", /no token would receive a gradient/],
  ];
  for (const [label, text, stays, why] of refused) {
    await enter(page, label, text);
    await expect(page.getByRole("alert").filter({ hasText: why })).toBeVisible();
    await expect(field(page, label)).toHaveValue(stays);
    await expect(field(page, label)).toHaveAttribute("aria-invalid", "true");
  }
  for (const title of ["Loss", "Dynamic sampling", "Measurements", "View"]) await button(page, title).click();
  await expectAccessible(page);
  await screenshot(page, "badSettings");
  await enter(page, "LoRA rank", "4");
  await expect(page.getByRole("alert").filter({ hasText: "rank 0" })).toHaveCount(0);
  await expect(page).toHaveURL(/rank=4/);
});

test("a link with impossible values is told value by value", async ({ page }) => {
  await open(page, "v=1&rpp=1&k=0&lr=NaN&rew=eval");
  await messages(page)
    .getByRole("button", { name: /^\d more$/ })
    .click();
  for (const label of ["Rollouts per prompt", "Keep k", "Learning rate", "Reward"]) {
    await expect(page.getByText(new RegExp(`${label} in the link was not used`)).first()).toBeVisible();
  }
});

test("settings that do not fit together stop a training before it begins, and leave one that runs alone", async ({ page }) => {
  await openReady(page, "v=1&g=2&len=12&pps=3&ppu=2&rpp=2");
  await openTab(page, "Settings");
  const why = /Prompts per update cannot be used: 2 prompts per update do not divide 3 prompts per step/;
  await expect(settings(page).getByRole("alert")).toHaveText(why);
  await button(page, "Step").click();
  await expect(messages(page)).toContainText(/do not divide/, { timeout: longWait });
  await expect(stepNumber(page)).toHaveText("0");

  await enter(page, "Prompts per step", "1");
  await enter(page, "Prompts per update", "0");
  await expect(settings(page).getByRole("alert")).toHaveCount(0);
  await button(page, "Play").click();
  await expect.poll(() => stepCount(page), { timeout: longWait }).toBeGreaterThan(0);
  await enter(page, "Rollouts per prompt", "1");
  await enter(page, "Prompts per update", "2");
  await expect(settings(page).getByRole("alert")).toHaveCount(2);
  const refusedAt = await stepCount(page);
  await expect.poll(() => stepCount(page), { timeout: longWait }).toBeGreaterThan(refusedAt + 1);
  await expect(button(page, "Pause")).toBeEnabled();
  await button(page, "Pause").click();
  await expect(statusBar(page)).toContainText("Ready", { timeout: longWait });
});
