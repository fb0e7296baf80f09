// Two predictions and one KL, going on from another token, comparing two answers, and undo. The tests follow each other on one page: the
// later ones look at the answers that the earlier ones made.

import { expect, type Page } from "@playwright/test";
import {
  answered,
  ask,
  button,
  expectAccessible,
  inspector,
  longWait,
  messages,
  pinToken,
  screenshot,
  tokens,
} from "../support/playground";
import { fresh, test } from "../support/workbench";

test.describe.configure({ mode: "serial" });

const number = (text: string | null) => Number.parseFloat((text ?? "").replace("−", "-"));
const listRows = (page: Page) => inspector(page).locator("table tbody tr");
const parts = async (page: Page) => (await listRows(page).locator("td:last-child").allTextContents()).map(number);
const tree = (page: Page) => page.getByRole("region", { name: "Answers and branches" });
const lines = (page: Page) => tree(page).getByRole("listitem");
const comparison = (page: Page) => page.getByRole("region", { name: "Comparison", exact: true });
const fact = async (page: Page, name: string) =>
  number(await comparison(page).locator(`dt:text-is("${name}") + dd`).textContent());
const alternative = (page: Page) => inspector(page).getByRole("button", { name: /, branch from here$/ });
const answerText = async (page: Page) => (await tokens(page).allTextContents()).join("");
const shownLine = (page: Page) => tree(page).locator('button[aria-current="true"]');

test("2: both predictions stand side by side, with the sampled token and the rest, and their terms sum to the KL", async ({
  workbench: page,
}) => {
  await fresh(page, "v=1&g=2&len=16&pps=1&rpp=2&lr=0.01");
  // A token in the middle of the recorded answer, and one with a large KL.
  for (const place of [6, 12]) {
    await pinToken(page, place);
    const rows = await parts(page);
    const sum = number(await inspector(page).locator("tfoot td").textContent());
    // Terms are shown to a thousandth, the sum to three digits.
    expect(Math.abs(rows.reduce((a, b) => a + b, 0) - sum)).toBeLessThanOrEqual(
      rows.length * 0.0005 + Math.max(sum * 0.005, 0.0005),
    );
    await expect(inspector(page).getByRole("button", { name: / \(sampled\), answer again from here$/ })).toHaveCount(1);
    await expect(listRows(page).last()).toContainText("all other");
    expect(rows.length).toBeGreaterThanOrEqual(9);
  }
  const byProbability = await parts(page);
  await inspector(page).getByRole("combobox", { name: "Order" }).selectOption("by part of KL");
  const byPart = await parts(page);
  const sizes = byPart.slice(0, -1).map(Math.abs);
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  expect([...byPart].sort()).toEqual([...byProbability].sort());
});

test("3: another token goes on from there as a branch; the tree keeps both, and undo takes it back", async ({
  workbench: page,
}) => {
  const before = await answerText(page);
  const beginning = (await tokens(page).allTextContents()).slice(0, 12).join("");
  await inspector(page).getByRole("combobox", { name: "Order" }).selectOption("by probability");
  // By keyboard: the list is reached from its order.
  await inspector(page).getByRole("combobox", { name: "Order" }).focus();
  const first = alternative(page).first();
  for (let i = 0; i < 4 && !(await first.evaluate((node) => node === document.activeElement)); i++)
    await page.keyboard.press("Tab");
  await expect(first).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(lines(page)).toHaveCount(2, { timeout: longWait });
  await answered(page);
  await expect(shownLine(page)).toContainText(/“.*” → “.*” at token 13/);
  const branch = await answerText(page);
  expect(branch).not.toBe(before);
  expect(branch.startsWith(beginning)).toBe(true);
  // The place of the branch is pinned, and its terms still sum to the same KL.
  await expect(inspector(page)).toContainText("token 13 of");
  const rows = await parts(page);
  const sum = number(await inspector(page).locator("tfoot td").textContent());
  expect(Math.abs(rows.reduce((a, b) => a + b, 0) - sum)).toBeLessThanOrEqual(
    rows.length * 0.0005 + Math.max(sum * 0.005, 0.0005),
  );
  await screenshot(page, "branch");

  await page.keyboard.press("Control+z");
  await expect.poll(() => answerText(page)).toBe(before);
  await expect(shownLine(page)).not.toContainText("→");
  await page.keyboard.press("Control+y");
  await expect.poll(() => answerText(page)).toBe(branch);

  // The branch goes with its line, and Undo brings it back.
  await lines(page)
    .nth(1)
    .getByRole("button", { name: /^Delete/ })
    .click();
  await expect(tree(page)).toHaveCount(0);
  await expect.poll(() => answerText(page)).toBe(before);
  await button(page, "Undo").click();
  await expect(lines(page)).toHaveCount(2);
  await expect.poll(() => answerText(page)).toBe(branch);
});

