// Tabs as people use them: two at once, one behind another while it trains, frozen by the browser, left and come back to. Nothing is lost
// and no step is taken twice. On WebAssembly, whose steps are quick; where the engine computes makes no difference here.

import { type BrowserContext, expect, type Page, test } from "@playwright/test";
import {
  button,
  longWait,
  messages,
  modelChip,
  modelReady,
  open,
  openReady,
  openTab,
  stepCount,
  stepNumber,
  tokens,
} from "./support/playground";
import { runRow, runSettings, storedRuns, wasmLaunch } from "./support/runs";

// The back/forward cache, which Playwright switches off, is part of what is tested.
test.use({
  launchOptions: { ...wasmLaunch, ignoreDefaultArgs: ["--disable-back-forward-cache"] },
  serviceWorkers: "block",
});

const stepsOf = (run: { steps: readonly number[] } | undefined) => [...(run?.steps ?? [])];
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

async function lifecycle(context: BrowserContext, page: Page, state: "frozen" | "active"): Promise<void> {
  const session = await context.newCDPSession(page);
  await session.send("Page.setWebLifecycleState", { state });
  await session.detach();
}

/** Back in the history; a page that the browser has kept does not load again, so that there is no load to wait for. */
async function goBack(page: Page): Promise<void> {
  await page.goBack({ waitUntil: "commit" });
  await expect(page.getByRole("heading", { name: "VPPO playground" })).toBeVisible();
}

/** Asks; so short an answer may be over before anything else could be looked at. */
async function askShort(page: Page): Promise<void> {
  await button(page, "Ask").click();
  await expect(modelChip(page)).toContainText("tok/s", { timeout: longWait });
  await expect(tokens(page)).not.toHaveCount(0);
}

/** Waits until the run's steps on the disk are what the page shows, and returns them. */
async function settled(page: Page): Promise<readonly number[]> {
  await expect(button(page, "Play")).toBeVisible({ timeout: longWait });
  return stepsOf((await storedRuns(page))[0]);
}

test("two tabs never train one run twice, and each keeps what is its own", async ({ page, context }) => {
  await openReady(page, runSettings);
  await button(page, "Play").click();
  await expect.poll(() => stepCount(page), { timeout: longWait }).toBeGreaterThan(0);
  const [run] = await storedRuns(page);
  if (!run) throw new Error("no run is stored");

  const other = await context.newPage();
  await openReady(other, runSettings);
  await openTab(other, "Runs");
  await expect(runRow(other, run.name)).toContainText("trains in another tab", { timeout: longWait });
  await expect(button(other, `Continue ${run.name}`)).toBeDisabled();
  await button(other, `Show the charts of ${run.name}`).click();
  await button(other, "Step").click();
  await expect(messages(other)).toContainText("The run is busy: it trains in another tab of this page.");
  await button(other, "Reset").click();
  // A run of the second tab's own is another run, at the same time.
  await expect(stepNumber(other)).toHaveText("0");
  await button(other, "Step").click();
  await expect(stepNumber(other)).toHaveText("1", { timeout: longWait });
  await button(page, "Pause").click();
  const steps = await settled(page).then(() => storedRuns(page));
  expect(steps).toHaveLength(2);
  for (const { steps: taken, lastStep } of steps) expect(taken).toEqual(upTo(lastStep));
  await other.close();
});

test("training goes on in a tab behind others, without frames, and is shown when it comes back", async ({ page, context }) => {
  await openReady(page, runSettings);
  await button(page, "Play").click();
  await expect.poll(() => stepCount(page), { timeout: longWait }).toBeGreaterThan(0);
  // What a browser does to a hidden page: it says so, and draws nothing.
  await page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "hidden" });
    Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
    window.requestAnimationFrame = () => 0;
    document.dispatchEvent(new Event("visibilitychange"));
  });
  const front = await context.newPage();
  await front.bringToFront();
  const before = (await storedRuns(page))[0]?.lastStep ?? 0;
  await expect.poll(async () => (await storedRuns(page))[0]?.lastStep, { timeout: longWait }).toBeGreaterThan(before + 1);
  await page.bringToFront();
  await page.evaluate(() => {
    for (const key of ["visibilityState", "hidden"]) Reflect.deleteProperty(document, key);
    Reflect.deleteProperty(window, "requestAnimationFrame");
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await button(page, "Pause").click();
  const taken = await settled(page);
  expect(taken).toEqual(upTo(taken.length));
  await expect(stepNumber(page)).toHaveText(String(taken.length));
  await front.close();
});

