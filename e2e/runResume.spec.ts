import { expect, type Page, test } from "@playwright/test";
import { button, longWait, openReady, screenshot, stepNumber } from "./support/playground";
import { runSettings, storedRuns, trainTo, wasmLaunch } from "./support/runs";

test.use({ launchOptions: wasmLaunch });

const steps = 12;
/** How often the page is killed: VPPO_KILLS=30 for a longer look. */
const kills = Number(process.env.VPPO_KILLS ?? 10);

/** Numbers in [0, 1) that are the same in every run of the test. */
function* seeded(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

async function finished(page: Page): Promise<void> {
  await expect.poll(async () => (await storedRuns(page))[0]?.status, { timeout: longWait }).toBe("finished");
}

/** Ends a page the hard way: closes it, throws its document away, or kills its process. */
async function kill(page: Page, how: number): Promise<void> {
  if (how % 3 === 1) await page.goto("about:blank");
  if (how % 3 === 2) await page.goto("chrome://crash").catch(() => undefined);
  await page.close();
}

test(`a run of ${steps} steps that is killed ${kills} times ends with the same bits as one that is not`, async ({ browser }) => {
  test.setTimeout(180_000 + kills * 30_000);
  const whole = await browser.newContext();
  const first = await whole.newPage();
  await openReady(first, runSettings);
  const started = Date.now();
  await trainTo(first, steps);
  await finished(first);
  const stepMs = (Date.now() - started) / steps;
  const [expected] = await storedRuns(first);
  expect(expected).toMatchObject({ name: "VPPO 1", lastStep: steps });
  await whole.close();

  const context = await browser.newContext();
  const random = seeded(2026);
  let page = await context.newPage();
  await openReady(page, runSettings);
  await trainTo(page, steps);
  let inTheMiddle = 0;
  let lastStep = 0;
  for (let killed = 0; killed < kills; killed++) {
    // Rollouts, scoring, update or saving are hit; up to one and a half steps, or less where the kills would outlast the run.
    const most = kills - killed < steps - lastStep - 1 ? 1.5 : 0.4;
    await page.waitForTimeout(random.next().value * most * stepMs);
    const before = await stepNumber(page).textContent();
    await kill(page, killed);
    page = await context.newPage();
    await openReady(page, runSettings);
    const [run] = await storedRuns(page);
    expect(run?.steps, `kill ${killed}: every step is stored once`).toEqual(
      Array.from({ length: run?.lastStep ?? 0 }, (_, i) => i + 1),
    );
    // What the page had shown is stored.
    expect(run?.lastStep).toBeGreaterThanOrEqual(Number(before));
    if (run?.status !== "running") break;
    inTheMiddle++;
    lastStep = run.lastStep;
    await expect(page.getByRole("region", { name: "Interrupted run" })).toContainText(
      run.lastStep === 0
        ? "VPPO 1 was interrupted in its first step of 12."
        : `VPPO 1 was interrupted after step ${run.lastStep} of 12.`,
    );
    if (killed === 3) await screenshot(page, "runInterrupted");
    await button(page, "Continue").click();
    await expect(button(page, "Pause")).toBeVisible();
  }
  expect(inTheMiddle).toBe(kills);
  await finished(page);
  const runs = await storedRuns(page);
  expect(runs.length).toBe(1);
  expect(runs[0]).toEqual(expected);
  await context.close();
});
