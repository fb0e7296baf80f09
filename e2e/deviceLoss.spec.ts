import { expect, type Page, test } from "@playwright/test";
import {
  ask,
  button,
  effect,
  inspector,
  longWait,
  measurements,
  messages,
  openReady,
  openTab,
  screenshot,
  statusBar,
  stepNumber,
  tokens,
} from "./support/playground";

// The engine's script must be seen by the test, which a service worker would hide.
test.use({ serviceWorkers: "block" });

const loss = /The GPU .+ lost.*\. Press Reload device; your text.* kept\./;

/** Lets the test destroy the device that the engine's worker holds. */
async function watchDevices(page: Page): Promise<void> {
  const watch = `{
    const request = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...wanted) {
      return (globalThis.testDevice = await request.apply(this, wanted));
    };
  }`;
  await page.route("**/engine.worker-*.js", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: watch + (await response.text()) });
  });
}

const destroyDevice = (page: Page) =>
  page.workers()[0]?.evaluate(() => (globalThis as unknown as { testDevice: GPUDevice }).testDevice.destroy());

const isUnderWay = (count: number) => count > 2 && count < 30;

async function reloadDevice(page: Page) {
  await button(page, "Reload device").click();
  await expect(button(page, "Ask")).toBeEnabled({ timeout: longWait });
  await expect(button(page, "Reload device")).toHaveCount(0);
  await expect(page.getByRole("alert")).toHaveCount(0);
}

test("message: a device lost in an answer and in a training step costs only that job: Reload device brings model and adapter back", async ({
  page,
}) => {
  await watchDevices(page);
  await openReady(page, "v=1&g=2&len=40&t=5&pps=1&rpp=2&lr=0.01");
  const step = stepNumber(page);
  await button(page, "Step").click();
  await expect(step).toHaveText("1", { timeout: longWait });
  await ask(page);
  const trained = await measurements(page);

  await button(page, "Ask").click();
  // So hot an answer does not end before its longest length; the tokens of the answer before are gone when it starts.
  await expect.poll(async () => isUnderWay(await tokens(page).count()), { intervals: [50] }).toBe(true);
  await destroyDevice(page);
  await expect(messages(page)).toContainText(loss);
  await expect(page.getByRole("region", { name: "Answer", exact: true }).getByRole("alert")).toHaveText(loss);
  await expect(button(page, "Ask")).toBeDisabled();
  await expect(button(page, "Step")).toBeDisabled();
  const streamed = await tokens(page).count();
  expect(isUnderWay(streamed)).toBe(true);
  await page.getByRole("slider", { name: "Keep k" }).press("End");
  await expect(effect(page)).toContainText("100 %");
  await button(page, "Undo").click();
  // What was running, how much memory was planned, and what makes the next try smaller.
  const note = page.getByRole("region", { name: "What was lost" });
  await expect(note).toContainText("The GPU device was lost while answering with 2 rollouts.");
  await expect(note).toContainText(/\d.* of .+ of GPU memory were planned for this model\./);
  for (const name of ["Smaller model", "Shorter answers: 20 tokens", "Fewer rollouts: 1 at once", "Copy report"]) {
    await expect(note.getByRole("button", { name })).toBeEnabled();
  }
  await screenshot(page, "deviceLost");
  await messages(page)
    .getByRole("button", { name: /^Dismiss: The GPU/ })
    .click();
  await reloadDevice(page);
  await ask(page);
  expect(await measurements(page)).toEqual(trained);

  await button(page, "Step").click();
  await expect(statusBar(page)).toContainText("Training step 2");
  await destroyDevice(page);
  await expect(messages(page)).toContainText(loss);
  await expect(note).toContainText("The GPU device was lost while taking training step 2.");
  await expect(page.getByRole("region", { name: "Training charts" }).getByRole("alert")).toHaveText(loss);
  await expect(step).toHaveText("1");
  await reloadDevice(page);
  await openTab(page, "System");
  await expect(page.getByRole("region", { name: "Model", exact: true })).toContainText("trained, step 1");
  await openTab(page, "Charts");
  await button(page, "Step").click();
  await expect(step).toHaveText("2", { timeout: longWait });
  await expect(inspector(page)).toBeVisible();
});
