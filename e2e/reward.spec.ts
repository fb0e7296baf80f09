// The user's own reward function: tried in its editor, told its errors by line, kept in a sandbox without network, stored on this
// machine only, and used in training.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, type Page, test } from "@playwright/test";
import {
  button,
  expectAccessible,
  longWait,
  messages,
  open,
  openReady,
  openTab,
  screenshot,
  statusBar,
  stepNumber,
} from "./support/playground";
import { wasmLaunch } from "./support/runs";

// What is told about settings and rewards is the page's business; steps are quicker there.
test.use({ launchOptions: wasmLaunch });

const own = "rew=custom";
const code = (page: Page) => page.getByLabel("Reward function", { exact: true });
const task = (page: Page) => page.getByRole("region", { name: "Task and reward" });
const rewards = (page: Page) => page.getByRole("list", { name: "Rewards" }).getByRole("listitem");

async function openEditor(page: Page): Promise<void> {
  await openTab(page, "Settings");
  await expect(code(page)).toBeVisible();
}

test("the editor tries a function on the shown rollouts and on a typed answer", async ({ page }) => {
  await open(page, `v=1&${own}`);
  await openEditor(page);
  await button(page, "Try it").click();
  await expect(rewards(page)).not.toHaveCount(0);
  const shown = await rewards(page).count();
  expect(shown).toBeGreaterThan(1);
  await page.getByLabel("Answer to try it on").fill("I see three: \\boxed{3}");
  await page.getByLabel("True answer").fill("3");
  await button(page, "Try it").click();
  await expect(rewards(page)).toHaveCount(1);
  await expect(rewards(page).first()).toContainText("1");
  await code(page).fill("export default ({ text }: RewardInput) => text.length / 100;\n");
  await button(page, "Try it").click();
  await expect(rewards(page).first()).toContainText("0.22");
  await expectAccessible(page);
  await screenshot(page, "rewardEditor");
});

test("errors are told with their line, and a loop is stopped", async ({ page }) => {
  await open(page, `v=1&${own}`);
  await openEditor(page);
  await page.getByLabel("Answer to try it on").fill("x");
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["export default () => {\n  return missing;\n};", /\(line 2, answer 1\): ReferenceError: missing is not defined/],
    ["export default () => 1;\n\nconst a = ;", /\(line 3\)/],
    ['export default () => "1";', /it gave the text "1" where a finite number is needed/],
    ["export default async () => 1;", /a promise/],
    ["export default () => { for (;;); };", /did not finish within 2 s/],
    ["const nothing = 1;", /no default export and no function named reward/],
  ];
  for (const [source, why] of wrong) {
    await code(page).fill(source);
    await button(page, "Try it").click();
    await expect(task(page).getByRole("alert")).toHaveText(why);
  }
  await screenshot(page, "rewardError");
  await button(page, "Example").click();
  await expect(task(page).getByRole("alert")).toHaveCount(0);
  await button(page, "Try it").click();
  await expect(rewards(page)).toHaveCount(1);
});

test.describe("the sandbox", () => {
  const asked: string[] = [];
  let server: Server;
  let address: string;

  test.beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(200, { "Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript" }).end("0");
    });
    server.on("upgrade", (request, socket) => {
      asked.push(`socket ${request.url}`);
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  test.afterAll(() => server.close());

  test("reaches no network, no storage and no page", async ({ page }) => {
    await open(page, `v=1&${own}`);
    await openEditor(page);
    // What is tried is possible in general: the page itself may fetch from this machine.
    await page.evaluate((at) => fetch(`http://${at}/page`).then((answer) => answer.text()), address);
    expect(asked).toEqual(["/page"]);
    await page.getByLabel("Answer to try it on").fill("x");
    // Each way in turn, then a second for those that wait; ways that fail at once are counted.
    await code(page).fill(`const at = "http://${address}";
let refused = 0;
const attempt = (way: () => unknown) => { try { way(); } catch { refused++; } };
export default function reward() {
  attempt(() => importScripts(at + "/importScripts"));
  attempt(() => { const r = new XMLHttpRequest(); r.open("GET", at + "/xhr", false); r.send(); });
  attempt(() => indexedDB.open("x"));
  attempt(() => (self as any).localStorage.length);
  attempt(() => (self as any).document.cookie);
  attempt(() => new Function("return 1")());
  fetch(at + "/fetch").catch(() => {});
  navigator.sendBeacon?.(at + "/beacon");
  attempt(() => eval("import(at + '/import').catch(() => {})"));
  try { new WebSocket("ws://${address}/socket"); } catch {}
  try { new EventSource(at + "/events"); } catch {}
  const end = Date.now() + 1000;
  while (Date.now() < end);
  return refused;
}`);
    await button(page, "Try it").click();
    await expect(rewards(page).first()).toContainText("7");
    expect(asked).toEqual(["/page"]);
  });
});

test("the function stays on this machine: a link does not hold it, a reload brings it back", async ({ page }) => {
  await open(page, `v=1&${own}`);
  await openEditor(page);
  const source = "export default () => 0.125; // mine";
  await code(page).fill(source);
  await expect.poll(() => page.evaluate(() => JSON.stringify(localStorage))).toContain("mine");
  expect(page.url()).not.toContain("mine");
  await page.reload();
  await openEditor(page);
  await expect(code(page)).toHaveValue(source);
});

test("training grades with the function, and stops with its line when it fails", async ({ page }) => {
  await openReady(page, `v=1&g=2&len=12&pps=1&rpp=2&${own}`);
  await openEditor(page);
  await code(page).fill('export default ({ text, family }: RewardInput) => (family === "" ? 9 : 0.125);\n');
  await button(page, "Step").click();
  await expect(stepNumber(page)).toHaveText("1", { timeout: longWait });
  await expect(statusBar(page)).toContainText("Ready", { timeout: longWait });
  await openTab(page, "Rollouts");
  const rows = page.getByRole("region", { name: "Rollouts of the step" }).getByRole("row");
  // After the heads of the table and of the prompt.
  await expect(rows.nth(2)).toContainText("0.125");
  await openEditor(page);
  await code(page).fill('// nothing\nexport default () => { throw new Error("not today"); };');
  await button(page, "Step").click();
  await expect(messages(page)).toContainText(/line 2, answer 1: Error: not today/, { timeout: longWait });
  await expect(stepNumber(page)).toHaveText("1");
  await expect(task(page).getByRole("alert")).toHaveText(/\(line 2, answer 1\): Error: not today/);
  await screenshot(page, "rewardFailed");
});
