import { expect, type Page, test } from "@playwright/test";
import {
  answered,
  ask,
  button,
  image,
  messages,
  open,
  openReady,
  pickSample,
  picture,
  pixels,
  screenshot,
  tokens,
  upload,
} from "./support/playground";

const original = (page: Page) => image(page).getByRole("img", { name: "The picture as the model sees it" });
const masked = (page: Page) => image(page).getByRole("img", { name: "The masked twin of the picture" });

/** Hands a file to the page by the named event, as the browser does. */
async function give(page: Page, event: "drop" | "paste", name: string, type: string) {
  const bytes = [...(await picture(name))];
  await page.getByRole("form", { name: "Input" }).evaluate(
    (form, { event, name, type, bytes }) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], name, { type }));
      form.dispatchEvent(
        event === "drop"
          ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
          : new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }),
      );
    },
    { event, name, type, bytes },
  );
}

test("a sample sets picture and question, and every mask setting redraws the masked twin alone", async ({ page }) => {
  await open(page);
  await pickSample(page, 4);
  await expect(page.getByRole("textbox", { name: "Question" })).toHaveValue("Count the objects.");
  const picked = await pixels(original(page));
  const seen = [await pixels(masked(page))];
  const changed = async () => {
    await expect.poll(async () => seen.includes(await pixels(masked(page)))).toBe(false);
    seen.push(await pixels(masked(page)));
  };
  await page.getByRole("slider", { name: "Mask ratio" }).press("End");
  await changed();
  await page.getByRole("slider", { name: "Mask ratio" }).press("Home");
  await expect.poll(() => pixels(masked(page))).toBe(picked);
  await page.getByRole("textbox", { name: "Mask ratio value" }).fill("0.3");
  await page.getByRole("textbox", { name: "Mask ratio value" }).press("Enter");
  await changed();
  await button(page, "Draw another mask").click();
  await changed();
  for (const strategy of ["Noise", "Blur", "Grey"]) {
    await page.getByRole("combobox", { name: "Mask", exact: true }).selectOption(strategy);
    await changed();
  }
  expect(await pixels(original(page))).toBe(picked);
});

test("a picture can be uploaded, dropped or pasted, as PNG, JPEG or WebP", async ({ page }) => {
  await open(page);
  const seen = [await pixels(original(page))];
  const changed = async () => {
    await expect.poll(async () => seen.includes(await pixels(original(page)))).toBe(false);
    seen.push(await pixels(original(page)));
  };
  await upload(page, "rgb.png", "image/png", await picture("rgb.png"));
  await changed();
  await expect(image(page)).toContainText("16 × 12");
  await give(page, "drop", "rotated.jpg", "image/jpeg");
  await changed();
  await expect(image(page)).toContainText("12 × 16");
  await give(page, "paste", "lossy.webp", "image/webp");
  await changed();
  await expect(messages(page).getByText(/picture/)).toHaveCount(0);
});

test("an answer about an uploaded picture streams in as coloured tokens, and Stop keeps what there is", async ({ page }) => {
  await openReady(page);
  await upload(page, "plain.jpg", "image/jpeg", await picture("plain.jpg"));
  await page.getByRole("textbox", { name: "Question" }).fill("How many red objects are there?");
  await ask(page);
  await expect(page.getByRole("button", { name: /^Rollout \d, \d+ tokens$/ })).toHaveCount(2);
  await expect(page.getByRole("region", { name: "Answer", exact: true })).toContainText("How many red objects are there?");
  const grounds = await tokens(page).evaluateAll((all) => all.map((token) => getComputedStyle(token).backgroundColor));
  expect(new Set(grounds).size).toBeGreaterThan(1);
  expect(await pixels(original(page))).not.toEqual(await pixels(masked(page)));
  await screenshot(page, "answer");

  // A hot answer finds no end by itself.
  await page.getByText("Sampling", { exact: true }).click();
  for (const [name, value] of [
    ["Temperature value", "5"],
    ["Longest answer value", "300"],
  ] as const) {
    await page.getByRole("textbox", { name }).fill(value);
    await page.getByRole("textbox", { name }).press("Enter");
  }
  // The page notes how many tokens it shows, because the answer before has tokens, too, and how many come at a time is not known.
  await page.evaluate(() => {
    const shown: number[] = [];
    Object.assign(window, { shown });
    new MutationObserver(() => {
      const isRunning = document.querySelector("footer")?.textContent?.includes("Answering");
      if (isRunning) shown.push(document.querySelectorAll("[role=option]").length);
    }).observe(document.body, { subtree: true, childList: true });
  });
  const streamed = () =>
    page.evaluate(() => {
      const { shown } = window as unknown as { shown: number[] };
      const begin = shown.findLastIndex((count) => count <= 1);
      return begin < 0 ? [] : [...new Set(shown.slice(begin))];
    });
  await button(page, "Ask").click();
  await expect.poll(async () => Math.max(0, ...(await streamed()))).toBeGreaterThan(3);
  await button(page, "Stop").click();
  await answered(page);
  const stopped = await tokens(page).count();
  expect(stopped).toBeGreaterThan(3);
  expect(stopped).toBeLessThan(300);
  expect((await streamed()).length).toBeGreaterThan(2);
  await expect(button(page, "Ask")).toBeEnabled();
});
