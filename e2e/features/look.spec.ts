import { expect, type Page } from "@playwright/test";
import { ask, button, image, inspector, longWait, open, pinToken, pixels, tokens } from "../support/playground";
import { fresh, test, wasmTest } from "../support/workbench";

const settings = "v=1&g=2&len=12&pps=1&rpp=2";
const original = (page: Page) => image(page).getByRole("img", { name: "The picture as the model sees it" });
const masked = (page: Page) => image(page).getByRole("img", { name: "The masked twin of the picture" });
const overlay = (page: Page) => page.getByTestId("region-overlay");
const answer = (page: Page) => page.getByRole("region", { name: "Answer", exact: true });
const look = (page: Page) => inspector(page).getByRole("region", { name: "Where did it look?" });
const cells = (page: Page) => look(page).getByRole("listbox", { name: "Cells of the occlusion map" });
const grounds = (page: Page) => tokens(page).evaluateAll((all) => all.map((token) => getComputedStyle(token).backgroundColor));

/** Drags a rectangle on the original, in fractions of the picture. */
async function drag(page: Page, [x0, y0, x1, y1]: readonly [number, number, number, number]) {
  const box = await overlay(page).boundingBox();
  if (!box) throw new Error("there is no picture");
  await page.mouse.move(box.x + x0 * box.width, box.y + y0 * box.height);
  await page.mouse.down();
  await page.mouse.move(box.x + ((x0 + x1) / 2) * box.width, box.y + ((y0 + y1) / 2) * box.height);
  await page.mouse.move(box.x + x1 * box.width, box.y + y1 * box.height);
  await page.mouse.up();
}

/** Measures the map of the pinned token until its coarse cells are there, and stops. */
async function coarseMap(page: Page) {
  await look(page).getByRole("button", { name: "Measure the map" }).click();
  await expect(cells(page).getByRole("option")).toHaveCount(16, { timeout: longWait });
  await look(page).getByRole("button", { name: "Stop measuring" }).click();
  await expect(look(page).getByRole("button", { name: "Refine where it is strong" })).toBeEnabled();
}

// The passes are the map's, which is measured on WebGPU below.
wasmTest(
  "6: a region on the image shows which tokens depend on it, by drag, by keys and by numbers, and Escape takes it away",
  async ({ workbench: page }) => {
    await fresh(page, settings);
    await ask(page);
    const before = await grounds(page);
    await drag(page, [0.05, 0.05, 0.95, 0.95]);
    await expect(image(page)).toContainText(/Region: 1 pass in [\d.]+ s/, { timeout: longWait });
    await expect(answer(page)).toContainText("Depends on the region");
    await expect(image(page)).toContainText(/Depend most on it: “|No token of this rollout depends on the region/);
    expect(await grounds(page)).not.toEqual(before);

    await page.keyboard.press("r");
    await expect(overlay(page)).toBeFocused();
    await page.keyboard.press("ArrowLeft");
    await expect(overlay(page)).toHaveAccessibleName(/left 0 %/);
    await page.keyboard.press("Shift+ArrowUp");
    await expect(overlay(page)).toHaveAccessibleName(/bottom 90 %/);
    await page.getByRole("textbox", { name: "Right edge of the region in percent" }).fill("40");
    await page.keyboard.press("Enter");
    await expect(overlay(page)).toHaveAccessibleName(/right 40 %/);
    await expect(image(page)).toContainText(/Region: 1 pass/, { timeout: longWait });

    await overlay(page).focus();
    await page.keyboard.press("Escape");
    await expect(overlay(page)).toHaveAccessibleName(/none/);
    await expect(answer(page)).not.toContainText("Depends on the region");
    expect(await grounds(page)).toEqual(before);
  },
);

