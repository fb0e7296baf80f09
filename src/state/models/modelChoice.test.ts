import { afterEach, describe, expect, it } from "vitest";
import type { MemoryPlan, ModelSource } from "@/protocol/model";
import { useStore } from "../store";

const start = useStore.getState();
const plan: MemoryPlan = { lines: [], weightBytes: 3, peakBytes: 3, budgetBytes: 2, fits: false };
const hub = (repo: string): ModelSource => ({ kind: "hub", repo, revision: "main" });
afterEach(() => useStore.setState(start, true));

function fitFirstModel() {
  useStore.getState().choose(hub("me/large"));
  const before = useStore.getState().settings;
  useStore.getState().setFitted({ before, after: { ...before, textFormat: "int4", contextTokens: 512 }, plan });
  return before;
}

describe("choosing another model", () => {
  it("puts back the knobs that were changed for the one before, and nothing else", () => {
    const before = fitFirstModel();
    useStore.getState().setSetting("memoryGiB", 7);
    useStore.getState().choose(hub("me/small"));
    const { settings, fitted } = useStore.getState();
    expect(settings).toEqual({ ...before, memoryGiB: 7 });
    expect(fitted).toBeNull();
  });

  it("keeps knobs that were moved by hand since", () => {
    fitFirstModel();
    useStore.getState().setSetting("contextTokens", 1024);
    useStore.getState().choose(hub("me/small"));
    expect(useStore.getState().settings).toMatchObject({ textFormat: "int4", contextTokens: 1024 });
  });
});
