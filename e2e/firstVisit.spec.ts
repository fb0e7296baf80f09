import { expect, test } from "@playwright/test";
import {
  ask,
  button,
  effect,
  image,
  inspector,
  modelReady,
  open,
  openReady,
  pixels,
  pointAt,
  screenshot,
  tokens,
} from "./support/playground";

test.describe("before the model is there", () => {
  // A service worker's requests could not be held back.
  test.use({ serviceWorkers: "block" });

  test("the page shows a picture with its masked twin and takes input, then goes live", async ({ page }) => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route("**/model.safetensors", async (route) => {
      await held;
      await route.continue();
    });
    await open(page);
    await expect(image(page).getByRole("img")).toHaveCount(2);
    await expect(page.getByRole("contentinfo")).toContainText("Loading");
    await expect(button(page, "Ask")).toBeDisabled();
    await expect(page.getByText("The model is loading; you can already choose a picture and type.")).toBeVisible();

    const [original, masked] = await Promise.all((await image(page).getByRole("img").all()).map((canvas) => pixels(canvas)));
    expect(original).not.toEqual(masked);
    await page
      .getByRole("region", { name: "Samples" })
      .getByRole("button", { name: /largest|larger/ })
      .first()
      .click();
    expect(await pixels(image(page).getByRole("img").first())).not.toEqual(original);
    await page.getByRole("textbox", { name: "Question" }).fill("What colour is the largest object?");
    await page.getByRole("slider", { name: "Keep k" }).press("ArrowRight");
    await expect(page.getByRole("textbox", { name: "Keep k value" })).toHaveValue("0.41");

    release();
    await modelReady(page);
    await expect(button(page, "Ask")).toBeEnabled();
    await expect(page.getByRole("textbox", { name: "Question" })).toHaveValue("What colour is the largest object?");
  });

  test("21: the recorded example has heat, hover and sliders", async ({ page }) => {
    await page.route("**/model.safetensors", (route) => route.abort());
    await open(page);
    await expect(page.getByText("Recorded", { exact: true })).toBeVisible();
    await screenshot(page, "recorded");
    const grounds = await tokens(page).evaluateAll((all) => all.map((token) => getComputedStyle(token).backgroundColor));
    expect(new Set(grounds).size).toBeGreaterThan(2);
    await pointAt(page, 3);
    await expect(page.getByRole("tooltip")).toContainText("KL");
    await expect(inspector(page)).toContainText("Under the pointer");
    const before = (await effect(page).textContent()) ?? "";
    await page.getByRole("slider", { name: "Keep k" }).press("PageUp");
    await expect(effect(page)).not.toHaveText(before);
  });
});

test("message: offline, after the first visit, the page, the model and an answer need no network", async ({ page, context }) => {
  await openReady(page, "v=1&g=1&len=8");
  // The model is kept while it loads; code that came before the service worker is kept by a second look.
  await expect
    .poll(() =>
      page.evaluate(async () => {
        const names = await caches.keys();
        const kept = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
        const urls = kept.flat().map(({ url }) => new URL(url).pathname);
        return (
          ["/", "/models/shapes-vlm/model.safetensors"].every((path) => urls.includes(path)) &&
          // Also code that nothing has asked for yet.
          [/index-.*\.js$/, /copyLink-.*\.js$/, /TokenViewTable-.*\.js$/].every((file) => urls.some((url) => file.test(url)))
        );
      }),
    )
    .toBe(true);

  await context.setOffline(true);
  const reached = () =>
    page.evaluate(() =>
      fetch(`/icon.svg?${Math.random()}`).then(
        () => true,
        () => false,
      ),
    );
  expect(await reached()).toBe(false);
  await expect(page.getByText("Offline: the embedded model works from the cache")).toBeVisible();
  await page.reload();
  await modelReady(page);
  expect(await reached()).toBe(false);
  await ask(page);
  await page.keyboard.press("t");
  await expect(page.getByRole("region", { name: "Answer", exact: true }).getByRole("table").first()).toBeVisible();
});
