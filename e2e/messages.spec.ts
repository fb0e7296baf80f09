// The empty and error states of the page that no other spec reaches, each by what a user could do or what could befall them: every message
// says what happened, why, and what to do. Bad pictures and damaged files are in badInput.spec.ts, repositories in modelsAnywhere.spec.ts,
// downloads and memory in models.spec.ts, a lost device in deviceLoss.spec.ts, no WebGPU in withoutWebgpu.spec.ts, offline in firstVisit.spec.ts.

import { expect, type Page, test } from "@playwright/test";
import {
  button,
  expectAccessible,
  image,
  longWait,
  messages,
  modelChip,
  modelReady,
  open,
  openReady,
  openTab,
  pickSample,
  screenshot,
  stepNumber,
  tokens,
} from "./support/playground";
import { wasmLaunch } from "./support/runs";

// Quick for the embedded model; nothing here depends on the GPU.
test.use({ launchOptions: wasmLaunch, serviceWorkers: "block" });

const settings = "v=1&g=2&len=16&pps=1&rpp=2";
const answer = (page: Page) => page.getByRole("region", { name: "Answer", exact: true });

/** Asks; so short an answer may be over before anything else could be looked at. */
async function askShort(page: Page): Promise<void> {
  await button(page, "Ask").click();
  await expect(modelChip(page)).toContainText("tok/s", { timeout: longWait });
}

/** Chooses the user's own reward function. */
async function rewardBy(page: Page, source: string): Promise<void> {
  await openTab(page, "Settings");
  await page.getByLabel("Reward function", { exact: true }).fill(source);
}

test("message: no answer yet gives three questions to begin with", async ({ page }) => {
  await page.route("**/recorded/example.json", (route) => route.abort());
  await page.route("**/*.safetensors", (route) => route.abort());
  await open(page, settings);
  await expect(answer(page)).toContainText("No answer yet. Pick a sample or drop a picture, type a question and press Ask.");
  const chips = answer(page).getByRole("button", { name: /\?$/ });
  await expect(chips).toHaveCount(3);
  const question = page.getByRole("textbox", { name: "Question" });
  await expect(question).toHaveAttribute("placeholder", /^Ask something about the picture, e\.g\. /);
  const name = (await chips.nth(2).getAttribute("aria-label")) ?? "";
  await chips.nth(2).click();
  await expect(question).toHaveValue(name);
  await expect(image(page).getByRole("img")).toHaveCount(2);
  // What failed behind it is said as well.
  await expect(messages(page)).toContainText(/example\.json|recorded/i);
  await expectAccessible(page);
  await screenshot(page, "messageNoAnswer");
});

test("message: an answer that does not depend on the picture says so and offers a control and its opposite", async ({ page }) => {
  await openReady(page, `${settings}&mratio=0`);
  await askShort(page);
  const note = answer(page).getByText("All KL < 0.05 nats: the model did not use the image.");
  await expect(note).toBeVisible();
  await expect(answer(page)).toContainText(
    "the words of the question are enough, or the mask hides too little. Ask about the picture, mask more of it, or compare with a control.",
  );
  await expectAccessible(page);
  await screenshot(page, "messageUnusedImage");
  await button(page, "Control: no picture needed").click();
  await askShort(page);
  await expect(answer(page)).toContainText("That is right for this question, which is a control");
  await button(page, "A question that needs it").click();
  await page.getByRole("textbox", { name: "Mask ratio value" }).fill("0.9");
  await page.getByRole("textbox", { name: "Mask ratio value" }).press("Tab");
  await askShort(page);
  await expect(note).toHaveCount(0);
});

test("message: equal rewards give no gradient, which the charts mark and the note explains", async ({ page }) => {
  await openReady(page, `${settings}&rew=custom`);
  await rewardBy(page, "export default () => 1;\n");
  await openTab(page, "Charts");
  await button(page, "Step").click();
  await expect(stepNumber(page)).toHaveText("1", { timeout: longWait });
  await expect(page.getByRole("region", { name: "Training charts" })).toContainText(
    "Every group's rewards were equal in this step, so every advantage is 0 and there is no gradient. Raise the temperature or the rollouts per prompt.",
  );
  await expect(
    page
      .getByRole("region", { name: "Training charts" })
      .getByText(/no gradient, because all rewards of each group were equal/)
      .first(),
  ).toBeAttached();
  await screenshot(page, "messageEqualRewards");
});