test("27: two answers are compared token by token: a branch with its parent, and before and after training", async ({
  workbench: page,
}) => {
  const count = await tokens(page).count();
  await lines(page)
    .first()
    .getByRole("button", { name: /^Compare/ })
    .click();
  await expect(comparison(page)).toBeVisible();
  expect(await fact(page, "same tokens")).toBeGreaterThanOrEqual(12);
  expect((await fact(page, "same tokens")) + (await fact(page, "only here"))).toBe(count);
  const [here, there] = [
    comparison(page).getByRole("group", { name: /^Here: / }),
    comparison(page).getByRole("group", { name: /^There: / }),
  ];
  await expect(here.locator("[data-i]")).toHaveCount(count);
  // Up to the branch the numbers are the same; the other token stands on one side alone.
  const titles = await here.locator("[data-i]").evaluateAll((all) => all.map((node) => node.getAttribute("title")));
  expect(titles.slice(0, 12)).toEqual(Array.from({ length: 12 }, () => "Δ 0"));
  expect(titles).toContain("only on this side");
  await expect(there.locator("[data-i]").first()).toHaveAttribute("title", "Δ 0");
  await expectAccessible(page);
  await screenshot(page, "comparison");

  // The same question before and after a step of training.
  await comparison(page).getByRole("button", { name: "Stop comparing" }).click();
  await ask(page);
  await button(page, "Step").click();
  await expect(page.getByRole("group", { name: "Training controls" }).getByRole("status")).toHaveText("1", { timeout: longWait });
  await answered(page);
  await ask(page);
  await expect(lines(page)).toHaveCount(4);
  await expect(lines(page).last()).toContainText("after step 1");
  await lines(page)
    .nth(2)
    .getByRole("button", { name: /^Compare/ })
    .click();
  expect(await fact(page, "Σ KL here")).toBeGreaterThan(0);
  expect((await fact(page, "same tokens")) + (await fact(page, "only there"))).toBeGreaterThan(0);
  await comparison(page).getByRole("table").getByRole("button").first().click();
  await expect(inspector(page)).toContainText("Pinned");

  // An answer of the model as it was cannot be gone on from with the model as it is.
  await lines(page).nth(2).locator("button").first().click();
  await pinToken(page, 3);
  await alternative(page).first().click();
  await expect(messages(page)).toContainText(
    "The branch was not started: the answer came from shapes-vlm, and shapes-vlm after step 1 would",
  );
  await expect(lines(page)).toHaveCount(4);
});

test("19: undo and redo go through settings, mask, pinned token and shown answer", async ({ workbench: page }) => {
  const steps = async () => ({
    text: await answerText(page),
    mask: await page.getByRole("combobox", { name: "Mask", exact: true }).inputValue(),
    keep: await page.getByRole("textbox", { name: "Keep k value" }).inputValue(),
    pinned: await tokens(page).evaluateAll((all) => all.findIndex((node) => node.getAttribute("aria-selected") === "true")),
  });
  // Changes of one kind that follow closely are one step.
  const rest = () => page.waitForTimeout(450);
  const seen = [await steps()];
  const note = async () => {
    seen.push(await steps());
    await rest();
  };
  await page.getByRole("combobox", { name: "Mask", exact: true }).selectOption("Blur");
  await note();
  await page.getByRole("textbox", { name: "Keep k value" }).fill("0.7");
  await page.getByRole("textbox", { name: "Keep k value" }).press("Enter");
  await note();
  await pinToken(page, 5);
  await note();
  await lines(page).first().locator("button").first().click();
  await note();
  expect(new Set(seen.map((one) => JSON.stringify(one))).size).toBe(seen.length);
  await tokens(page)
    .first()
    .focus()
    .catch(() => {});
  await page.getByRole("heading", { name: "VPPO playground" }).click();
  for (const expected of seen.slice(0, -1).reverse()) {
    await page.keyboard.press("Control+z");
    await expect.poll(steps).toEqual(expected);
  }
  for (const expected of seen.slice(1)) {
    await page.keyboard.press("Control+y");
    await expect.poll(steps).toEqual(expected);
  }
});
