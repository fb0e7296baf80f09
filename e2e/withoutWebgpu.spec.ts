import { expect, test } from "@playwright/test";
import { browserLaunch } from "../scripts/chromium.mjs";
import { ask, button, longWait, openReady, screenshot, statusBar, stepNumber, tokens } from "./support/playground";

const { args, ...launch } = browserLaunch();
test.use({
  launchOptions: {
    ...launch,
    args: [...args.filter((flag) => !/webgpu/i.test(flag)), "--disable-features=WebGPU,WebGPUService"],
  },
});

test("23: message: without WebGPU the page runs on WebAssembly, says so and says what to switch on", async ({ page }) => {
  await openReady(page, "v=1&g=2&len=12&pps=1&rpp=2");
  await expect(statusBar(page)).toContainText("WebAssembly, no GPU");
  const note = page.getByRole("alert").filter({ hasText: "Running without the GPU" });
  await expect(note).toContainText(/WebGPU/);
  await expect(note).toContainText(/(Use a current Chrome|Switch on)/);
  await note.getByRole("button", { name: "What this machine can do" }).click();
  const card = page.getByRole("region", { name: "What this machine can do" });
  await expect(card.getByRole("listitem").first()).toContainText(/no WebGPU, or it is switched off|offers no GPU/);
  await expect(card.getByRole("link", { name: "the WebGPU group's list" })).toHaveAttribute("href", /^https:/);
  await screenshot(page, "wasm");
  await ask(page);
  const grounds = await tokens(page).evaluateAll((all) => all.map((token) => getComputedStyle(token).backgroundColor));
  expect(new Set(grounds).size).toBeGreaterThan(1);
  await button(page, "Step").click();
  await expect(stepNumber(page)).toHaveText("1", { timeout: longWait });
});
