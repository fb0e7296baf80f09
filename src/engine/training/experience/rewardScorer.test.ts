// What the other end of the port may answer, and what becomes of it. The sandbox itself is `client/rewardSandbox.ts`.

import { afterEach, describe, expect, it } from "vitest";
import type { RewardBatch } from "@/protocol/sandbox";
import type { RewardSettings } from "@/protocol/training";
import { RewardDesk, RewardFunctionError } from "./rewardScorer";

const custom: RewardSettings = { kind: "custom", tolerance: 0, source: "export default ({ text }) => text.length" };
const inputs = ["a", "bcd"].map((text) => ({ text, answer: "a", question: "?", family: "f" }));
const open: Disposable[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each[Symbol.dispose]();
});

/** A desk whose other end answers a batch with what `answer` gives; nothing for undefined. */
function deskWith(answer: (batch: RewardBatch) => unknown, timeoutMs = 5000): RewardDesk {
  const { port1, port2 } = new MessageChannel();
  port2.onmessage = ({ data }: MessageEvent<RewardBatch>) => {
    const message = answer(data);
    if (message !== undefined) port2.postMessage(message);
  };
  const desk = new RewardDesk(timeoutMs);
  desk.connect(port1);
  open.push(desk, { [Symbol.dispose]: () => port2.close() });
  return desk;
}

const refusal = (desk: RewardDesk) =>
  desk.score(custom, inputs).then(
    () => "graded",
    (error: unknown) => (error instanceof RewardFunctionError ? error.message : `${error}`),
  );

describe("a reward function at the other end of a port", () => {
  it("gets source and answers, and its numbers are reward and accuracy", async () => {
    const desk = deskWith(({ id, source, inputs: [first, second] }) => ({
      id,
      rewards: [source.length, (first?.text.length ?? 0) + (second?.text.length ?? 0)],
    }));
    const length = custom.source?.length ?? 0;
    expect(await desk.score(custom, inputs)).toEqual([
      { overall: length, accuracy: length },
      { overall: 4, accuracy: 4 },
    ]);
  });

  it("that fails is told with its line and the answer it failed on", async () => {
    const desk = deskWith(({ id }) => ({ id, failure: { message: "x is not defined", line: 3, input: 1 } }));
    expect(await refusal(desk)).toBe(
      "The reward function cannot be used: line 3, answer 2: x is not defined. Correct the function and train again; the adapter is as it was.",
    );
  });

  it.each([
    ["a text", { rewards: ["1", "0"] }, /not a list of numbers/],
    ["NaN", { rewards: [1, Number.NaN] }, /answer 2 got NaN/],
    ["infinity", { rewards: [Number.POSITIVE_INFINITY, 1] }, /answer 1 got Infinity/],
    ["one number for two answers", { rewards: [1] }, /1 rewards for 2 answers/],
    ["nothing", {}, /not a list of numbers/],
  ])("that gives %s is refused", async (_, answer, reason) => {
    expect(await refusal(deskWith(({ id }) => ({ id, ...answer })))).toMatch(reason);
  });

  it("that never answers is given up, and an answer to an earlier batch is not taken for this one's", async () => {
    expect(await refusal(deskWith(() => undefined, 30))).toMatch(/did not answer within 0.03 s/);
    expect(await refusal(deskWith(({ id }) => ({ id: id - 1, rewards: [1, 1] }), 30))).toMatch(/did not answer/);
  });

  it("is refused where nothing runs it", async () => {
    expect(await refusal(new RewardDesk())).toMatch(/nothing runs it here/);
  });
});

describe("a built-in reward", () => {
  it("needs no port", async () => {
    const boxed = inputs.map((input) => ({ ...input, text: `\\boxed{${input.text}}` }));
    const rewards = await new RewardDesk().score({ kind: "exact", tolerance: 0 }, boxed);
    expect(rewards.map(({ overall }) => overall)).toEqual([1, 0]);
  });
});