test("message: tabs without content say in a sentence what fills them, with one button that does it", async ({ page }) => {
  await openReady(page, settings);
  await openTab(page, "Runs");
  const runs = page.getByRole("region", { name: "Runs", exact: true });
  await expect(runs).toContainText(
    "No runs yet. Press Step or Play: every step is stored as it is taken, and closing the page loses nothing.",
  );
  await screenshot(page, "messageNoRuns");
  await button(page, "Take the first step").click();
  await expect(stepNumber(page)).toHaveText("1", { timeout: longWait });
  await expect(runs).not.toContainText("No runs yet");
  await expect(button(page, "Take the first step")).toHaveCount(0);
  await expect(page.getByRole("contentinfo")).toContainText("step 1 saved");
});

test("message: a crashed engine says what was running, is started again with one button, and gives a report to send", async ({
  page,
  context,
}) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await openReady(page, `${settings}&k=0.3`);
  await askShort(page);
  const texts = await tokens(page).allTextContents();
  await page.workers()[0]?.evaluate(() => {
    setTimeout(() => {
      throw new Error("the test broke it");
    });
  });
  await expect(messages(page)).toContainText(
    /^The engine stopped: .*the test broke it\. Load the model again; answers and runs are kept\./,
  );
  const note = page.getByRole("region", { name: "What was lost" });
  await expect(note).toContainText("The engine stopped while nothing was running.");
  await expect(note).toContainText(/\d MiB of .+ of GPU memory were planned|ask for less/);
  await expect(button(page, "Ask")).toBeDisabled();
  // Smaller asks are one press away.
  await note.getByRole("button", { name: "Fewer rollouts: 1 at once" }).click();
  await note.getByRole("button", { name: "Shorter answers: 8 tokens" }).click();
  await expect(page.getByRole("textbox", { name: "Rollouts G value" })).toHaveValue("1");
  await expectAccessible(page);
  await screenshot(page, "messageCrash");
  await note.getByRole("button", { name: "Copy report" }).click();
  await expect(note.getByRole("button", { name: "Report copied" })).toBeVisible();
  const report = await page.evaluate(() => navigator.clipboard.readText());
  expect(report).toMatch(/^VPPO playground \d/);
  expect(report).toContain("Device: wasm");
  expect(report).toContain("shapes-vlm");
  expect(report).toContain("k=0.3");
  expect(report).toMatch(/ {2}lost: engine\n/);
  expect(report).toMatch(/ {2}answer: finished\n/);
  // The user's question is nobody's business.
  expect(report).not.toContain(await page.getByRole("textbox", { name: "Question" }).inputValue());
  expect(await tokens(page).allTextContents()).toEqual(texts);
  await note.getByRole("button", { name: "Load the model again" }).click();
  await modelReady(page);
  await expect(note).toHaveCount(0);
  await expect(button(page, "Ask")).toBeEnabled();
});

test("message: numbers that are not finite pause the run with the last good adapter, and the step is marked", async ({
  page,
}) => {
  // Rewards so large that their mean is no number any more.
  await openReady(page, "v=1&g=2&len=16&t=3&pps=1&rpp=4&rew=custom");
  await rewardBy(
    page,
    "export default ({ text }: RewardInput) => 1.7e308 - 1e300 * [...text].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);\n",
  );
  await openTab(page, "Charts");
  await button(page, "Play").click();
  await expect(messages(page)).toContainText(
    "Training paused: three steps in a row were not finite. The last good adapter is kept; lower the learning rate.",
    { timeout: longWait },
  );
  const charts = page.getByRole("region", { name: "Training charts" });
  await expect(charts.getByText(/left out, because loss or gradient was not finite/).first()).toBeAttached();
  await expect(button(page, "Ask")).toBeEnabled();
  await screenshot(page, "messageNotFinite");
});

test("message: a running job is ended from the status bar", async ({ page }) => {
  await openReady(page, "v=1&g=8&len=96&t=5&pps=1&rpp=2");
  await button(page, "Ask").click();
  await page.getByRole("contentinfo").getByRole("button", { name: "Stop answering" }).click();
  await expect(page.getByRole("contentinfo")).toContainText("Ready", { timeout: longWait });
  await button(page, "Play").click();
  await page.getByRole("contentinfo").getByRole("button", { name: "Pause after this step" }).click();
  await expect(page.getByRole("contentinfo")).toContainText("Ready", { timeout: longWait });
  await pickSample(page, 1);
});
