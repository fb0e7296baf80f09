import { beforeEach, describe, expect, it } from "vitest";
import { changesOf, followEvents, lastEvents, note } from "./eventLog";
import { faultReport } from "./faultReport";
import { useStore } from "./store";

const start = useStore.getState();
beforeEach(() => useStore.setState(start, true));

describe("the event log", () => {
  it("writes down what was done and how it ended", () => {
    const stop = followEvents();
    const { setAsk, setTraining, notify, setLoss } = useStore.getState();
    setAsk({ status: "running", rollouts: 2 });
    setAsk({ status: "finished", tokensPerSecond: 9, stopped: false });
    setTraining({ status: "running", step: 0, phase: "rollouts", done: 0, total: 2, pausing: false });
    setTraining({ status: "running", step: 0, phase: "rollouts", done: 1, total: 2, pausing: false });
    setTraining({ status: "running", step: 0, phase: "update", done: 0, total: 1, pausing: false });
    setLoss("engine");
    notify("error", "The engine stopped: it broke. Load the model again.");
    stop();
    expect(lastEvents().map(({ text }) => text)).toEqual([
      "answer: running",
      "answer: finished",
      "training: running, step 0",
      "training: update",
      "lost: engine",
      "error: The engine stopped: it broke. Load the model again.",
    ]);
  });

  it("keeps the last 50", () => {
    for (let i = 0; i < 80; i++) note(`event ${i}`, i);
    expect(lastEvents()).toHaveLength(50);
    expect([lastEvents()[0]?.text, lastEvents().at(-1)?.text]).toEqual(["event 30", "event 79"]);
  });

  it("knows no text of the user's", () => {
    const before = useStore.getState();
    before.setInput({ question: "my secret question" });
    expect(changesOf(useStore.getState(), before)).toEqual([]);
  });
});

describe("a fault report", () => {
  it("has versions, adapter, model, changed settings and the events, and none of the user's texts", () => {
    const { setDevice, setSetting, setInput, setModel } = useStore.getState();
    setDevice({ backend: "webgpu", adapter: "intel xe", features: ["shader-f16"] });
    setModel({ status: "failed", name: "tiny", message: "x" });
    setSetting("keepRatio", 0.2);
    setInput({ question: "my secret question" });
    const text = faultReport(useStore.getState(), [{ atMs: 1234, text: "answer: running" }], "Firefox 200");
    expect(text).toMatch(/^VPPO playground \d+\.\d+\.\d+\nBrowser: Firefox 200\n/);
    expect(text).toContain("Device: webgpu, intel xe; features shader-f16");
    expect(text).toContain("Model: failed, tiny");
    expect(text).toContain("k=0.2");
    expect(text).toContain("     1.2  answer: running");
    expect(text).not.toContain("secret");
  });
});
