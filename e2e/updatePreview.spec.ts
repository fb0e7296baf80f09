import { expect, type Page, test } from "@playwright/test";
import { ask, button, effect, inspector, openReady, pinToken, pointAt, screenshot, tokens } from "./support/playground";

declare global {
  interface Window {
    sentToEngine: number;
  }
}

let page: Page;

// One live answer serves all tests of this file: none of them may change it.
test.describe.configure({ mode: "serial" });
test.beforeAll(async ({ browser }) => {
  page = await browser.newPage();
  await page.addInitScript(() => {
    window.sentToEngine = 0;
    // Every call of the engine is a message to its worker.
    const post = Worker.prototype.postMessage as (...message: unknown[]) => void;
    Worker.prototype.postMessage = function (this: Worker, ...message: unknown[]) {
      window.sentToEngine++;
      post.apply(this, message);
    };
  });
  await openReady(page, "v=1&g=3&len=32");
  await ask(page);
});
test.afterAll(() => page.close());

const keptTokens = () => tokens(page).evaluateAll((all) => all.filter(({ className }) => /kept/.test(className)).length);
const alphas = async () =>
  (await page.getByText(/^alpha \d/).allTextContents()).map((text) => Number(text.replace("alpha", "").trim()));
const number = (text: string | null) => Number((text ?? "").replace("−", "-"));
const setNumber = async (name: string, value: string) => {
  await page.getByRole("textbox", { name: `${name} value` }).fill(value);
  await page.getByRole("textbox", { name: `${name} value` }).press("Enter");
};

test("the answer's kept tokens, their share of the KL and the threshold follow k", async () => {
  const length = await tokens(page).count();
  const total = Number(/of (\d+)/.exec((await effect(page).textContent()) ?? "")?.[1]);
  expect(total).toBeGreaterThan(length);
  const shares: number[] = [];
  for (const k of [0.1, 0.4, 0.7]) {
    await setNumber("Keep k", String(k));
    await expect.poll(keptTokens).toBe(Math.ceil(Math.fround(Math.fround(k) * length)));
    await expect(page.getByRole("slider", { name: "Dependency threshold" })).toHaveAttribute(
      "aria-valuenow",
      String(await keptTokens()),
    );
    shares.push(Number(/(\d+) %/.exec((await effect(page).textContent()) ?? "")?.[1]));
  }
  expect(shares[0]).toBeLessThanOrEqual(shares[1] as number);
  expect(shares[1]).toBeLessThanOrEqual(shares[2] as number);
  await setNumber("Keep k", "1");
  await expect(effect(page)).toContainText(`${total} of ${total}`);
  await expect(effect(page)).toContainText("100 %");

  // Changes within 0.4 s are one step of undo.
  await page.waitForTimeout(500);
  await page.getByRole("slider", { name: "Dependency threshold" }).press("End");
  await expect.poll(keptTokens).toBe(1);
  await button(page, "Undo").click();
  await expect.poll(keptTokens).toBe(length);
});

test("α of every rollout and β_max follow β_min, with a mean of 1", async () => {
  for (const betaMin of [0.9, 0.5]) {
    await setNumber("β_min", String(betaMin));
    await expect.poll(async () => Math.min(...(await alphas()))).toBe(betaMin);
    const all = await alphas();
    expect(all).toHaveLength(3);
    expect(all.reduce((sum, alpha) => sum + alpha, 0) / 3).toBeCloseTo(1, 1);
    const betaMax = Number(await effect(page).getByRole("definition").last().textContent());
    expect(betaMax).toBeCloseTo(Math.max(...all), 2);
  }
});

