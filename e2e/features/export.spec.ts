// Nothing is trapped in the page: menus of panels, the command sheet, files that open offline, links, saved views, frames.

import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { type Download, expect, type Page } from "@playwright/test";
import { strFromU8, unzipSync } from "fflate";
import { expectAccessible, inspector, messages, openTab, picture, pinToken, tokens, upload } from "../support/playground";
import { fresh, wasmTest as test } from "../support/workbench";

const small = "v=1&g=2&len=16&pps=1&rpp=2";

/** What a press makes the page save. */
async function saved(page: Page, press: () => Promise<void>): Promise<Download> {
  const [download] = await Promise.all([page.waitForEvent("download"), press()]);
  return download;
}

const bytesOf = async (download: Download) => readFile(await download.path());
const textOf = async (download: Download) => (await bytesOf(download)).toString("utf8");

async function choose(page: Page, panel: string, ...items: readonly string[]): Promise<void> {
  await page.getByRole("button", { name: `Export from ${panel}`, exact: true }).click();
  for (const item of items) await page.getByRole("menuitem", { name: item, exact: true }).first().click();
}

/** Takes the shown message away, so that the next one is seen. */
const dismiss = (page: Page) =>
  page
    .getByRole("button", { name: /^Dismiss: / })
    .first()
    .click();

test("18: every panel exports its figures and numbers, by mouse, keyboard and command sheet", async ({ workbench: page }) => {
  await fresh(page, small);
  // By keyboard alone: the menu takes the focus, arrows go through it, Escape gives it back.
  const menu = page.getByRole("button", { name: "Export from Distribution" });
  await menu.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menu", { name: "Export from Distribution" })).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(menu).toBeFocused();

  const json = await saved(page, () => choose(page, "Answer", "Answer as JSON"));
  const answer = JSON.parse(await textOf(json));
  expect(answer).toMatchObject({
    format: "vppo-playground/answer",
    version: 1,
    model: { name: "shapes-vlm" },
    settings: { seed: 1 },
  });
  const shown = await tokens(page).count();
  expect(answer.data.rollouts.some((rollout: { tokens: unknown[] }) => rollout.tokens.length === shown)).toBe(true);

  // The command sheet has every figure of the page, in every kind.
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search commands" }).fill("export as csv");
  await expect(page.getByRole("option", { name: /Export .* as CSV/ }).first()).toBeVisible();
  await page.getByRole("combobox", { name: "Search commands" }).fill("export everything");
  const zip = await saved(page, () => page.getByRole("option", { name: /Everything on the page/ }).click());
  const files = unzipSync(new Uint8Array(await bytesOf(zip)));
  const names = Object.keys(files);
  for (const ending of [".svg", ".png", ".csv", ".json", ".html"]) expect(names.join(" ")).toContain(ending);
  const svg = names.find((name) => name.endsWith(".svg")) ?? "";
  expect(strFromU8(files[svg] ?? new Uint8Array())).toMatch(
    /^<\?xml[\s\S]*<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[\s\S]*<title>/,
  );
  expect(JSON.parse(strFromU8(files["contents.json"] ?? new Uint8Array())).leftOut).toEqual([]);

  // A program that computes the pinned token again, with all it needs.
  await pinToken(page, (await tokens(page).count()) - 4);
  const python = await saved(page, () => choose(page, "Inspector", "Python snippet of the token (zip)"));
  const parts = unzipSync(new Uint8Array(await bytesOf(python)));
  expect(Object.keys(parts)).toEqual(
    expect.arrayContaining(["reproduce.py", "image.png", "masked.png", "model/model.safetensors"]),
  );
  expect(strFromU8(parts["reproduce.py"] ?? new Uint8Array())).toContain("AutoModelForImageTextToText");
});

