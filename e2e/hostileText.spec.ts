// Text that others wrote — a model, a file's name, a run's name, an imported file, a link — with markup, scripts, marks that turn or hide
// text, and a hundred thousand letters without a space: shown as text, nothing of it runs, and the page keeps its shape.

import { readFile } from "node:fs/promises";
import { expect, type Page, test } from "@playwright/test";
import {
  button,
  image,
  inspector,
  longWait,
  messages,
  modelReady,
  open,
  openReady,
  openTab,
  screenshot,
  stepNumber,
  tokens,
  upload,
} from "./support/playground";
import { runsPanel, wasmLaunch } from "./support/runs";

test.use({ launchOptions: wasmLaunch, serviceWorkers: "block" });

const settings = "v=1&g=2&len=16&pps=1&rpp=2";
const markup = `<img src="x" onerror="window.injected=1"><script>window.injected=2</script><svg onload="window.injected=3">`;
const turning = "abc\u202Edcba\u2066\u200B\uFEFF";
const long = "W".repeat(100_000);

/** Nothing ran, nothing became an element, and the page is as wide as its window. */
async function expectHarmless(page: Page): Promise<void> {
  const found = await page.evaluate(() => ({
    injected: (window as { injected?: unknown }).injected,
    elements: document.querySelectorAll('img[src="x"], [onerror], svg[onload], body script:not([src])').length,
    beyond: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  }));
  expect(found).toEqual({ injected: undefined, elements: 0, beyond: 0 });
  for (const part of ["banner", "contentinfo"] as const) await expect(page.getByRole(part)).toBeInViewport({ ratio: 0.9 });
}

/** Puts the page at a phone's width and back, looking at its shape in both. */
async function expectShape(page: Page, name: string): Promise<void> {
  await expectHarmless(page);
  await screenshot(page, name);
  await page.setViewportSize({ width: 390, height: 844 });
  await expectHarmless(page);
  await screenshot(page, `${name}390`);
  await page.setViewportSize({ width: 1440, height: 900 });
}

test("hostile text of a model is shown as tokens, with a sign for what cannot be seen", async ({ page }) => {
  const recording = JSON.parse(await readFile(new URL("../public/recorded/example.json", import.meta.url), "utf8"));
  const [answer] = recording.answers;
  const ids = new Int32Array(Uint8Array.from(Buffer.from(answer.rollouts.at(-1).ids, "base64")).buffer);
  for (const [i, text] of [markup, turning, long].entries()) recording.texts[String(ids[i * 2])] = text;
  answer.question = `${markup} ${turning} ${long}`;
  recording.run.name = markup;
  await page.route("**/recorded/example.json", (route) => route.fulfill({ json: recording }));
  await page.route("**/*.safetensors", (route) => route.abort());
  await open(page, settings);
  await expect(page.getByText("Recorded", { exact: true })).toBeVisible();
  await page
    .getByRole("button", { name: new RegExp(`rollout ${answer.rollouts.length}\\b`, "i") })
    .first()
    .click();
  const shown = await tokens(page).allTextContents();
  expect(shown.some((text) => text.includes(markup))).toBe(true);
  // Marks that turn or hide text stand alone, where they turn nothing, with their code drawn.
  const turned = tokens(page).filter({ hasText: /^abc/ });
  const signs = turned.locator("[data-code]");
  expect(await signs.evaluateAll((all) => all.map((sign) => sign.getAttribute("data-code")))).toEqual([
    "U+202E",
    "U+2066",
    "U+200B",
    "U+FEFF",
  ]);
  expect(await signs.first().evaluate((sign) => getComputedStyle(sign).unicodeBidi)).toBe("isolate");
  expect(await signs.first().evaluate((sign) => getComputedStyle(sign, "::before").content)).toContain("⟨");
  await expectShape(page, "hostileAnswer");
  const index = shown.findIndex((text) => text.includes("<script>"));
  // It may go over several lines, and the middle of their box be none of it.
  const token = tokens(page).nth(index);
  await token.scrollIntoViewIfNeeded();
  const first = await token.evaluate((element) => {
    const { x, y, width, height } = element.getClientRects()[0] ?? new DOMRect();
    return { x: x + width / 2, y: y + height / 2 };
  });
  await page.mouse.click(first.x, first.y);
  await expect(inspector(page)).toContainText("Pinned");
  await expect(inspector(page)).toContainText("<script>");
  await expectHarmless(page);
});

test("hostile names of files and runs, and hostile logs, are shown as text", async ({ page }) => {
  await openReady(page, settings);
  await upload(page, `${markup}${turning}${"n".repeat(300)}.png`, "image/png", Buffer.from("no picture"));
  await expect(image(page).getByRole("alert")).toContainText("its content is not an image");
  await expectHarmless(page);
  await page
    .getByLabel("Run file")
    .or(page.getByLabel("Adapter files"))
    .first()
    .setInputFiles([
      { name: `${markup}${turning}${"n".repeat(300)}.json`, mimeType: "application/json", buffer: Buffer.from("{}") },
    ]);
  await expect(messages(page)).not.toBeEmpty();
  // What comes after a name in a message reads from left to right again.
  const isolated = await messages(page)
    .locator("bdi")
    .first()
    .evaluate((element) => getComputedStyle(element).unicodeBidi);
  expect(isolated).toBe("isolate");
  await expectShape(page, "hostileFileName");

  await button(page, "Step").click();
  await expect(stepNumber(page)).toHaveText("1", { timeout: longWait });
  await openTab(page, "Runs");
  const name = runsPanel(page)
    .getByRole("textbox", { name: /^Name of / })
    .first();
  await name.fill(`${markup} ${turning}`);
  await name.press("Enter");
  const note = runsPanel(page).getByRole("textbox", { name: /^Note/ }).first();
  await note.fill(`${markup}${long}`);
  await note.press("Tab");
  await expect(name).toHaveValue(/<img src/);
  await expectShape(page, "hostileRunName");

  await openTab(page, "Charts");
  const line = (step: number) =>
    JSON.stringify({ step, [markup]: { [turning]: 0.5, [`${"m".repeat(80)}`]: 1 }, "reward/overall": step / 10, note: long });
  await page.getByLabel("Log files").setInputFiles({
    name: `${markup}${turning}.jsonl`.replaceAll("/", "_"),
    mimeType: "application/json",
    buffer: Buffer.from([1, 2, 3].map(line).join("\n")),
  });
  await expect(messages(page)).not.toContainText("The log was not imported");
  const more = page.getByRole("button", { name: /^More charts/ });
  if (await more.isVisible()) await more.click();
  await expectShape(page, "hostileLog");
  await page.getByRole("contentinfo").getByRole("button", { name: /more$/ }).click();
  await expectHarmless(page);
});

test("a hostile link is told part by part, shortened, and the page works", async ({ page }) => {
  const bad = encodeURIComponent(`${markup}${turning}${"x".repeat(5000)}`);
  await open(page, `v=1&k=${bad}&sample=${bad}&pin=${bad}&preset=${bad}&${bad}=1&guide=${bad}&tab=${bad}`);
  await expect(messages(page)).not.toBeEmpty();
  const more = page.getByRole("contentinfo").getByRole("button", { name: /more$/ });
  await more.click();
  await expect(messages(page)).toContainText("Keep k in the link was not used");
  const texts = await messages(page).getByRole("paragraph").allTextContents();
  for (const text of texts) expect(text.length).toBeLessThan(600);
  await expectShape(page, "hostileLink");
  await modelReady(page);
  await expect(button(page, "Ask")).toBeEnabled();
});
