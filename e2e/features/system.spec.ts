// Row 28 of the page's feature table: the System tab tells what an answer and a training step cost. Memory by purpose, work and kernels
// need a GPU; without one the tab says so.

import { expect, type Page } from "@playwright/test";
import { ask, button, expectAccessible, longWait, openTab, screenshot } from "../support/playground";
import { trainTo } from "../support/runs";
import { fresh, test } from "../support/workbench";

const settings = "v=1&g=2&len=16&pps=1&rpp=2";
const system = (page: Page) => page.getByRole("region", { name: "System" });
const card = (page: Page, name: string) => system(page).getByRole("region", { name, exact: true });
const row = (page: Page, table: string, name: string) =>
  card(page, table)
    .getByRole("row")
    .filter({ has: page.getByRole("rowheader", { name, exact: true }) });
/** The first number of a row. */
const figure = async (page: Page, table: string, name: string, column = 0) =>
  Number.parseFloat((await row(page, table, name).getByRole("cell").nth(column).textContent()) ?? "");

test("28: the System tab tells memory, work and time of the last answer and step, times kernels, and measures the adapter", async ({
  workbench: page,
}) => {
  await fresh(page, settings);
  await openTab(page, "System");
  await expect(card(page, "Work and time")).toContainText("Ask a question or train a step");
  const onGpu = await card(page, "Device").getByText("WebGPU", { exact: true }).isVisible();
  const toggle = page.getByRole("switch", { name: "Measure kernels" });
  const timed = await toggle.isVisible();
  if (timed) await toggle.check();
  await ask(page);

  const answer = card(page, "Work and time").getByRole("figure", { name: "Last answer" });
  await expect(answer.getByRole("img")).toHaveAccessibleName(
    /^Last answer took [\d.]+ m?s: .*Prefill [\d.]+ m?s, Decode [\d.]+ m?s\.$/,
  );
  await expect(answer).toContainText(/\d+ tokens in .*: [\d.]+ tokens\/s/);
  expect(await figure(page, "Achieved rates", "Decode")).toBeGreaterThan(0);
  if (!onGpu) {
    await expect(card(page, "Work and time")).toContainText("counted on WebGPU only");
    await expect(card(page, "Memory")).toContainText("on WebGPU only");
    await expect(card(page, "Kernels")).toContainText("timed on WebGPU only");
    await expect(card(page, "Roofline")).toContainText("measured on WebGPU only");
    return;
  }
  expect(await figure(page, "Work on the GPU", "Dispatches")).toBeGreaterThan(100);
  expect(await figure(page, "Work on the GPU", "Readbacks", 1)).toBeLessThanOrEqual(1);
  expect(await figure(page, "GPU memory by purpose", "Weights")).toBeGreaterThan(0);
  expect(await figure(page, "GPU memory by purpose", "Keys and values", 2)).toBeGreaterThan(0);
  expect(await figure(page, "GPU memory by purpose", "All", 1)).toBeGreaterThan(10);
  if (timed) {
    await expect(card(page, "Last answer, time by kernel").getByRole("row").nth(1)).toContainText(
      /prefill|decode|image encoding/,
    );
    await expect(card(page, "Kernels")).toContainText(/smallest difference of two times was [\d.]+ (µs|ms)/);
    await toggle.uncheck();
  }

  await button(page, "Measure this adapter").click();
  await expect(card(page, "Roofline")).toContainText(/[\d.]+ GB\/s: bytes read and written/, { timeout: longWait });
  await expect(row(page, "Achieved rates", "Decode")).toContainText(/[\d.]+ GB\/s[\d.]+ GB\/s[\d.]+ %/);
  await expect(row(page, "Achieved rates", "Prefill")).toContainText(/[\d.]+ GFLOP\/s[\d.]+ GFLOP\/s[\d.]+ %/);

  await trainTo(page, 1);
  await openTab(page, "System");
  const step = card(page, "Work and time").getByRole("figure", { name: "Last training step" });
  const taken = /Rollouts [\d.]+ m?s, .*Update [\d.]+ m?s/;
  await expect(step.getByRole("img")).toHaveAccessibleName(taken, { timeout: longWait });
  expect(await figure(page, "GPU memory by purpose", "Adapter and moments")).toBeGreaterThan(0);
  await expectAccessible(page);
  await screenshot(page, "system");
});

test("23: what the adapter can do is said in plain words", async ({ workbench: page }) => {
  test.skip(process.env.VPPO_E2E_WASM !== undefined, "without WebGPU there is no adapter");
  await fresh(page, settings);
  await openTab(page, "System");
  const rows = page.getByRole("region", { name: "What this machine can do" }).getByRole("listitem");
  await expect(rows.first()).toContainText("WebGPU");
  const texts = await rows.allTextContents();
  expect(texts.join()).toMatch(/16-bit arithmetic.+Subgroups.+Largest buffer.+at a time/);
  expect(texts[0]).toMatch(/(There: .+\.|computed by the CPU.*hardware acceleration)/);
});
