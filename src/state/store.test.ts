import { beforeEach, describe, expect, it, vi } from "vitest";
import { answerHeader, answerTokens } from "@/client/live";
import { randomRollout, randomTexts, randomTopK } from "@/client/test/randomAnswer";
import { UserError } from "@/lib/errors";
import { keptAnswers } from "./answers/answers";
import { mostAnswers } from "./answers/answerTree";
import { askRequestOf } from "./requests";
import { type AppState, redo, undo, useStore } from "./store";

const initial = useStore.getState();
let now = 0;

beforeEach(() => {
  vi.spyOn(performance, "now").mockImplementation(() => now);
  useStore.setState(initial, true);
  useStore.temporal.getState().clear();
  now += 10_000;
});

const wait = (ms: number) => {
  now += ms;
};

describe("undo", () => {
  it("takes a whole slider drag back at once, and brings it again", () => {
    const { setSetting } = useStore.getState();
    for (const value of [0.41, 0.5, 0.6]) {
      setSetting("keepRatio", value);
      wait(20);
    }
    undo();
    expect(useStore.getState().settings.keepRatio).toBe(0.4);
    redo();
    expect(useStore.getState().settings.keepRatio).toBe(0.6);
  });

  it("takes changes that lie apart back one by one", () => {
    const { setSetting } = useStore.getState();
    setSetting("keepRatio", 0.5);
    wait(1000);
    setSetting("betaMin", 0.8);
    undo();
    expect(useStore.getState().settings).toMatchObject({ keepRatio: 0.5, betaMin: 0.9 });
    undo();
    expect(useStore.getState().settings).toMatchObject({ keepRatio: 0.4, betaMin: 0.9 });
  });

  it("records a change made right after an undo", () => {
    const { setSetting } = useStore.getState();
    setSetting("keepRatio", 0.5);
    undo();
    setSetting("keepRatio", 0.7);
    undo();
    expect(useStore.getState().settings.keepRatio).toBe(0.4);
  });

  it("counts masks and regions, and a change of another kind right after one is a step of its own", () => {
    const { setSetting, setRegion } = useStore.getState();
    setSetting("maskStrategy", "region");
    setRegion([0, 0, 0.5, 0.5]);
    setRegion([0, 0, 0.5, 1]);
    undo();
    expect(useStore.getState()).toMatchObject({ region: null, settings: { maskStrategy: "region" } });
    undo();
    expect(useStore.getState().settings.maskStrategy).toBe("patch_blackening");
    redo();
    redo();
    expect(useStore.getState().region).toEqual([0, 0, 0.5, 1]);
  });

  it("goes back a hundred steps", () => {
    for (let i = 1; i <= 120; i++) {
      useStore.getState().setSetting("seed", i);
      wait(1000);
    }
    for (let i = 0; i < 130; i++) undo();
    expect(useStore.getState().settings.seed).toBe(20);
  });

  it("does not count hovering, opening a rollout, messages, or a pin before there is an answer", () => {
    const { setHover, pin, notify, openRollout } = useStore.getState();
    setHover({ rollout: 0, token: 3 });
    pin({ rollout: 0, start: 3, end: 3 });
    openRollout(1);
    notify("notice", "hello");
    expect(useStore.temporal.getState().pastStates).toEqual([]);
  });
});

/** Keeps an answer of one rollout of the given length. */
function keep(label: string, length: number, view: Parameters<AppState["keepAnswer"]>[1] = {}): number {
  const tokens = answerTokens.start(1, randomTopK);
  answerTokens.append(randomRollout(0, length), randomTexts);
  wait(1000);
  const { input, keepAnswer } = useStore.getState();
  const header = { question: label, answer: null, image: null, masked: [], rewards: null, notices: [] };
  const asked = { ...input, question: label };
  return keepAnswer({ label, source: "live", header, tokens, input: asked, promptTokens: 7, origin: null }, view);
}

const shown = () => [answerHeader()?.question, answerTokens.length(0)];

