// The bar is WCAG 2.2 AA: axe in every state that the design names, a walk by keys alone, 200 % zoom, forced colours, reduced motion.

import { readFile } from "node:fs/promises";
import { expect, type Page } from "@playwright/test";
import {
  answered,
  ask,
  button,
  expectAccessible,
  image,
  inspector,
  longWait,
  open,
  openTab,
  pinToken,
  pointAt,
  screenshot,
  statusBar,
  stepNumber,
  tokens,
  upload,
} from "./support/playground";
import { fresh, wasmTest as test } from "./support/workbench";

const settings = "v=1&g=2&len=16&pps=1&rpp=2";
const listbox = (page: Page) => page.getByRole("listbox", { name: "Answer tokens" });
/** The lower part with its tabs. */
const drawer = 'section[aria-label="Training"]';
const overlay = (page: Page) => page.getByTestId("region-overlay");

/** Nothing sticks out of the window sideways, and nothing has pushed the page up. */
async function expectInWindow(page: Page): Promise<void> {
  const out = await page.evaluate(() => {
    const { scrollWidth, clientWidth, scrollTop } = document.documentElement;
    return { sideways: scrollWidth - clientWidth, up: scrollTop };
  });
  expect(out).toEqual({ sideways: 0, up: 0 });
}

test("24: axe finds nothing on a first visit while the model loads", async ({ workbench: other }) => {
  // A page of its own, whose model never comes.
  const browser = other.context().browser();
  if (!browser) throw new Error("no browser");
  await fresh(other, settings);
  const context = await browser.newContext({ baseURL: new URL(other.url()).origin, serviceWorkers: "block" });
  const page = await context.newPage();
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.route("**/model.safetensors", () => {});
  await open(page, settings);
  await expect(statusBar(page)).toContainText("Loading");
  await expect(page.getByText("see which words needed the image")).toBeVisible();
  await expectAccessible(page);
  await screenshot(page, "loading");
  await context.close();
});

test("24: axe finds nothing in an answer, with a pinned token, in training, in a dialog, on an error, in the dark, at 200 %", async ({
  workbench: page,
}) => {
  const state = (name: string, check: () => Promise<void>) => test.step(name, check);
  await fresh(page, settings);
  await state("answer", async () => {
    await ask(page);
    await expectAccessible(page);
  });
  await state("token under the pointer", async () => {
    await pointAt(page, 1);
    await expect(page.getByRole("tooltip")).toBeVisible();
    await expectAccessible(page);
  });
  await state("token pinned", async () => {
    await pinToken(page, 1);
    await expect(inspector(page)).toContainText("Pinned");
    await expectAccessible(page);
  });
  // The other tabs have specs of their own, which ask axe.
  await state("training, and tabs of the lower part", async () => {
    await button(page, "Step").click();
    await expect(statusBar(page)).toContainText("Training step 1");
    await expectAccessible(page);
    await answered(page);
    for (const tab of ["Rollouts", "Insight", "Runs", "Settings"]) {
      await openTab(page, tab);
      await expect(page.getByText(/^Opening .* …$/)).toHaveCount(0);
      await expectAccessible(page, drawer);
    }
    await openTab(page, "Charts");
    await page.getByRole("region", { name: "Training", exact: true }).getByRole("button", { name: "View as table" }).click();
    await button(page, "Tokens as a table").click();
    await expectAccessible(page);
    await button(page, "Tokens as a table").click();
  });
  await state("dialog open", async () => {
    await button(page, "Commands and keys").click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
  });
  await state("error", async () => {
    await upload(page, "notes.png", "image/png", Buffer.from("no picture"));
    await expect(image(page).getByRole("alert")).toBeVisible();
    await expectAccessible(page);
  });
  await state("dark", async () => {
    await page.emulateMedia({ colorScheme: "dark" });
    await expectAccessible(page);
    await page.emulateMedia({ colorScheme: "light" });
  });
  await state("high contrast", async () => {
    await page.emulateMedia({ contrast: "more" });
    await expect(page.locator("html")).toHaveAttribute("data-contrast", "more");
    await expectAccessible(page);
    await page.emulateMedia({ contrast: "no-preference" });
  });
  await state("forced colours: axe finds nothing, and what is chosen is seen without its ground", async () => {
    await page.emulateMedia({ forcedColors: "active" });
    await expectAccessible(page);
    const line = (locator: ReturnType<Page["locator"]>) =>
      locator.evaluate((element) => getComputedStyle(element).textDecorationLine);
    await expect(page.getByRole("tab", { name: "Charts" })).toHaveAttribute("aria-selected", "true");
    expect(await line(page.getByRole("tab", { name: "Charts" }))).toBe("underline");
    expect(await line(page.getByRole("tab", { name: "Step" }))).not.toBe("underline");
    await screenshot(page, "forced");
    await page.emulateMedia({ forcedColors: "none" });
  });
  // 1440 × 900 at 200 %, a phone, and 1280 × 1024 at 400 %, where only one direction may scroll (1.4.10).
  for (const [name, width, height] of [
    ["200 % zoom", 720, 450],
    ["phone", 390, 844],
    ["400 % zoom", 320, 256],
  ] as const) {
    await state(name, async () => {
      await page.setViewportSize({ width, height });
      for (const part of ["Input", "Train", "Answer"]) {
        await page.getByRole("tablist", { name: "Parts of the page" }).getByRole("tab", { name: part }).click();
        if (width === 720 || (width === 390 && part === "Answer")) await expectAccessible(page, "main");
        if (height > 300) await expectInWindow(page);
      }
      await tokens(page).nth(1).scrollIntoViewIfNeeded();
      await expect(tokens(page).nth(1)).toBeInViewport();
      await inspector(page).getByText("Pinned", { exact: true }).scrollIntoViewIfNeeded();
      await expect(inspector(page).getByText("Pinned", { exact: true })).toBeInViewport();
      const { scrollWidth, clientWidth } = await page.evaluate(() => document.documentElement);
      expect(scrollWidth).toBe(clientWidth);
      await screenshot(page, `width${width}`);
    });
  }
});

