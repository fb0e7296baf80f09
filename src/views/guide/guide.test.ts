import { beforeEach, describe, expect, it } from "vitest";
import { useStore } from "@/state/store";
import { guidePages } from "./guidePages";
import { guideOrder, guidePageOf, useGuide } from "./guideStore";

describe("the guide", () => {
  const start = useStore.getState();
  beforeEach(() => useStore.setState(start, true));

  it("has as many pages as the store knows, each with a name and one thing to do", () => {
    expect(guidePages.map(({ id }) => id)).toEqual(guideOrder.map(({ id }) => id));
    for (const { todo, text, parts } of guidePages) {
      expect(todo).toMatch(/^[A-Z].+\.$/);
      expect(text.join(" ").length).toBeLessThan(420);
      expect(parts.length).toBeGreaterThan(0);
    }
  });

  it("is opened at the page that an address names", () => {
    expect(["#guide=4", "guide=1&v=1", "#v=1&k=0.2&guide=7"].map(guidePageOf)).toEqual([4, 1, 7]);
    expect(["", "#v=1", "#guide=0", "#guide=8", "#guide=x", "#guide=2.5"].map(guidePageOf)).toEqual([
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
  });

  it("counts nothing as done on the page as it opens", () => {
    const now = useStore.getState();
    expect(guidePages.filter(({ isDone }) => isDone(now, now)).map(({ id }) => id)).toEqual([]);
  });

  it("counts each page as done by what the user does, and by nothing else", () => {
    const doneAfter = (act: () => void) => {
      useStore.setState(start, true);
      const then = useStore.getState();
      act();
      return guidePages.filter(({ isDone }) => isDone(useStore.getState(), then)).map(({ id }) => id);
    };
    const state = () => useStore.getState();
    expect(doneAfter(() => state().setSetting("keepRatio", 0.2))).toEqual(["keep"]);
    expect(doneAfter(() => state().setSetting("betaMin", 0.5))).toEqual(["advantage"]);
    expect(doneAfter(() => state().editReward(0, 0.5))).toEqual(["advantage"]);
    expect(doneAfter(() => state().setSetting("maskRatio", 0.8))).toEqual(["mask"]);
    expect(doneAfter(() => state().setRegion([0, 0, 0.5, 0.5]))).toEqual(["mask"]);
    expect(doneAfter(() => state().pin({ rollout: 0, start: 0, end: 0 }))).toEqual(["heat"]);
    expect(doneAfter(() => state().setTraining({ status: "idle", step: 1 }))).toEqual(["step"]);
    const answered = () => {
      state().setSource("live");
      state().setAsk({ status: "finished", tokensPerSecond: 9, stopped: false });
    };
    expect(doneAfter(answered)).toEqual(["ask"]);
    expect(doneAfter(() => state().setSetting("colourBy", "entropy"))).toEqual([]);
  });

  it("goes on where the user left off, and is offered no more once skipped", () => {
    useGuide.getState().tick("ask");
    useGuide.getState().tick("ask");
    useGuide.getState().open();
    expect(useGuide.getState().page).toBe(2);
    useGuide.getState().skip();
    expect(useGuide.getState()).toMatchObject({ page: null, isSkipped: true });
    useGuide.getState().open(6);
    expect(useGuide.getState().page).toBe(6);
  });
});
