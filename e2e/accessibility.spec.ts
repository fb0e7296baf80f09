import { expect, test } from "@playwright/test";
import {
  ask,
  button,
  expectAccessible,
  inspector,
  longWait,
  modelReady,
  open,
  openTab,
  pinToken,
  pointAt,
  screenshot,
  statusBar,
  tokens,
  upload,
} from "./support/playground";

test.use({ serviceWorkers: "block" });

test("axe finds nothing to object to in any state of the page", async ({ page }) => {
  const state = (name: string, check: () => Promise<void>) => test.step(name, check);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/model.safetensors", async (route) => {
    await held;
    await route.continue();
  });
  await open(page);

  await state("first visit, model loading", async () => {
    await expect(statusBar(page)).toContainText("Loading");
    await expectAccessible(page);
    await screenshot(page, "loading");
  });
  await state("answer", async () => {
    release();
    await modelReady(page);
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
  await state("training, charts, rollouts, settings and system", async () => {
    await button(page, "Step").click();
    await expect(statusBar(page)).toContainText("Training step 1");
    await expectAccessible(page);
    await expect(statusBar(page)).toContainText("Ready", { timeout: longWait });
    for (const tab of ["Charts", "Rollouts", "Settings", "System"]) {
      await openTab(page, tab);
      await expectAccessible(page);
      await screenshot(page, `tab${tab}`);
    }
    await openTab(page, "Charts");
    await button(page, "View as table").click();
    await expectAccessible(page);
  });
  await state("dialog open", async () => {
    await button(page, "Commands and keys").click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await expectAccessible(page);
    await screenshot(page, "dialog");
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
  });
  await state("error", async () => {
    await upload(page, "notes.png", "image/png", Buffer.from("no picture"));
    await expect(page.getByRole("group", { name: "Image", exact: true }).getByRole("alert")).toBeVisible();
    await expectAccessible(page);
  });
  await state("dark", async () => {
    await button(page, "Switch light and dark").click();
    await expectAccessible(page);
    await screenshot(page, "dark");
  });
  await state("200 % zoom, and a phone", async () => {
    for (const [width, height] of [
      [720, 450],
      [390, 844],
    ] as const) {
      await page.setViewportSize({ width, height });
      await expectAccessible(page);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(overflow).toBe(0);
      await screenshot(page, `width${width}`);
    }
  });
});

test("an answer is reached, walked and pinned by keys alone", async ({ page }) => {
  await open(page);
  await modelReady(page);
  await page.keyboard.press("/");
  await expect(page.getByRole("textbox", { name: "Question" })).toBeFocused();
  await page.keyboard.press("ControlOrMeta+Enter");
  await expect(button(page, "Stop")).toBeEnabled();
  await expect(statusBar(page)).toContainText("Ready", { timeout: longWait });
  const listbox = page.getByRole("listbox", { name: "Answer tokens" });
  for (let i = 0; i < 90 && !(await listbox.evaluate((element) => element === document.activeElement)); i++)
    await page.keyboard.press("Tab");
  await expect(listbox).toBeFocused();
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
});
