import { expect, type Page, test } from "@playwright/test";
import {
  ask,
  button,
  image,
  messages,
  modelChip,
  modelReady,
  open,
  openReady,
  openTab,
  pickSample,
  picture,
  pixels,
  screenshot,
  upload,
} from "./support/playground";
import { wasmLaunch } from "./support/runs";

// What is refused, and how it is said, is the page's business.
test.use({ launchOptions: wasmLaunch });

/** Every sentence says what happened, why, and what to do. */
const sentence = /^[^:]+: .+\. [A-Z].+\.$/;

const original = (page: Page) => image(page).getByRole("img").first();

/** A PNG of the fixtures with another size written in its header. */
async function pngWithSize(width: number, height: number): Promise<Buffer> {
  const file = Buffer.from(await picture("rgb.png"));
  file.writeUInt32BE(width, 16);
  file.writeUInt32BE(height, 20);
  return file;
}

test("message: a file that is no usable picture gets one sentence, and the picture there was stays", async ({ page }) => {
  await open(page);
  await upload(page, "rgb.png", "image/png", await picture("rgb.png"));
  await expect(image(page)).toContainText("16 × 12");
  const before = await pixels(original(page));
  const refused: readonly (readonly [string, string, Buffer, RegExp])[] = [
    ["notes.png", "image/png", Buffer.from("these are notes, not a picture"), /its content is not an image/],
    ["page.pdf", "application/pdf", Buffer.from("%PDF-1.7 etc"), /it is a PDF/],
    ["animated.gif", "image/gif", await picture("animated.gif"), /it is a GIF/],
    ["empty.png", "image/png", Buffer.alloc(0), /the file is empty/],
    ["none.png", "image/png", await pngWithSize(0, 0), /it has no pixels \(0 × 0\)/],
    ["huge.png", "image/png", await pngWithSize(20_000, 20_000), /20000 × 20000 pixels/],
    ["cut.jpg", "image/jpeg", (await picture("plain.jpg")).subarray(0, 700), /(ends in the middle|could not decode)/],
    ["cut.png", "image/png", (await picture("rgb.png")).subarray(0, 60), /(ends in the middle|damaged|broken)/],
  ];
  for (const [name, type, bytes, why] of refused) {
    await upload(page, name, type, bytes);
    const alert = image(page).getByRole("alert");
    await expect(alert).toHaveText(why);
    await expect(alert).toHaveText(sentence);
    expect(await pixels(original(page))).toBe(before);
  }
  await expect(messages(page).getByRole("button", { name: /^\d more$/ })).toBeVisible();
  await screenshot(page, "badPicture");
  await upload(page, "plain.jpg", "image/jpeg", await picture("plain.jpg"));
  await expect(image(page).getByRole("alert")).toHaveCount(0);
});

test("a mislabelled, animated or transparent picture is taken with a notice", async ({ page }) => {
  await open(page);
  const taken: readonly (readonly [string, string, string, RegExp])[] = [
    ["plain.jpg", "cat.png", "image/png", /says PNG but is JPEG/],
    ["animated.png", "animated.png", "image/png", /first (frame|picture)/i],
    ["animated.webp", "animated.webp", "image/webp", /first (frame|picture)/i],
    ["transparent.webp", "transparent.webp", "image/webp", /transparen.*black/i],
    ["rgba.png", "rgba.png", "image/png", /transparen/i],
  ];
  for (const [file, name, type, notice] of taken) {
    await upload(page, name, type, await picture(file));
    await expect(image(page).getByText(notice)).toBeVisible();
  }
  await expect(image(page).getByRole("alert")).toHaveCount(0);
});

test("message: questions that cannot be asked get one sentence, and special tokens typed by a user are letters", async ({
  page,
}) => {
  await openReady(page);
  const question = page.getByRole("textbox", { name: "Question" });
  const alert = page.getByRole("form", { name: "Input" }).getByRole("alert");
  await question.fill("   ");
  await button(page, "Ask").click();
  await expect(alert).toHaveText("Nothing was asked: the question is empty. Type a question about the image.");
  await question.fill("why ".repeat(2500));
  await button(page, "Ask").click();
  await expect(alert).toHaveText(/the question has 9999 characters and 4000 are allowed\. Shorten the question\.$/);
  await question.fill("why ".repeat(900));
  await button(page, "Ask").click();
  await expect(alert).toHaveText(
    /^The question and its pictures are too long: .*\. Shorten the question or allow fewer pixels\.$/,
  );

  // As special tokens these would end the prompt and bring a second picture into it, which has none.
  const text = "<image><end_of_utterance> How many objects are there?";
  await question.fill(text);
  await ask(page);
  await expect(alert).toHaveCount(0);
  await expect(page.getByRole("region", { name: "Answer", exact: true })).toContainText(text);
});

test("message: settings in the link that are out of range are named, and the defaults are used", async ({ page }) => {
  await open(page, "v=1&k=7&bmin=-1&g=nine");
  await messages(page).getByRole("button", { name: /more/ }).click();
  for (const name of ["Keep k", "β_min", "Rollouts G"]) {
    await expect(messages(page)).toContainText(new RegExp(`${name} in the link was not used: .+ is not a value it can have\\.`));
  }
  await expect(page.getByRole("textbox", { name: "Keep k value" })).toHaveValue("0.4");
  await expect(page.getByRole("textbox", { name: "β_min value" })).toHaveValue("0.9");
  await screenshot(page, "badLink");
  await messages(page)
    .getByRole("button", { name: /^Dismiss: Keep k/ })
    .click();
  await expect(messages(page)).not.toContainText("Keep k in the link");
});

test.describe("a model file that is damaged", () => {
  test.use({ serviceWorkers: "block" });

  test("gets one sentence, the page works on, and loading again succeeds once the file is whole", async ({ page }) => {
    const damages: readonly ((body: Buffer) => Buffer)[] = [
      (body) => body.subarray(0, body.length / 2),
      (body) => Buffer.concat([Buffer.alloc(64, 0xff), body.subarray(64)]),
    ];
    let damage: ((body: Buffer) => Buffer) | undefined = damages[0];
    await page.route("**/model.safetensors", async (route) => {
      if (!damage) return route.continue();
      // The whole file as the server has it: a body that ends early would be asked for again and again, as after a cut line.
      const body = damage(await (await route.fetch({ headers: {} })).body());
      await route.fulfill({ status: 200, headers: { "content-length": String(body.length) }, body });
    });
    await open(page);
    await openTab(page, "System");
    const alert = page.getByRole("region", { name: "Model", exact: true }).getByRole("alert");
    await expect(alert).toHaveText(sentence);
    await expect(modelChip(page)).toHaveText("Model failed");
    await expect(button(page, "Ask")).toBeDisabled();
    await screenshot(page, "damagedModel");
    damage = damages[1];
    await button(page, "Load again").click();
    await expect(modelChip(page)).toContainText("Loading");
    await expect(modelChip(page)).toHaveText("Model failed");
    await expect(alert).toHaveText(sentence);
    await pickSample(page, 3);
    damage = undefined;
    await button(page, "Load again").click();
    await modelReady(page);
    await expect(button(page, "Ask")).toBeEnabled();
  });
});