test("moving k and β_min takes at most 50 ms to the screen, touches only tokens that cross the threshold, and asks the engine nothing", async () => {
  await setNumber("Keep k", "0.4");
  await page.mouse.move(0, 0);
  expect(await page.evaluate(() => window.sentToEngine)).toBeGreaterThan(0);
  const measured = await page.evaluate(async () => {
    const painted = () =>
      new Promise<number>((resolve) =>
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => resolve(performance.now());
          port2.postMessage(null);
        }),
      );
    const slider = (label: string) =>
      [...document.querySelectorAll("label")].find(({ textContent }) => textContent === label)?.control as HTMLInputElement;
    const move = (input: HTMLInputElement, value: number) => {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(input, String(value));
      input.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const box = document.querySelector("[role=listbox]") as HTMLElement;
    const kept = () => [...box.querySelectorAll("[role=option]")].map(({ className }) => /kept/.test(className));
    const times: number[] = [];
    let touched = 0;
    let crossed = 0;
    const changed = new Set<Node>();
    const observer = new MutationObserver((records) => {
      for (const { target } of records) changed.add(target);
    });
    observer.observe(box, { subtree: true, childList: true, attributes: true, characterData: true });
    await painted();
    const sent = window.sentToEngine;
    for (let i = 0; i < 20; i++) {
      const before = kept();
      changed.clear();
      const start = performance.now();
      if (i % 2) move(slider("β_min"), 0.5 + i / 100);
      else move(slider("Keep k"), 0.4 + i / 40);
      times.push((await painted()) - start);
      touched += changed.size;
      crossed += kept().filter((isKept, token) => isKept !== before[token]).length;
    }
    observer.disconnect();
    return { times: times.sort((a, b) => a - b), touched, crossed, sent: window.sentToEngine - sent };
  });
  expect(measured.crossed).toBeGreaterThan(0);
  expect(measured.touched).toBe(measured.crossed);
  expect(measured.sent).toBe(0);
  expect(measured.times[10], `milliseconds of 20 moves: ${measured.times.map(Math.round).join(" ")}`).toBeLessThan(50);
});

test("pointing at a token shows its numbers; pinning keeps them in the inspector, with both predictions and the weight", async () => {
  await setNumber("Keep k", "0.4");
  await pointAt(page, 2);
  const tooltip = page.getByRole("tooltip");
  for (const text of ["KL", "rank", "log p, image", "log p, masked", "Weight in the update", "next token"])
    await expect(tooltip).toContainText(text);
  await expect(inspector(page)).toContainText("Under the pointer");
  await screenshot(page, "hover");

  await pinToken(page, 2);
  await page.mouse.move(0, 0);
  await expect(tooltip).toHaveCount(0);
  await expect(inspector(page)).toContainText("Pinned");
  await expect(inspector(page)).toContainText("token 3 of");
  await expect(tokens(page).nth(2)).toHaveAttribute("aria-selected", "true");
  await screenshot(page, "pinned");
});

test("the pinned token's k3, KL parts and weight agree with each other", async () => {
  const shown = async (name: string, nth = 0) => {
    const term = inspector(page)
      .getByRole("term")
      .filter({ hasText: new RegExp(`^${name}$`) })
      .nth(nth);
    return number(await term.locator("xpath=following-sibling::dd[1]").textContent());
  };
  const difference = (await shown("masked")) - (await shown("log p, image"));
  const k3 = await shown("k3");
  expect(Math.abs(k3 - (Math.exp(difference) - difference - 1))).toBeLessThan(0.002 + 0.02 * k3 + 0.001 * Math.exp(difference));

  const parts = await inspector(page).locator("tbody td:last-child").allTextContents();
  expect(parts.length).toBeGreaterThan(5);
  const kl = await shown("KL");
  expect(Math.abs(parts.reduce((sum, part) => sum + number(part), 0) - kl)).toBeLessThan(0.01 + 0.02 * kl);

  const formula = await inspector(page)
    .getByText(/^w = A · α · m =/)
    .textContent();
  const [, advantage, alpha, kept, weight] = (/= (\S+) · (\S+) · (\d) = (\S+)/.exec(formula ?? "") ?? []).map(number);
  expect((advantage as number) * (alpha as number) * (kept as number)).toBeCloseTo(weight as number, 2);

  await page.keyboard.press("Escape");
  await expect(inspector(page)).not.toContainText("Pinned");
});
