// A training step taken apart, rewards edited to see what they would do, and equations with a token's own numbers.

import { expect, type Page } from "@playwright/test";
import { expectAccessible, inspector, longWait, openTab, pinToken, screenshot, statusBar } from "../support/playground";
import { fresh, wasmTest as test } from "../support/workbench";

const settings = "v=1&g=2&len=16&pps=2&rpp=2&lr=0.01";

const panel = (page: Page) => page.getByRole("region", { name: "Step taken apart" });
const stage = (page: Page, place: number) =>
  page.getByRole("navigation", { name: "Stages of the step" }).getByRole("button", { name: new RegExp(`^${place} `) });
const rows = (page: Page, name: string) =>
  panel(page).getByRole("region", { name }).getByRole("table").first().locator("tbody tr");
const numberOf = (text: string | null | undefined) => Number((text ?? "").replace("−", "-").replace("+", ""));
const cell = async (page: Page, name: string, row: number, column: number) =>
  numberOf(await rows(page, name).nth(row).getByRole("cell").nth(column).textContent());
const rewardField = (page: Page, rollout: number) => panel(page).getByRole("textbox", { name: `Reward of rollout ${rollout}` });

async function setReward(page: Page, rollout: number, value: string): Promise<void> {
  await rewardField(page, rollout).fill(value);
  await rewardField(page, rollout).press("Enter");
}

test("12: a training step is taken apart in seven stages with its own numbers, equations and tokens", async ({
  workbench: page,
}) => {
  await fresh(page, settings);
  await openTab(page, "Step");
  await expect(panel(page)).toContainText("This is the answer shown above");
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await expect(panel(page)).toContainText("one of 2 in this step", { timeout: longWait });
  await expect(statusBar(page)).toContainText("Ready", { timeout: longWait });

  await expect(rows(page, "Rollouts")).toHaveCount(2);
  await stage(page, 1).focus();
  for (const [name, place] of [
    ["Rewards", 2],
    ["Advantages", 3],
    ["Shaping", 4],
  ] as const) {
    await page.keyboard.press("ArrowRight");
    await expect(stage(page, place)).toHaveAttribute("aria-current", "step");
    await expect(stage(page, place)).toBeFocused();
    await expect(panel(page).getByRole("region", { name, exact: true }).locator("math").first()).toBeVisible();
    await expect(
      panel(page)
        .getByRole("link", { name: /^paper, / })
        .first(),
    ).toHaveAttribute("href", /arxiv\.org/);
  }
  const [meanDependency, z, alpha, advantage, shaped] = await Promise.all(
    [0, 1, 2, 3, 4].map((i) => cell(page, "Shaping", 0, i)),
  );
  expect(meanDependency).toBeGreaterThanOrEqual(0);
  expect(z).toBeGreaterThanOrEqual(0);
  expect((alpha as number) * (advantage as number)).toBeCloseTo(shaped as number, 1);

  await stage(page, 5).click();
  const [tokens, kept] = [await cell(page, "Token mask", 0, 0), await cell(page, "Token mask", 0, 1)];
  expect(kept).toBe(Math.ceil(Math.fround(Math.fround(0.4) * tokens)));
  const own = panel(page).getByRole("region", { name: "Tokens of rollout 1" }).locator("tbody tr");
  await expect(own).toHaveCount(tokens);
  expect(await own.filter({ hasText: "●" }).count()).toBe(kept);

  await stage(page, 6).click();
  for (const label of ["Clipped ratios", "Gradient norm", "Learning rate", "Optimizer steps"])
    await expect(panel(page).getByRole("term").filter({ hasText: label })).toBeVisible();
  await stage(page, 7).click();
  await expect(panel(page)).toContainText(/log-probabilities of kept tokens have moved|No weight was changed|not measured/);
  await panel(page).getByLabel("Question").selectOption("1");
  await expect(panel(page)).toContainText(/Moves are measured for the first question|No weight was changed/);
  await expectAccessible(page);
  await screenshot(page, "step");
});