test("24: with reduced motion nothing moves by itself, in an answer, in training and in a dialog", async ({
  workbench: page,
}) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await fresh(page, settings);
  const moving = () =>
    page.evaluate(() =>
      document
        .getAnimations()
        .filter(({ playState, effect }) => playState === "running" && Number(effect?.getComputedTiming().duration) > 0)
        .map(({ effect }) => (effect instanceof KeyframeEffect ? effect.target?.className : "?")),
    );
  await pointAt(page, 1);
  await expect(page.getByRole("tooltip")).toBeVisible();
  expect(await moving()).toEqual([]);
  await button(page, "Commands and keys").click();
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(await moving()).toEqual([]);
  await page.keyboard.press("Escape");
  await page.emulateMedia({ reducedMotion: "no-preference" });
});

test("24: asking, pinning, a region, a training step and an export are done by keys alone", async ({ workbench: page }) => {
  await fresh(page, settings);
  /** Goes on by Tab until `reached`; every stop must be in the window and not wholly behind something else (2.4.11). */
  const tabTo = async (reached: () => Promise<boolean>) => {
    for (let i = 0; i < 160; i++) {
      if (await reached()) return;
      await page.keyboard.press("Tab");
      const hidden = await page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body) return null;
        const { left, top, right, bottom } = element.getBoundingClientRect();
        const isIn = right > 0 && bottom > 0 && left < innerWidth && top < innerHeight;
        return isIn ? null : element.outerHTML.slice(0, 160);
      });
      expect(hidden).toBeNull();
    }
    throw new Error("Tab does not lead there");
  };
  const isFocused = (locator: ReturnType<Page["locator"]>) =>
    locator.evaluate((element) => element === document.activeElement || element.contains(document.activeElement));

  await page.keyboard.press("/");
  await expect(page.getByRole("textbox", { name: "Question" })).toBeFocused();
  await ask(page, () => page.keyboard.press("ControlOrMeta+Enter"));

  await tabTo(() => isFocused(listbox(page)));
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await expect(inspector(page)).toContainText("Pinned");
  await expect(tokens(page).and(page.locator("[aria-selected=true]"))).toHaveAttribute(
    "aria-label",
    /^token \d+, .+, dependency .+ nats, rank \d+ of \d+, (kept|filtered out)$/,
  );
  await page.keyboard.press("Escape");
  await expect(inspector(page)).not.toContainText("Pinned");

  await page.keyboard.press("r");
  await expect(overlay(page)).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+ArrowDown");
  await expect(overlay(page)).toHaveAccessibleName(/left 25 %.*bottom 80 %/);
  await expect(image(page)).toContainText(/Region: 1 pass in [\d.]+ s/, { timeout: longWait });

  await page.keyboard.press(".");
  await expect(stepNumber(page)).toHaveText("1", { timeout: longWait });
  await answered(page);

  const menu = button(page, "Export from Answer");
  await tabTo(() => isFocused(menu));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menu", { name: "Export from Answer" })).toBeVisible();
  await expect(page.getByRole("menuitem").first()).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("menuitem", { name: "Answer as JSON" })).toBeFocused();
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  expect(JSON.parse(await readFile(await download.path(), "utf8"))).toMatchObject({ format: "vppo-playground/answer" });
});
