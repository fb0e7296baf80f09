// The answer's text and what it is coloured by: rows 1, 4, 5, 9 and 10 of the feature table.

import { expect, type Page } from "@playwright/test";
import { ask, effect, inspector, pinToken, pointAt, tokens } from "../support/playground";
import { fresh, wasmTest as test } from "../support/workbench";

const small = "v=1&g=2&len=16&pps=1&rpp=2";
const legend = (page: Page) => page.getByRole("img", { name: /^Colour legend/ });
const choose = (page: Page, name: string, option: string) =>
  page.getByRole("combobox", { name, exact: true }).selectOption({ label: option });
const answer = (page: Page) => page.getByRole("region", { name: "Answer", exact: true });
const distribution = (page: Page) => page.getByRole("region", { name: "Distribution", exact: true });
const threshold = (page: Page) => page.getByRole("slider", { name: "Dependency threshold" });
const grounds = (page: Page) => tokens(page).evaluateAll((all) => all.map((token) => getComputedStyle(token).backgroundColor));
const keptTokens = async (page: Page) => Number((await effect(page).textContent())?.match(/(\d+) of (\d+)/)?.[1]);
/** Puts the focus nowhere, so that single keys are shortcuts. */
const leave = (page: Page) => page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());

test("1: tokens have the colour of their dependency while they stream, with a legend in nats, three scales, an end and four maps", async ({
  workbench: page,
}) => {
  await fresh(page, small);
  // Notes how many colours the unfinished answer had.
  await page.evaluate(() => {
    const seen = { colours: 0 };
    Object.assign(window, { streamed: seen });
    new MutationObserver(() => {
      if (!document.querySelector("footer")?.textContent?.includes("Answering")) return;
      const all = [...document.querySelectorAll("[role=option]")].map((token) => getComputedStyle(token).backgroundColor);
      seen.colours = Math.max(seen.colours, new Set(all).size);
    }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });
  });
  await ask(page);
  const streamed = await page.evaluate(() => (window as unknown as { streamed: { colours: number } }).streamed.colours);
  expect(streamed).toBeGreaterThan(1);
  await expect(legend(page)).toHaveAccessibleName(/^Colour legend: Visual dependency, 0 to [\d.]+ nats, linear scale$/);

  const linear = await grounds(page);
  await choose(page, "Scale", "Log");
  await expect(legend(page)).toHaveAccessibleName(/log scale$/);
  await expect.poll(() => grounds(page)).not.toEqual(linear);
  await choose(page, "Scale", "Rank");
  await expect(legend(page)).toHaveAccessibleName(/rank scale$/);
  await choose(page, "Scale", "Linear");

  await page.getByRole("button", { name: "View options" }).click();
  await page.getByRole("slider", { name: "Colours end at" }).press("PageUp");
  await expect(legend(page)).not.toHaveAccessibleName(/ 0 to 0 nats/);
  await page.getByRole("textbox", { name: "Colours end at value" }).fill("0.5");
  await page.getByRole("textbox", { name: "Colours end at value" }).press("Enter");
  await expect(legend(page)).toHaveAccessibleName("Colour legend: Visual dependency, 0 to 0.5 nats, linear scale");
  await page.getByRole("textbox", { name: "Colours end at value" }).fill("0");
  await page.getByRole("textbox", { name: "Colours end at value" }).press("Enter");
  await expect.poll(() => grounds(page)).toEqual(linear);
  for (const map of ["Viridis", "Magma", "Blues"]) {
    const before = await grounds(page);
    await choose(page, "Colour map", map);
    await expect.poll(() => grounds(page)).not.toEqual(before);
  }
  // The view travels in the link.
  await expect.poll(() => new URL(page.url()).hash).toContain("cmap=blues");
});