test.describe("before the model is there", () => {
  // A service worker's requests could not be held back.
  test.use({ serviceWorkers: "block" });

  test("6: a region on the recorded example says that the model is missing, and waits for it", async ({ page }) => {
    await page.route("**/model.safetensors", () => {});
    await open(page);
    await expect(page.getByText("Recorded", { exact: true })).toBeVisible();
    await drag(page, [0.1, 0.1, 0.6, 0.6]);
    await expect(image(page)).toContainText("The model is loading. This is measured when it is there.");
    await expect(answer(page)).not.toContainText("Depends on the region");
    await pinToken(page, 3);
    await look(page).getByRole("button", { name: "Measure the map" }).click();
    await expect(look(page)).toContainText("The model is loading.");
  });
});

test("7: a pinned token has an occlusion map that fills up, can be stopped, read by cell and as a table, and serves every token", async ({
  workbench: page,
}) => {
  await fresh(page, settings);
  // The recorded example, measured by the model that wrote it.
  await pinToken(page, 3);
  await coarseMap(page);
  await expect(look(page)).toContainText("nats per patch");
  await expect(look(page)).toContainText("Whole picture covered");
  const legend = look(page).getByRole("img", { name: /Colour legend: 0 to [\d.]+ nats per patch/ });
  await expect(legend).toBeVisible();
  const strongest = /Strongest rows? [^:]*: [\d.e−]+/;
  await expect(look(page)).toContainText(strongest);
  const before = strongest.exec((await look(page).textContent()) ?? "")?.[0] ?? "";

  await cells(page).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  await expect(cells(page).getByRole("option", { selected: true })).toHaveAccessibleName(/^rows 3–4, columns 1–2: /);
  await expect(answer(page)).toContainText("Depends on the cell under the pointer");
  await expect(look(page)).toContainText("Covered rows 3–4, columns 1–2");
  await page.keyboard.press("Escape");
  await expect(answer(page)).not.toContainText("Depends on the cell");

  // Another token of the same answer: the same passes, other numbers.
  await pinToken(page, 5);
  await expect(cells(page).getByRole("option")).toHaveCount(16);
  await expect(look(page)).not.toContainText(before);
  await look(page).getByRole("button", { name: "View as table" }).click();
  await expect(look(page).getByRole("table").getByRole("row")).toHaveCount(17);
});

wasmTest(
  "8: masks have small pictures, the masked one is shown while held, and further draws say how far a dependency can be trusted",
  async ({ workbench: page }) => {
    await fresh(page, settings);
    await ask(page);
    const methods = page.getByRole("list", { name: "Mask methods" });
    await expect(methods.getByRole("button")).toHaveCount(6);
    await methods.getByRole("button", { name: "Mask by Blur" }).click();
    await expect(page.getByRole("combobox", { name: "Mask", exact: true })).toHaveValue("blur");
    await methods.getByRole("button", { name: "Mask by Random patches" }).click();

    const shown = await pixels(original(page));
    await answer(page).getByText("right answer").click();
    await page.keyboard.down("m");
    await expect(image(page)).toContainText("Masked, held");
    expect(await pixels(original(page))).toBe(await pixels(masked(page)));
    await expect(answer(page)).toContainText("Δ log-prob, original − masked");
    await page.keyboard.up("m");
    await expect(image(page)).not.toContainText("Masked, held");
    expect(await pixels(original(page))).toBe(shown);
    await expect(answer(page)).not.toContainText("original − masked");

    await pinToken(page, 1);
    await look(page).getByText("Under other masks").click();
    await look(page).getByLabel("Number of masks").selectOption("4 masks");
    await look(page).getByRole("button", { name: "Measure under further masks" }).click();
    await expect(look(page)).toContainText(/Further masks: 4 passes/, { timeout: longWait });
    await expect(look(page)).toContainText(/over 4 others [\d.e−]+ ± [\d.e−]+ nats/);
    await expect(look(page)).toContainText(/of the tokens kept now .* The ranking is (un)?stable/);
    await look(page).getByRole("button", { name: "Colour by mean" }).click();
    await expect(answer(page)).toContainText("Mean dependency over 4 masks");
    await button(page, "Colour by mean").click();
    await expect(answer(page)).not.toContainText("Mean dependency over");
  },
);
