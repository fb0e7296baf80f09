// THE table of states that are photographed, in the order in which one visit goes through them: how each is reached from the one before,
// and what of the page is in the picture. Elements are found as users find them. scripts/screens.ts takes the pictures.

import type { Locator, Page } from "@playwright/test";

/** The page at one width. */
export interface Visit {
  readonly page: Page;
  readonly isNarrow: boolean;
  /** Lets the held weights of the model through. */
  readonly release: () => void;
}

export interface ScreenState {
  /** Name of the pictures. */
  readonly id: string;
  /** One line of the index. */
  readonly says: string;
  readonly reach: (visit: Visit) => Promise<void>;
  /** What is in the picture; the whole window without it. A phone is always shown whole. */
  readonly shows?: (page: Page) => Locator;
  /** What it shows stands among other things that scroll with it, unless there are three columns. */
  readonly scrolls?: boolean;
  /** What ends the state, so that the next can be reached. */
  readonly leave?: (visit: Visit) => Promise<void>;
}

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name, exact: true });
const inspector = (page: Page) => page.getByRole("region", { name: "Inspector" });
const look = (page: Page) => inspector(page).getByRole("region", { name: "Where did it look?" });
const token = (page: Page, at: number) => page.getByRole("listbox", { name: "Answer tokens" }).getByRole("option").nth(at);
const answer = (page: Page) => page.getByRole("region", { name: "Answer", exact: true });
const drawer = (page: Page) => page.getByRole("region", { name: "Training", exact: true });
const ready = (page: Page) => page.getByRole("contentinfo").getByText("Ready").waitFor();
const pressEscape = ({ page }: Visit) => page.keyboard.press("Escape");

/** A narrow page shows one part at a time. */
async function part({ page, isNarrow }: Visit, name: "Input" | "Answer" | "Train"): Promise<void> {
  if (isNarrow) await page.getByRole("tablist", { name: "Parts of the page" }).getByRole("tab", { name }).click();
}

async function pin(page: Page, at: number): Promise<void> {
  await token(page, at).scrollIntoViewIfNeeded();
  const box = await token(page, at).boundingBox();
  if (!box) throw new Error(`token ${at} is not shown`);
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
}

/** A tab of the lower part, with what is done in it. */
function tab(name: string, says: string, act?: (page: Page) => Promise<unknown>, id = name.toLowerCase()): ScreenState {
  return {
    id,
    says,
    reach: async (visit) => {
      await part(visit, "Train");
      await drawer(visit.page).getByRole("tab", { name, exact: true }).click();
      await act?.(visit.page);
    },
    shows: drawer,
  };
}

/** The lower part as high as it goes; the picture shows it alone. */
async function raiseDrawer(page: Page): Promise<void> {
  const handle = page.getByRole("separator", { name: "Height of the training panel" });
  if (!(await handle.isVisible())) return;
  await handle.focus();
  for (let i = 0; i < 12; i++) await page.keyboard.press("ArrowUp");
}