test("4: k and β_min say at once what they keep, in the text, in the numbers and in α of every rollout", async ({
  workbench: page,
}) => {
  await fresh(page, small);
  const before = await keptTokens(page);
  await leave(page);
  await page.keyboard.press("k");
  await expect(page.getByRole("slider", { name: "Keep k" })).toBeFocused();
  await page.keyboard.press("End");
  await expect.poll(() => keptTokens(page)).toBeGreaterThan(before);
  await expect(effect(page)).toContainText("100 %");
  await page.getByRole("textbox", { name: "Keep k value" }).fill("0.1");
  await page.getByRole("textbox", { name: "Keep k value" }).press("Enter");
  await expect.poll(() => keptTokens(page)).toBeLessThan(before);
  const kept = await answer(page)
    .getByText(/^kept \d+\/\d+$/)
    .allTextContents();
  const sum = kept.reduce((total, text) => total + Number(text.match(/\d+/)?.[0]), 0);
  expect(await keptTokens(page)).toBe(sum);

  await distribution(page).getByRole("button", { name: "α over the group" }).click();
  const curve = distribution(page).getByRole("img", { name: /^α of \d+ rollouts rises from β_min 0\.90/ });
  await expect(curve).toBeVisible();
  await leave(page);
  await page.keyboard.press("b");
  await page.keyboard.press("Home");
  const lower = distribution(page).getByRole("img", { name: /^α of \d+ rollouts rises from β_min 0\.00/ });
  await expect(lower).toBeVisible();
  // The dot of the first rollout is pointed at, names it and opens it.
  const dot = lower.locator("circle").first();
  const box = await dot.boundingBox();
  if (!box) throw new Error("there is no dot");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await expect(distribution(page)).toContainText(/rollout \d+: S̄ [\d.]+ nats, α [\d.]+/);
  const named = (
    await distribution(page)
      .getByText(/^rollout \d+: S̄/)
      .textContent()
  )?.match(/rollout (\d+)/)?.[1];
  await page.mouse.down();
  await page.mouse.up();
  await expect(page.getByRole("button", { name: new RegExp(`^Rollout ${named}, `) })).toHaveAttribute("aria-expanded", "true");
});

test("5: the histogram's threshold is k both ways, a bar lists its tokens, and a brush over the strip measures a part", async ({
  workbench: page,
}) => {
  await fresh(page, small);
  const all = Number(await threshold(page).getAttribute("aria-valuemax"));
  await page.getByRole("slider", { name: "Keep k" }).press("End");
  await expect(threshold(page)).toHaveAttribute("aria-valuenow", String(all));
  await threshold(page).press("End");
  await expect(threshold(page)).toHaveAttribute("aria-valuenow", "1");
  await expect(page.getByRole("textbox", { name: "Keep k value" })).not.toHaveValue("1");
  const handle = await threshold(page).boundingBox();
  if (!handle) throw new Error("there is no threshold");
  await page.mouse.move(handle.x + handle.width / 2, handle.y + handle.height / 2);
  await page.mouse.down();
  await page.mouse.move(handle.x - 120, handle.y + handle.height / 2, { steps: 4 });
  await page.mouse.up();
  await expect.poll(async () => Number(await threshold(page).getAttribute("aria-valuenow"))).toBeGreaterThan(1);

  await distribution(page).getByRole("button", { name: "Tokens of a bar" }).click();
  const list = page.getByRole("dialog", { name: "Tokens of a bar" });
  await expect(list.getByRole("listitem").first()).toContainText("nats");
  await list.getByRole("button", { name: "Bar to the left" }).click();
  await list.getByRole("listitem").first().getByRole("button").click();
  await expect(inspector(page)).toContainText("Pinned");
  await page.keyboard.press("Escape");
  await expect(list).toHaveCount(0);
  await expect(inspector(page)).toContainText("Pinned");

  const strip = await distribution(page)
    .getByRole("img", { name: /^KL of the \d+ tokens/ })
    .boundingBox();
  if (!strip) throw new Error("there is no strip");
  await page.mouse.move(strip.x + strip.width * 0.1, strip.y + 30);
  await page.mouse.down();
  await page.mouse.move(strip.x + strip.width * 0.5, strip.y + 30, { steps: 4 });
  await page.mouse.up();
  await expect(inspector(page)).toContainText(/Tokens \d+ to \d+/);
  await expect(distribution(page)).toContainText(/mean [\d.e−]+ nats · \d+ % · \d+ kept/);
  await page.getByRole("textbox", { name: "Last token of the part" }).fill(String(all));
  await page.getByRole("textbox", { name: "Last token of the part" }).press("Enter");
  await expect(inspector(page)).toContainText(new RegExp(`Tokens \\d+ to ${all}`));

  // Kept tokens in turn from anywhere on the page, and token by token in the text.
  await page.mouse.move(0, 0);
  await leave(page);
  await page.keyboard.press("Escape");
  await expect(inspector(page)).toContainText("Depends most");
  await page.keyboard.press("]");
  await expect(inspector(page)).toContainText("● kept");
  await pinToken(page, 0);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await expect(inspector(page)).toContainText("token 2 of");
});