test("13: an edited reward moves advantages and token weights at once, without training, and goes back", async ({
  workbench: page,
}) => {
  await fresh(page, settings);
  // The recorded example: eight answers, nothing is computed by the model.
  await openTab(page, "Step");
  await stage(page, 2).click();
  const first = await cell(page, "Rewards", 0, 2);
  const other = await cell(page, "Rewards", 7, 2);
  const weights = async () => (await panel(page).getByRole("region", { name: "Tokens of rollout" }).textContent()) ?? "";
  await stage(page, 5).click();
  const before = await weights();
  await stage(page, 2).click();
  await setReward(page, 1, "0.25");
  await expect(rows(page, "Rewards").nth(0)).toContainText("edited, measured 0");
  await expect(panel(page).getByRole("status")).toContainText("one reward is edited");
  await expect(panel(page).getByRole("img", { name: /^Reward of 8 rollouts: 0\.25, .*as measured 0, / })).toBeVisible();
  const moved = await rows(page, "Rewards").nth(0).getByRole("cell").nth(2).locator("strong").textContent();
  expect(numberOf(moved)).toBeGreaterThan(first);
  expect(await rows(page, "Rewards").nth(7).getByRole("cell").nth(2).locator("s").textContent()).toBeTruthy();
  // The answer above and the weights of its tokens have moved with it.
  await expect(page.getByRole("button", { name: "Reward of rollout 1: 0.25, set by hand" })).toBeVisible();
  await stage(page, 5).click();
  expect(await weights()).not.toBe(before);
  await screenshot(page, "what-if");
  await panel(page).getByRole("button", { name: "Back to measured rewards" }).click();
  expect(await weights()).toBe(before);
  await stage(page, 2).click();
  expect(await cell(page, "Rewards", 0, 2)).toBe(first);
  expect(await cell(page, "Rewards", 7, 2)).toBe(other);
});

test("25: symbols explain themselves with this token's numbers, on hover and focus, until Escape", async ({
  workbench: page,
}) => {
  await fresh(page, settings);
  await pinToken(page, 3);
  await page.mouse.move(0, 0);
  const note = page.getByRole("note", { name: "Equation" });
  const term = (name: string) => inspector(page).getByRole("button", { name, exact: true });
  await term("w").scrollIntoViewIfNeeded();
  await term("w").hover();
  await expect(note).toContainText("w");
  const formulas = note.locator("math");
  await expect(formulas).toHaveCount(2);
  const [, advantage, alpha, mask, weight] = (
    /=\s*(\S+?)\s*⋅\s*(\S+?)\s*⋅\s*(\S+?)\s*=\s*(\S+)/.exec((await formulas.last().textContent()) ?? "") ?? []
  ).map((text) => numberOf(text.replace(/[()]/g, "")));
  expect((advantage as number) * (alpha as number) * (mask as number)).toBeCloseTo(weight as number, 1);
  await expect(note.getByRole("link", { name: "paper, Eq. 6" })).toHaveAttribute("href", "https://arxiv.org/abs/2510.09285");
  await expect(note.getByRole("link", { name: /^official code, dp_actor.py/ })).toHaveAttribute(
    "href",
    /VPPO-RL\/blob\/.*dp_actor\.py#L/,
  );
  await expect(note).toContainText("src/rl/vppo.ts: previewUpdate");
  // The pointer may go inside it.
  await note.getByRole("link").first().hover();
  await page.waitForTimeout(300);
  await expect(note).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(note).toHaveCount(0);
  // Escape has put away the equation and nothing else.
  await expect(inspector(page)).toContainText("Pinned");

  await page.mouse.move(0, 0);
  await term("A").focus();
  await expect(note).toContainText("sd");
  await expect(note).toContainText("src/rl/advantage.ts: groupAdvantages");
  await expectAccessible(page);
  await screenshot(page, "equation");
  await page.keyboard.press("Tab");
  await expect(note.getByRole("link").first()).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(note).toHaveCount(0);
  await expect(term("A")).toBeFocused();
});