describe("kept answers", () => {
  it("a branch is taken back to its parent, with what was pinned and edited there, and shown again", () => {
    const parent = keep("whole", 10);
    const { pin, editReward } = useStore.getState();
    pin({ rollout: 0, start: 8, end: 9 });
    editReward(0, 1);
    wait(1000);
    const from = { rollout: 0, token: 3, id: 5 };
    const branch = keep("branch", 5, { parent: { id: parent, from }, pinned: { rollout: 0, start: 3, end: 3 } });
    expect(shown()).toEqual(["branch", 5]);
    expect(useStore.getState()).toMatchObject({ shownAnswer: branch, pinned: { start: 3 }, rewardEdits: {} });
    undo();
    expect(shown()).toEqual(["whole", 10]);
    expect(useStore.getState()).toMatchObject({ shownAnswer: parent, pinned: { start: 8, end: 9 }, rewardEdits: { 0: 1 } });
    redo();
    expect(shown()).toEqual(["branch", 5]);
    expect(useStore.getState()).toMatchObject({ shownAnswer: branch, pinned: { start: 3 } });
    // The pin before the branch, and nothing before the first answer.
    undo();
    undo();
    undo();
    expect(useStore.getState()).toMatchObject({ shownAnswer: parent, pinned: null });
  });

  it("the first answer cannot be undone away", () => {
    useStore.getState().setSetting("keepRatio", 0.5);
    keep("first", 4);
    undo();
    expect(shown()).toEqual(["first", 4]);
    expect(useStore.getState().settings.keepRatio).toBe(0.4);
  });

  it("choosing one shows its question and picture again, and its open rollout", () => {
    const first = keep("first", 4);
    keep("second", 6);
    useStore.getState().showAnswer(first);
    expect(shown()).toEqual(["first", 4]);
    expect(useStore.getState()).toMatchObject({ input: { question: "first" }, promptTokens: 7, source: "live" });
  });

  it("deleting a branch shows its parent, deleting is undone like the rest, and the last answer stays", () => {
    const parent = keep("whole", 10);
    const branch = keep("branch", 5, { parent: { id: parent, from: { rollout: 0, token: 3, id: 5 } } });
    keep("branch of the branch", 6, { parent: { id: branch, from: { rollout: 0, token: 4, id: 5 } } });
    wait(1000);
    useStore.getState().removeAnswer(branch);
    expect(keptAnswers(useStore.getState()).map(({ label }) => label)).toEqual(["whole"]);
    expect(shown()).toEqual(["whole", 10]);
    useStore.getState().removeAnswer(parent);
    expect(keptAnswers(useStore.getState())).toHaveLength(1);
    undo();
    expect(keptAnswers(useStore.getState())).toHaveLength(3);
    expect(shown()).toEqual(["branch of the branch", 6]);
  });

  it("keeps twenty, drops the oldest that nothing goes on from, and says so; undo to a dropped one keeps what is shown", () => {
    const first = keep("first", 4);
    const branch = keep("branch", 5, { parent: { id: first, from: { rollout: 0, token: 1, id: 5 } } });
    for (let i = 2; i < mostAnswers; i++) keep(`answer ${i}`, 4);
    expect(useStore.getState().messages).toEqual([]);
    keep("one more", 9);
    const kept = () => keptAnswers(useStore.getState()).map(({ id }) => id);
    expect(kept()).toHaveLength(mostAnswers);
    expect([kept().includes(first), kept().includes(branch)]).toEqual([true, false]);
    expect(useStore.getState().messages.at(-1)?.text).toContain("“branch” was dropped");
    keep("and another", 3);
    expect(kept().includes(first)).toBe(false);
    for (let i = 0; i < 40; i++) {
      undo();
      expect(kept()).toContain(useStore.getState().shownAnswer);
    }
  });

  it("a pin that the restored answer does not have is let go", () => {
    const tokens = answerTokens.start(1, randomTopK);
    const first = keep("first", 12);
    useStore.getState().pin({ rollout: 0, start: 11, end: 11 });
    keep("second", 3);
    // As if it had been made shorter: what is pinned there is gone.
    useStore.setState(({ answers }) => ({ answers: answers.map((one) => (one.id === first ? { ...one, tokens } : one)) }));
    undo();
    expect(useStore.getState()).toMatchObject({ shownAnswer: first, pinned: null });
  });
});

describe("choosing a method", () => {
  it("sets its knobs as one change", () => {
    useStore.getState().setSetting("preset", "grpo");
    expect(useStore.getState().settings).toMatchObject({ preset: "grpo", clipHigh: 0.2, entropyPenaltyCoef: 0 });
    undo();
    expect(useStore.getState().settings).toMatchObject({ preset: "vppo", clipHigh: 0.28, entropyPenaltyCoef: 0.06 });
  });
});

describe("messages", () => {
  it("stay until dismissed and are not repeated", () => {
    const { fail, dismiss } = useStore.getState();
    const error = new UserError("The file was not read", "it is empty", "Choose another");
    fail(error);
    fail(error);
    const { messages } = useStore.getState();
    expect(messages.map((message) => message.text)).toEqual(["The file was not read: it is empty. Choose another."]);
    dismiss(messages[0]!.id);
    expect(useStore.getState().messages).toEqual([]);
  });

  it("take the report of a failed engine call as it is", () => {
    expect(useStore.getState().fail({ name: "DeviceLostError", message: "The GPU went away.", expected: true })).toBe(
      "The GPU went away.",
    );
  });

  it("say nothing when the user stopped something", () => {
    useStore.getState().fail(new DOMException("stop", "AbortError"));
    expect(useStore.getState().messages).toEqual([]);
  });
});

describe("what-if rewards", () => {
  it("can be set and taken back per rollout", () => {
    const { editReward } = useStore.getState();
    editReward(2, 1);
    editReward(4, 0);
    editReward(2, null);
    expect(useStore.getState().rewardEdits).toEqual({ 4: 0 });
  });
});

describe("further pictures", () => {
  const picture = { width: 1, height: 1, data: new Uint8Array(3) };
  const input = { image: picture, question: "How many?", answer: null, sample: null };

  it("are asked about in their order, and left out of the request where there are none", () => {
    const { settings } = useStore.getState();
    const second = { ...picture, data: new Uint8Array([1, 2, 3]) };
    expect(askRequestOf({ ...input, moreImages: [second, picture] }, settings, null).moreImages).toEqual([second, picture]);
    expect(askRequestOf({ ...input, moreImages: [] }, settings, null)).not.toHaveProperty("moreImages");
  });
});