test("18: an answer and a run leave as single HTML files that open without network", async ({ workbench: page }) => {
  await fresh(page, small);
  const answer = await saved(page, () => choose(page, "Answer", "Answer as one HTML file"));
  const run = await saved(page, () => choose(page, "Charts", "Run as one HTML file"));
  const question = await page.getByRole("textbox", { name: "Question" }).inputValue();
  const context = await page.context().browser()?.newContext({ offline: true });
  if (!context) throw new Error("no browser");
  try {
    const reader = await context.newPage();
    const faults: string[] = [];
    reader.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    const requests: string[] = [];
    reader.on("request", (request) => requests.push(request.url()));
    await answer.saveAs(test.info().outputPath("answer.html"));
    await reader.goto(pathToFileURL(test.info().outputPath("answer.html")).href);
    await expect(reader.getByRole("heading", { name: question })).toBeVisible();
    await expect(reader.getByAltText("What the model saw")).toBeVisible();
    const token = reader.locator("a.t").nth(3);
    await expect(token).toHaveAttribute("title", /KL .* nats/);
    // Colours come from the file's own style sheet: the policy allows it.
    const grounds = await reader
      .locator("a.t")
      .evaluateAll((nodes) => nodes.map((node) => getComputedStyle(node).backgroundColor));
    expect(new Set(grounds).size).toBeGreaterThan(2);
    await reader.getByText("All tokens of rollout 1").click();
    await reader.locator("td details summary").first().click();
    await expect(reader.getByText("KL, the sum").first()).toBeVisible();

    await run.saveAs(test.info().outputPath("run.html"));
    await reader.goto(pathToFileURL(test.info().outputPath("run.html")).href);
    await expect(reader.getByRole("img", { name: /Reward/ }).first()).toBeVisible();
    await reader.getByText("All metrics, step by step").click();
    await expect(reader.getByRole("columnheader", { name: "reward/accuracy", exact: true })).toBeVisible();
    expect(faults).toEqual([]);
    expect(requests.filter((url) => !url.startsWith("file:") && !url.startsWith("data:"))).toEqual([]);
  } finally {
    await context.close();
  }
});

test("17: a link brings settings, selection and tab back; what it cannot hold goes into a file", async ({ workbench: page }) => {
  await fresh(page, `${small}&k=0.25&later=1`);
  await expect(messages(page)).toContainText("“later”");
  await dismiss(page);
  await pinToken(page, 5);
  // Away from the token, whose pop-over would cover the tabs.
  await page.mouse.move(0, 0);
  await openTab(page, "Settings");
  await page.getByRole("button", { name: "Copy a link to this view" }).click();
  await expect(messages(page)).toContainText("The link is copied");
  await dismiss(page);
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link.length).toBeLessThan(2048);
  expect(link).toMatch(/k=0\.25.*pin=\d+\.5\.5.*tab=settings/);
  await page.goto("/recorded/example.json");
  await page.goto(link);
  await expect(page.getByRole("tab", { name: "Settings" })).toHaveAttribute("aria-selected", "true");
  await expect(inspector(page)).toContainText("Pinned");
  await expect(page.getByLabel("Keep k", { exact: true }).first()).toHaveValue("0.25");

  // An own picture and question do not fit a link: the page says so, and a file holds them with the answer.
  await upload(page, "rgb.png", "image/png", await picture("rgb.png"));
  await page.getByRole("textbox", { name: "Question" }).fill("<b>own</b> question");
  await page.getByRole("button", { name: "Copy a link to this view" }).click();
  await expect(messages(page)).toContainText("your own picture and your own question");
  const file = await saved(page, () => choose(page, "Answer", "Save this view as a file"));
  const path = test.info().outputPath("view.vppo.json");
  await file.saveAs(path);
  const before = await tokens(page).allTextContents();
  await fresh(page, small);
  const chooser = page.waitForEvent("filechooser");
  await choose(page, "Answer", "Open a saved view …");
  await (await chooser).setFiles(path);
  await expect(page.getByText("From a file")).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Question" })).toHaveValue("<b>own</b> question");
  await expect(page.getByLabel("Keep k", { exact: true }).first()).toHaveValue("0.25");
  expect(await tokens(page).allTextContents()).toEqual(before);

  // A file that is none of this page's changes nothing and says why.
  const wrong = page.waitForEvent("filechooser");
  await choose(page, "Answer", "Open a saved view …");
  await (await wrong).setFiles({
    name: "x.vppo.json",
    mimeType: "application/json",
    buffer: Buffer.from('{"format":"<img src=x>"}'),
  });
  await expect(messages(page)).toContainText("The file was not opened: it is no view of this page");
});

test("31: one panel stands alone in a frame, and parts of the page can be hidden", async ({ workbench: page }) => {
  await fresh(page, small);
  await page.goto("/recorded/example.json");
  await page.goto("/?embed=answer#v=1&k=0.25");
  await expect(tokens(page).first()).toBeVisible();
  await expect(page.getByRole("banner")).toHaveCount(0);
  await expect(page.getByRole("region", { name: "Inspector" })).toHaveCount(0);
  const whole = page.getByRole("link", { name: "Open in VPPO playground" });
  const address = (await whole.getAttribute("href")) ?? "";
  expect(address).not.toContain("embed");
  expect(address).toContain("k=0.25");

  await page.goto("/?hide=top,train,status,settings,nothing#v=1");
  await expect(tokens(page).first()).toBeVisible();
  await expect(page.getByRole("banner")).toHaveCount(0);
  await expect(page.getByRole("region", { name: "Training" })).toHaveCount(0);
  await expect(inspector(page)).toBeVisible();
});