test("a page that the browser freezes, as with a locked screen, goes on where it was", async ({ page, context }) => {
  await openReady(page, runSettings);
  await button(page, "Play").click();
  await expect.poll(() => stepCount(page), { timeout: longWait }).toBeGreaterThan(0);
  await lifecycle(context, page, "frozen");
  await new Promise((resolve) => setTimeout(resolve, 3000));
  await lifecycle(context, page, "active");
  const shown = await stepCount(page);
  await expect.poll(() => stepCount(page), { timeout: longWait }).toBeGreaterThan(shown);
  await button(page, "Pause").click();
  const taken = await settled(page);
  expect(taken).toEqual(upTo(taken.length));
  await expect(messages(page)).not.toContainText("could not");
  await askShort(page);
});

test("leaving the page and coming back, from the back/forward cache or not, loses nothing and repeats nothing", async ({
  page,
}) => {
  await openReady(page, runSettings);
  await button(page, "Step").click();
  await expect(stepNumber(page)).toHaveText("1", { timeout: longWait });
  await page.evaluate(() => {
    addEventListener("pageshow", ({ persisted }) => {
      if (persisted) document.documentElement.dataset.restored = "true";
    });
  });
  await page.goto("/icon.svg");
  await goBack(page);
  await modelReady(page);
  const isRestored = (await page.locator("html").getAttribute("data-restored")) === "true";
  test.info().annotations.push({ type: "restored from the back/forward cache", description: String(isRestored) });
  if (isRestored) await expect(stepNumber(page)).toHaveText("1");
  expect(stepsOf((await storedRuns(page))[0])).toEqual([1]);
  // Both kinds of page can answer and train; the stored run is as it was, or goes on by a step.
  await askShort(page);
  await button(page, "Step").click();
  await expect(stepNumber(page)).toHaveText(isRestored ? "2" : "1", { timeout: longWait });
  for (const { steps, lastStep } of await storedRuns(page)) expect(steps).toEqual(upTo(lastStep));
});

test("leaving in the middle of a run asks nothing of the user: it can be continued on coming back", async ({ page }) => {
  await openReady(page, runSettings);
  await button(page, "Play").click();
  await expect.poll(() => stepCount(page), { timeout: longWait }).toBeGreaterThan(0);
  await page.goto("/icon.svg");
  await goBack(page);
  await modelReady(page);
  // A page kept by the browser trains on; one that was loaded anew offers to continue.
  const goesOn = await button(page, "Pause").isVisible();
  if (goesOn) await button(page, "Pause").click();
  else {
    await page
      .getByRole("button", { name: /^Continue/ })
      .first()
      .click();
    await expect.poll(() => stepCount(page), { timeout: longWait }).toBeGreaterThan(1);
    await button(page, "Pause").click();
  }
  const taken = await settled(page);
  expect(taken).toEqual(upTo(taken.length));
  expect(await storedRuns(page)).toHaveLength(1);
});

test("a link that is opened in a second tab shows the same view there and leaves the first alone", async ({ page, context }) => {
  await open(page, `${runSettings}&k=0.2`);
  const other = await context.newPage();
  await open(other, `${runSettings}&k=0.7`);
  await expect(other.getByRole("textbox", { name: "Keep k value" })).toHaveValue("0.7");
  await expect(page.getByRole("textbox", { name: "Keep k value" })).toHaveValue("0.2");
  await other.close();
});
