import { afterEach, describe, expect, it } from "vitest";
import type { RewardAnswer, RewardInput } from "@/protocol/sandbox";
import { createRewardSandbox, failureText, type RewardSandbox } from "./rewardSandbox";

const open: RewardSandbox[] = [];
function sandbox(limitMs = 2000): RewardSandbox {
  const made = createRewardSandbox({ url: new URL("/sandbox.html", location.origin).href, limitMs });
  open.push(made);
  return made;
}
afterEach(() => {
  for (const one of open.splice(0)) one.dispose();
});

const input = (text: string): RewardInput => ({ text, answer: "3", question: "How many?", family: "count" });
const right = input("so \\boxed{3}");

describe("the reward sandbox", () => {
  it("grades answers with a TypeScript function", async () => {
    const source = `interface Parts { boxed: string }
export default function reward({ text, answer }: RewardInput): number {
  const parts: Parts = { boxed: /\\\\boxed\\{(.*)\\}/.exec(text)?.[1] ?? "" };
  return parts.boxed === answer ? 1 : 0.25;
}`;
    expect(await sandbox().tryReward(source, [right, input("\\boxed{4}")])).toEqual({ rewards: [1, 0.25] });
  });

  it.each([
    ["a function named reward", "function reward({ text }) { return text.length; }"],
    ["a constant named reward", "const reward = ({ text }) => text.length // no new line at the end"],
    ["an exported arrow function", "export default ({ text }: { text: string }) => text.length;"],
  ])("takes %s", async (_, source) => {
    expect(await sandbox().tryReward(source, [input("four")])).toEqual({ rewards: [4] });
  });

  it.each([
    ["a syntax error that the type stripper sees", "export default () => 1;\nconst a = ;\n", 2, /./],
    [
      "a syntax error that only the browser sees",
      "export default () => 1;\n\nlet a = 1;\nlet a = 2;\n",
      4,
      /SyntaxError.*already been declared/,
    ],
    ["a missing bracket", "export default function reward() {\n  return 1;\n", 3, /./],
    ["an error at the start", "// a\nnull.x;\nexport default () => 1;", 2, /TypeError/],
    ["an import", "import { x } from 'https://example.com/x.js';\nexport default () => x;", 1, /nothing can be imported/],
  ])("tells the line of %s", async (_, source, line, message) => {
    const outcome = await sandbox().tryReward(source, [right]);
    expect(outcome).toMatchObject({ failure: { line, message: expect.stringMatching(message) } });
  });

  it("tells line and answer of an error in the function", async () => {
    const source = `type Text = string;
export default ({ text }: { text: Text }): number => {
  if (text === "b") throw new Error("no b, please");
  return 1;
};`;
    const outcome = await sandbox().tryReward(source, [input("a"), input("b")]);
    expect(outcome).toEqual({ failure: { message: "Error: no b, please", line: 3, input: 1 } });
    if ("failure" in outcome) {
      expect(failureText(outcome.failure)).toBe(
        "The reward function failed (line 3, answer 2): Error: no b, please. Correct it, or choose another reward.",
      );
    }
  });

  it.each([
    ["a text", '"1"', /the text "1"/],
    ["NaN", "Number.NaN", /NaN/],
    ["infinity", "1 / 0", /Infinity/],
    ["nothing", "undefined", /nothing \(undefined\)/],
    ["null", "null", /nothing \(null\)/],
    ["a promise", "Promise.resolve(1)", /a promise/],
    ["true", "true", /type boolean/],
    ["an object", "({ overall: 1 })", /type object/],
  ])("refuses %s as a reward", async (_, value, message) => {
    const outcome = await sandbox().tryReward(`export default () => ${value};`, [right]);
    expect(outcome).toEqual({ failure: { message: expect.stringMatching(message), input: 0 } });
  });

  it("says so when there is no function", async () => {
    const outcome = await sandbox().tryReward("export default 3;", [right]);
    expect(outcome).toMatchObject({ failure: { message: expect.stringContaining("no function named reward") } });
  });

  it.each([
    ["in the function", "export default ({ text }) => { while (text === 'b') {} return 1; };", { input: 1 }],
    ["before it", "while (true) {}\nexport default () => 1;", {}],
  ])("stops a loop %s and grades again afterwards", async (_, source, place) => {
    const box = sandbox(300);
    expect(await box.tryReward(source, [input("a"), input("b")])).toEqual({
      failure: { message: "it did not finish within 0.3 s", ...place },
    });
    expect(await box.tryReward("export default () => 1;", [right])).toEqual({ rewards: [1] });
  });

  it("carries nothing from one batch to the next", async () => {
    const box = sandbox();
    const source = "let calls = 0;\nexport default () => ++calls;";
    expect(await box.tryReward(source, [right, right])).toEqual({ rewards: [1, 2] });
    expect(await box.tryReward(source, [right])).toEqual({ rewards: [1] });
  });

  it("has no document, no storage of the page and no page to reach", async () => {
    localStorage.setItem("secret", "page");
    const source = `export default ({ text }) => {
  try { return new Function("return " + text)() ? 1 : 0; } catch { return -1; }
};`;
    const seen = (names: string) => `export default () => [${names}].filter((name) => name in self).length;`;
    expect(await sandbox().tryReward(seen('"document", "localStorage", "window", "parent", "opener"'), [right])).toEqual({
      rewards: [0],
    });
    expect(await sandbox().tryReward(source, [input("1")])).toEqual({ rewards: [-1] });
    expect(await sandbox().tryReward('export default () => (self.origin === "null" ? 1 : 0);', [right])).toEqual({
      rewards: [1],
    });
    const opened = "export default () => { try { indexedDB.open('x'); return 1; } catch { return 0; } };";
    expect(await sandbox().tryReward(opened, [right])).toEqual({ rewards: [0] });
  });

  it("answers batches on a port, in any number at once", async () => {
    const port = sandbox().port();
    const answers: RewardAnswer[] = [];
    const all = new Promise<void>((resolve) => {
      port.onmessage = ({ data }: MessageEvent<RewardAnswer>) => {
        if (answers.push(data) === 2) resolve();
      };
    });
    port.postMessage({ id: 7, source: "export default () => 0.5;", inputs: [right] });
    port.postMessage({ id: 8, source: "export default () => x;", inputs: [right] });
    await all;
    answers.sort((a, b) => a.id - b.id);
    expect(answers).toEqual([
      { id: 7, rewards: [0.5] },
      { id: 8, failure: { message: "ReferenceError: x is not defined", line: 1, input: 0 } },
    ]);
    port.close();
  });

  it("remembers how the last batch failed, until one succeeds", async () => {
    const box = sandbox();
    const port = box.port();
    const answered = () => new Promise((resolve) => port.addEventListener("message", resolve, { once: true }));
    port.start();
    let changes = 0;
    const stop = box.subscribe(() => changes++);
    expect(box.lastFailure()).toBeNull();
    const source = "export default () => x;";
    for (const [id, text] of [source, "export default () => 1;"].entries()) {
      const answer = answered();
      port.postMessage({ id, source: text, inputs: [right] });
      await answer;
      if (id === 0) expect(box.lastFailure()).toMatchObject({ source, failure: { line: 1, input: 0 } });
    }
    expect(box.lastFailure()).toBeNull();
    expect(changes).toBe(2);
    stop();
    // What is tried in the editor is shown there and not remembered.
    await box.tryReward(source, [right]);
    expect(box.lastFailure()).toBeNull();
    port.close();
  });

  it("says so when the sandbox cannot be opened", async () => {
    const box = createRewardSandbox({ url: "about:blank", startLimitMs: 200 });
    expect(await box.tryReward("export default () => 1;", [right])).toMatchObject({
      failure: { message: expect.stringContaining("did not start") },
    });
    expect(document.querySelector('iframe[src="about:blank"]')).toBeNull();
  });
});
