import { describe, expect, it } from "vitest";
import { useStore } from "@/state/store";
import { actionList, actions, keyLabel } from "./actions";
import { isSingle } from "./useShortcuts";

describe("actions", () => {
  it("have names and keys of their own", () => {
    const keys = actionList.flatMap((action) => action.keys);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(actionList.map(({ id }) => id)).size).toBe(actionList.length);
    expect(new Set(actionList.map(({ label }) => label)).size).toBe(actionList.length);
  });

  it("cannot ask, step or play without a model", () => {
    const state = useStore.getState();
    for (const action of [actions.ask, actions.step, actions.play, actions.reset]) expect(action.isEnabled(state)).toBe(false);
  });

  it("colour by the first measure with 1 and by the second with 2", () => {
    const [one, two] = ["1", "2"].map((key) => actionList.find(({ keys }) => keys.includes(key)));
    two?.run();
    const second = useStore.getState().settings.colourBy;
    one?.run();
    expect(useStore.getState().settings.colourBy).not.toBe(second);
    expect(two?.id).toBe(`colour-${second}`);
  });
});

describe("keys", () => {
  it("are written as people read them", () => {
    expect(["$mod+k", "Shift+?", "Escape", ".", "k"].map(keyLabel)).toEqual(["Ctrl+K", "?", "Esc", ".", "K"]);
  });

  it("without a modifier count as single keys, Escape does not", () => {
    expect(["k", "Space", "Shift+?", "/"].every(isSingle)).toBe(true);
    expect(["$mod+k", "Escape", "$mod+Enter"].some(isSingle)).toBe(false);
  });
});
