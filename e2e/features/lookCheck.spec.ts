import { expect, type Page, test } from "@playwright/test";
import { expectAccessible, inspector, longWait, openReady, pinToken } from "../support/playground";
import { wasmLaunch } from "../support/runs";

// On WebAssembly: the map and its check are some hundred passes, and no kernels need compiling.
test.use({ launchOptions: wasmLaunch });

const look = (page: Page) => inspector(page).getByRole("region", { name: "Where did it look?" });

test("33: covering the map's strongest cells is compared with chance, as curves, as a table and in a sentence", async ({
  page,
}) => {
  await openReady(page, "v=1&g=2&len=12&pps=1&rpp=2");
  await pinToken(page, 3);
  await look(page).getByText("Can the map be trusted?").click();
  await expect(look(page).getByRole("button", { name: "Check the map" })).toBeDisabled();
  await expect(look(page)).toContainText("needs the map first");
  await look(page).getByRole("button", { name: "Measure the map" }).click();
  await expect(look(page)).toContainText(/Occlusion map: \d+ passes in/, { timeout: longWait });
  await look(page).getByRole("button", { name: "Check the map" }).click();
  await expect(look(page)).toContainText(/Check of the map: 80 passes/, { timeout: longWait });
  const chart = look(page).getByRole("img", { name: /drawn orders/ });
  await expect(chart).toBeVisible();
  await expectAccessible(page);
  const sentence = (await chart.getAttribute("aria-label")) ?? "";
  expect(sentence).toMatch(/falls faster than [\d.]+ of 12 drawn orders: the map (finds what|is no better than|is worse than)/);
  await look(page).getByRole("button", { name: "View the check as table" }).click();
  await expect(look(page).getByRole("table", { name: "Check of the occlusion map as a table" }).getByRole("row")).toHaveCount(7);
  await page.context().close();
});