/** Every panel and state. */
export const screenStates: readonly ScreenState[] = [
  {
    id: "loading",
    says: "First visit on a machine without WebGPU, while the model loads: the recorded example, the call-out, and why it is slower.",
    reach: (visit) => part(visit, "Answer"),
    leave: async (visit) => {
      visit.release();
      await visit.page
        .getByTitle("Choose a model")
        .filter({ hasText: /^shapes-vlm/ })
        .waitFor();
      await visit.page.getByRole("alert").getByRole("button", { name: "Dismiss this note" }).click();
    },
  },
  {
    id: "first",
    says: "First visit, the model ready: recorded answer and run.",
    reach: async () => {},
    leave: ({ page }) => page.getByRole("button", { name: "Dismiss this note" }).click(),
  },
  {
    id: "input",
    says: "The Input panel: picture, mask, question, samples.",
    reach: (visit) => part(visit, "Input"),
    shows: (page) => page.getByRole("form", { name: "Input" }),
  },
  {
    id: "answer",
    says: "An answer of the model, coloured by dependency.",
    reach: async (visit) => {
      await button(visit.page, "Ask").click();
      await part(visit, "Answer");
      await answer(visit.page).getByText("right answer").waitFor();
      await ready(visit.page);
    },
  },
  {
    id: "token",
    says: "A token under the pointer, all its values.",
    reach: async ({ page }) => {
      await token(page, 1).scrollIntoViewIfNeeded();
      const box = await token(page, 1).boundingBox();
      if (box) await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      await page.getByRole("tooltip").waitFor();
    },
    leave: async ({ page }) => page.mouse.move(2, 2),
  },
  {
    id: "pinned",
    says: "A pinned token: two predictions, one KL, and its weight.",
    reach: async ({ page }) => {
      await pin(page, 2);
      await page.mouse.move(2, 2);
      await inspector(page).getByText("Pinned", { exact: true }).waitFor();
      await inspector(page).evaluate((element) => element.scrollIntoView({ block: "start" }));
    },
    shows: inspector,
    scrolls: true,
  },
  {
    id: "look",
    says: "Where did it look: the occlusion map of the pinned token.",
    reach: async ({ page }) => {
      // A pin that rests is measured by itself where a pass is quick.
      const measure = look(page).getByRole("button", { name: "Measure the map" });
      if (await measure.isVisible()) await measure.click();
      await look(page).getByRole("listbox", { name: "Cells of the occlusion map" }).waitFor();
      await ready(page);
      await look(page).evaluate((element) => element.scrollIntoView({ block: "start" }));
    },
    shows: inspector,
    scrolls: true,
  },
  {
    id: "region",
    says: "A region on the image: the tokens that depend on it.",
    reach: async (visit) => {
      const { page } = visit;
      await part(visit, "Input");
      const box = await page.getByTestId("region-overlay").boundingBox();
      if (!box) throw new Error("there is no picture");
      await page.mouse.move(box.x + 0.1 * box.width, box.y + 0.1 * box.height);
      await page.mouse.down();
      await page.mouse.move(box.x + 0.6 * box.width, box.y + 0.7 * box.height, { steps: 4 });
      await page.mouse.up();
      await page.getByText(/Region: 1 pass in/).waitFor();
      await page.mouse.move(2, 2);
      await part(visit, "Answer");
    },
    leave: async (visit) => {
      await part(visit, "Input");
      await visit.page.getByTestId("region-overlay").focus();
      await visit.page.keyboard.press("Escape");
    },
  },
  {
    id: "branch",
    says: "Gone on from another token: the tree of answers.",
    reach: async (visit) => {
      const { page } = visit;
      await part(visit, "Answer");
      await pin(page, 2);
      await inspector(page)
        .getByRole("button", { name: /, branch from here$/ })
        .first()
        .click();
      await page.getByRole("region", { name: "Answers and branches" }).getByRole("listitem").nth(1).waitFor();
      await ready(page);
      await page.mouse.move(2, 2);
      await page.getByRole("region", { name: "Answers and branches" }).scrollIntoViewIfNeeded();
    },
    shows: answer,
    scrolls: true,
  },
  {
    id: "compare",
    says: "Two answers, token by token.",
    reach: async ({ page }) => {
      await page
        .getByRole("region", { name: "Answers and branches" })
        .getByRole("button", { name: /^Compare/ })
        .first()
        .click();
      const comparison = page.getByRole("region", { name: "Comparison", exact: true });
      await comparison.evaluate((element) => element.scrollIntoView({ block: "start" }));
    },
    shows: answer,
    scrolls: true,
    leave: async ({ page }) => button(page, "Stop comparing").click(),
  },
  {
    id: "alpha",
    says: "Histogram with the threshold that is k, and the α curve of the group.",
    reach: async ({ page }) => {
      const choice = button(page, "α over the group");
      if (await choice.isVisible()) await choice.click();
      await page.getByRole("region", { name: "Distribution" }).scrollIntoViewIfNeeded();
    },
    shows: (page) => page.getByRole("region", { name: "Distribution" }),
  },
  {
    id: "menu",
    says: "What leaves the page: the menu of the Answer panel.",
    reach: async ({ page }) => {
      await button(page, "Export from Answer").click();
      await page.getByRole("menu").waitFor();
    },
    leave: pressEscape,
  },
  {
    id: "error",
    says: "An error: a file that is no picture.",
    reach: async (visit) => {
      await part(visit, "Input");
      await visit.page
        .getByLabel("Picture file")
        .setInputFiles({ name: "notes.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
      await visit.page.getByRole("group", { name: "Image", exact: true }).getByRole("alert").waitFor();
    },
    leave: async ({ page }) => {
      await page.getByRole("region", { name: "Samples" }).getByRole("listitem").first().getByRole("button").click();
      await page
        .getByRole("button", { name: /^Dismiss: / })
        .first()
        .click();
    },
  },
  {
    id: "models",
    says: "The dialog of models.",
    reach: async ({ page }) => {
      await page.getByTitle("Choose a model").click();
      const dialog = page.getByRole("dialog", { name: "Models" });
      await dialog.getByRole("button", { name: /^SmolVLM-256M/ }).click();
      await dialog.getByRole("region", { name: "Chosen model" }).waitFor();
    },
    shows: (page) => page.getByRole("dialog", { name: "Models" }),
    leave: pressEscape,
  },
  {
    id: "commands",
    says: "Commands and keys.",
    reach: async ({ page }) => {
      await button(page, "Commands and keys").click();
      await page.getByRole("dialog").waitFor();
    },
    shows: (page) => page.getByRole("dialog"),
    leave: pressEscape,
  },
  {
    id: "guide",
    says: "The guide.",
    reach: async ({ page }) => {
      await button(page, "Guide").click();
      await page.getByRole("complementary", { name: "Guide" }).waitFor();
    },
    leave: async ({ page }) => button(page, "Close the guide").click(),
  },
  {
    id: "training",
    says: "Training: steps follow each other, the charts are live.",
    reach: async (visit) => {
      await part(visit, "Train");
      await button(visit.page, "Play").click();
      await visit.page
        .getByRole("group", { name: "Training controls" })
        .getByText(/step [23]/)
        .waitFor();
    },
    leave: async ({ page }) => {
      await button(page, "Pause").click();
      await ready(page);
      await raiseDrawer(page);
    },
  },
  tab("Charts", "Charts of a run."),
  tab(
    "Charts",
    "The same charts as a table.",
    (page) => drawer(page).getByRole("button", { name: "View as table" }).click(),
    "chartstable",
  ),
  tab("Step", "A training step taken apart.", (page) => page.getByRole("button", { name: /^4 / }).click()),
  tab("Rollouts", "Rollouts of a step, one of them open.", (page) =>
    page.getByRole("button", { name: /^Rollout 1 of prompt 1$/ }).click(),
  ),
  tab("Insight", "Insight: how dependency is spread."),
  tab("Insight", "Insight: which tokens an update moved.", (page) => button(page, "Moved tokens").click(), "moves"),
  tab("Evaluation", "Evaluation on held-out tasks."),
  tab("Runs", "Runs: pins, baseline, configuration."),
  tab("Study", "The study: arms and seeds."),
  tab("Settings", "Settings."),
  tab("System", "System: what this machine can do, speed and memory."),
];
