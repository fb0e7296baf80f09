// What the end-to-end specs share: opening the page with small settings, waiting for the model, asking, reading what is shown, and
// the accessibility check. Elements are found as users find them, by role and name.

import { readFile } from "node:fs/promises";
import AxeBuilder from "@axe-core/playwright";
import { expect, type Locator, type Page } from "@playwright/test";

/** Kernels compile on first use, for tens of seconds on SwiftShader with two busy cores. */
export const longWait = 180_000;

/** Two rollouts of at most 24 tokens, and training steps of one prompt: enough for every state, small enough for a CPU. */
export const smallSettings = "v=1&g=2&len=24&pps=1&rpp=2";

/** A file of fixtures/images. */
export const picture = (name: string) => readFile(new URL(`../../fixtures/images/${name}`, import.meta.url));

/** Opens the page with the given settings in its address; `query` is what stands before them: "?hub=http://127.0.0.1:8137". */
export async function open(page: Page, settings = smallSettings, query = ""): Promise<void> {
  await page.goto(`/${query}#${settings}`);
  await expect(page.getByRole("heading", { name: "VPPO playground" })).toBeVisible();
}

/** Waits until the embedded model is loaded. */
export async function modelReady(page: Page): Promise<void> {
  // While it loads the chip says "Loading shapes-vlm".
  await expect(modelChip(page)).toHaveText(/^shapes-vlm/, { timeout: longWait });
}

/** Opens the page and waits for the model. */
export async function openReady(page: Page, settings = smallSettings, query = ""): Promise<void> {
  await open(page, settings, query);
  await modelReady(page);
}

export const modelChip = (page: Page) => page.getByRole("banner").getByTitle("Choose a model");
export const statusBar = (page: Page) => page.getByRole("contentinfo");
export const messages = (page: Page) => page.getByRole("status", { name: "Messages" });
export const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
export const image = (page: Page) => page.getByRole("group", { name: "Image", exact: true });
export const tokens = (page: Page) => page.getByRole("listbox", { name: "Answer tokens" }).getByRole("option");
export const inspector = (page: Page) => page.getByRole("region", { name: "Inspector" });
export const effect = (page: Page) => page.getByLabel("Effect on the shown answer");

/** How many steps the shown run has. */
export const stepNumber = (page: Page) => page.getByRole("group", { name: "Training controls" }).getByRole("status");

/** The same as a number: what a step takes is not known, so specs wait for more of them and not for a certain one. */
export const stepCount = async (page: Page): Promise<number> => Number(await stepNumber(page).textContent());

/** Chooses one of the sample pictures, counted from 0. */
export const pickSample = (page: Page, index: number) =>
  page.getByRole("region", { name: "Samples" }).getByRole("listitem").nth(index).getByRole("button").click();

/** Presses Ask, or does what `begin` does, and waits until the answer is complete. */
export async function ask(page: Page, begin = () => button(page, "Ask").click()): Promise<void> {
  // A short answer is complete between two looks from here, so the page itself notes that one has begun.
  await page.evaluate(() => {
    const { dataset } = document.documentElement;
    delete dataset.answerBegan;
    const watch = new MutationObserver(() => {
      if (!document.querySelector('button[aria-label="Stop"]:not([disabled])')) return;
      dataset.answerBegan = "yes";
      watch.disconnect();
    });
    watch.observe(document.body, { subtree: true, childList: true, attributeFilter: ["disabled"] });
  });
  await begin();
  await expect(page.locator("html")).toHaveAttribute("data-answer-began", "yes");
  await answered(page);
  await expect(tokens(page)).not.toHaveCount(0);
}

/** Waits until no job is running. */
export async function answered(page: Page): Promise<void> {
  await expect(statusBar(page)).toContainText("Ready", { timeout: longWait });
}

/** Moves the pointer onto a token: Playwright's own hover aims at the dot above a kept token, which is no target. */
export async function pointAt(page: Page, index: number): Promise<void> {
  const token = tokens(page).nth(index);
  await token.scrollIntoViewIfNeeded();
  const box = await token.boundingBox();
  if (!box) throw new Error(`token ${index} is not shown`);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
}

/** Clicks a token, which pins it. */
export async function pinToken(page: Page, index: number): Promise<void> {
  await pointAt(page, index);
  await page.mouse.down();
  await page.mouse.up();
}

/** Shows a tab of the lower part. */
export const openTab = (page: Page, name: string) => page.getByRole("tab", { name }).click();

/** What an answer measures, to compare two answers: rewards, dependencies and weights of all rollouts, and the strongest token. */
export async function measurements(page: Page): Promise<string> {
  await page.mouse.move(0, 0);
  // Without the list of kept answers, which grows with every answer.
  const rows = await page.getByRole("region", { name: "Answer", exact: true }).evaluate((panel) => {
    const copy = panel.cloneNode(true) as Element;
    copy.querySelector('[aria-label="Answers and branches"]')?.remove();
    return copy.textContent;
  });
  return `${rows}\n${await inspector(page).textContent()}`;
}

/** Pixels of a drawn picture, as one text. */
export const pixels = (canvas: Locator) => canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL());

/** Chooses a picture file by its bytes. */
export const upload = (page: Page, name: string, mimeType: string, buffer: Buffer) =>
  page.getByLabel("Picture file").setInputFiles({ name, mimeType, buffer });

/** Fails with axe's findings where the page as it stands, or the part of it that `within` selects, breaks WCAG 2.2 AA. */
export async function expectAccessible(page: Page, within = "html"): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .include(within)
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
    .analyze();
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => ({ id, help, html, failureSummary })),
  );
  expect(found).toEqual([]);
}

/** Keeps a picture of the page where VPPO_SCREENSHOTS names a folder, to be looked at. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.VPPO_SCREENSHOTS;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` });
}