test("9: values are shown per token, word, sentence, step or own part, as text in three spacings with white space and underlines, or as a table", async ({
  workbench: page,
}) => {
  await fresh(page, small);
  await page.getByRole("button", { name: "View options" }).click();
  const colours = async () => new Set(await grounds(page)).size;
  const perToken = await colours();
  await choose(page, "Granularity", "Sentence");
  await expect.poll(colours).toBeLessThan(perToken);
  const mean = await grounds(page);
  await choose(page, "Value of a part", "Sum");
  await expect.poll(() => grounds(page)).not.toEqual(mean);
  await choose(page, "Granularity", "Own pattern");
  await page.getByRole("textbox", { name: "A part ends with" }).fill("(");
  await expect(page.getByText(/This is no regular expression/)).toBeVisible();
  await page.getByRole("textbox", { name: "A part ends with" }).fill("$");
  await page.getByRole("textbox", { name: "A part ends with" }).press("Enter");
  await expect.poll(colours).toBe(1);
  await choose(page, "Granularity", "Token");

  const height = async () => (await page.getByRole("listbox", { name: "Answer tokens" }).boundingBox())?.height ?? 0;
  const normal = await height();
  await choose(page, "Line spacing", "Relaxed");
  await expect.poll(height).toBeGreaterThan(normal);
  await choose(page, "Line spacing", "Compact");
  await expect.poll(height).toBeLessThan(normal);
  const text = await tokens(page).allTextContents();
  await page.getByRole("switch", { name: "Show white space" }).check();
  expect(await tokens(page).allTextContents()).toEqual(text);
  await choose(page, "Mark tokens by", "Underline");
  await expect
    .poll(() =>
      tokens(page)
        .first()
        .evaluate((token) => getComputedStyle(token).textDecorationLine),
    )
    .toBe("underline");

  await leave(page);
  await page.keyboard.press("t");
  const table = page.getByRole("region", { name: /^Tokens of rollout \d+ as a table$/ });
  await expect(table.getByRole("columnheader", { name: "entropy masked, nats" })).toBeVisible();
  await table.getByRole("button", { name: "kl, nats" }).click();
  await expect(table.getByRole("columnheader", { name: /^kl, nats/ })).toHaveAttribute("aria-sort", "descending");
  await table
    .getByRole("button", { name: /^Pin token/ })
    .first()
    .click();
  await expect(inspector(page)).toContainText(/rank1 of/);
  await leave(page);
  await page.keyboard.press("t");
  await expect(tokens(page)).toHaveCount(text.length);
});

test("10: the keys 1 to 7 colour by seven numbers, each with its formula, and the pop-over has all of them", async ({
  workbench: page,
}) => {
  await fresh(page, small);
  await leave(page);
  const meanings: readonly (readonly [RegExp, string])[] = [
    [/Visual dependency, 0 to [\d.]+ nats/, "S_t = Σ_v p(v) log(p(v) / q(v))"],
    [/Δ log-prob, −[\d.]+ to [\d.]+ nats/, "log p(o_t | image) − log p(o_t | masked)"],
    [/Surprise, 0 to [\d.]+ nats/, "−log p(o_t | image)"],
    [/Entropy, 0 to [\d.]+ nats/, "H_t = −Σ_v p(v) log p(v)"],
    [/Advantage, −[\d.]+ to [\d.]+,/, "A_i = (r_i − mean r) / std r"],
    [/Weight in the update, −[\d.]+ to [\d.]+,/, "A_i · α_i · m_t"],
    [/Gradient kept, 0 to [\d.e−]+,/, "|∂L / ∂log π_t|"],
  ];
  const seen = new Set<string>();
  for (const [i, [name, formula]] of meanings.entries()) {
    await page.keyboard.press(String(i + 1));
    await expect(legend(page)).toHaveAccessibleName(name);
    await expect(answer(page)).toContainText(formula);
    seen.add((await grounds(page)).join());
  }
  expect(seen.size).toBe(meanings.length);
  await pointAt(page, 3);
  const tip = page.getByRole("tooltip");
  for (const label of ["Visual dependency, KL", "Δ log-prob", "Surprise", "Entropy", "Advantage", "Weight", "Gradient kept"]) {
    await expect(tip).toContainText(label);
  }
  await expect(tip).toContainText(/rank \d+ of \d+ · (● kept|filtered out)/);
  // The keys work in the text too, where a click has put the focus.
  await pinToken(page, 3);
  await page.keyboard.press("1");
  await expect(legend(page)).toHaveAccessibleName(/Visual dependency/);
});
