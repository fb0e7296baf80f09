import { beforeEach, describe, expect, it, vi } from "vitest";
import { UserError } from "@/lib/errors";
import { askRequestOf } from "./requests";
import { redo, undo, useStore } from "./store";

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

  it("does not count hovering, pinning or messages", () => {
    const { setHover, pin, notify } = useStore.getState();
    setHover({ rollout: 0, token: 3 });
    pin({ rollout: 0, start: 3, end: 3 });
    notify("notice", "hello");
    expect(useStore.temporal.getState().pastStates).toEqual([]);
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
