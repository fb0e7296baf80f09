import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { baselineSeries, trainingSeries } from "@/client/live";
import type { StepReport, TrainRollout } from "@/protocol/training";
import { useRuns } from "@/state/runs/runs";
import { useRunsView } from "@/state/runs/runsView";
import { useStore } from "@/state/store";
import { TrainingPanel } from "./TrainingPanel";

const start = useStore.getState();
const startView = useRunsView.getState();
let root: Root;
let box: HTMLElement;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  useStore.setState(start, true);
  useRunsView.setState(startView, true);
  useRuns.setState({ runs: null, selectedRuns: [], open: null });
  trainingSeries.reset();
  baselineSeries.reset();
  box = document.body.appendChild(document.createElement("div"));
  box.style.width = "1000px";
  root = createRoot(box);
});
afterEach(() => {
  act(() => root.unmount());
  box.remove();
  vi.unstubAllGlobals();
});

function rollout(prompt: number, reward: number, advantage: number): TrainRollout {
  const text = `<think> prompt ${prompt} </think> \\boxed{${reward}}`;
  const measures = {
    alpha: 1.05,
    meanDependency: 0.25,
    length: 12,
    dependency: new Float32Array(12),
    mask: new Float32Array(12),
  };
  return { prompt, question: `Question ${prompt}?`, answer: "1", family: "total", text, reward, advantage, ...measures };
}

function step(number: number, reward: number, rollouts: readonly TrainRollout[] = []): void {
  const metrics = { "reward/overall": reward, "actor/grad_norm": 0.5 };
  const report: StepReport = { step: number, metrics, rollouts, images: [], texts: {} };
  trainingSeries.append(number, metrics, report);
}

// Charts are drawn once their box has a width, which the browser reports after layout.
async function show(panel: React.ReactNode) {
  await act(async () => {
    root.render(panel);
    await new Promise((resolve) => setTimeout(resolve, 50));
  });
}

const charts = () => [...box.querySelectorAll("figure svg")].map((svg) => svg.getAttribute("aria-label"));
const slider = () => box.querySelector<HTMLInputElement>('[aria-label="Shown step"]') as HTMLInputElement;

async function moveTo(input: HTMLInputElement, value: number) {
  await act(async () => {
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set;
    set?.call(input, String(value));
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

describe("TrainingPanel", () => {
  it("says how to begin while there is no run", async () => {
    await show(<TrainingPanel />);
    expect(box.textContent).toContain("No run yet. Press Step");
    expect(charts()).toEqual([]);
  });

  it("draws the metrics of the run, and of a later step when it arrives", async () => {
    step(1, 0.25);
    step(2, 0.5);
    await show(<TrainingPanel />);
    expect(charts()).toEqual(["Reward rose from 0.25 to 0.5 in 2 steps", "Gradient norm stayed at 0.5 in 2 steps"]);
    await act(async () => {
      step(3, 0.75);
      await new Promise((resolve) => setTimeout(resolve, 400));
    });
    expect(charts()[0]).toBe("Reward rose from 0.25 to 0.75 in 3 steps");
  });

  it("shows the recorded run until there is one of one's own", async () => {
    baselineSeries.append(1, { "reward/overall": 0.1 });
    baselineSeries.append(2, { "reward/overall": 0.9 });
    await show(<TrainingPanel />);
    expect(box.textContent).toContain("Recorded run.");
    expect(charts()).toEqual(["Reward rose from 0.1 to 0.9 in 2 steps"]);
  });

  it("lays the recorded run under one's own when it is asked for, with names at the lines", async () => {
    baselineSeries.append(1, { "reward/overall": 0.1 });
    step(1, 0.25);
    step(2, 0.5);
    await show(<TrainingPanel />);
    const legend = () => [...box.querySelectorAll<HTMLElement>("fieldset button")];
    expect(legend().map((entry) => [entry.textContent, entry.getAttribute("aria-pressed")])).toEqual([
      ["This run", "true"],
      ["Recorded run", "false"],
    ]);
    expect(charts()[0]).toBe("Reward rose from 0.25 to 0.5 in 2 steps");
    await act(async () => legend()[1]?.click());
    expect(charts()[0]).toBe("This run rose from 0.25 to 0.5 in 2 steps. Recorded run is 0.1 after 1 step");
    expect(box.querySelector("figure path[stroke-dasharray]")).not.toBeNull();
    await act(async () => legend()[0]?.click());
    expect(charts()[0]).toBe("Reward is 0.1 after 1 step");
  });

  it("keeps rarely needed charts and names of other trainers folded until they are asked for", async () => {
    trainingSeries.append(1, { "reward/overall": 0.5, "timing_s/step": 3, "their/<b>name</b>": 2 });
    await show(<TrainingPanel />);
    expect(charts()).toEqual(["Reward is 0.5 after 1 step"]);
    const more = box.querySelector<HTMLElement>("[aria-expanded]");
    expect(more?.textContent).toBe("More charts2");
    await act(async () => more?.click());
    await act(async () => new Promise((resolve) => setTimeout(resolve, 50)));
    expect(charts()).toContain("their/<b>name</b> is 2 after 1 step");
    expect(box.querySelector("figure b")).toBeNull();
  });

  it("takes a log in, tells which line was left out, and pins it for comparison", async () => {
    await show(<TrainingPanel />);
    const input = box.querySelector<HTMLInputElement>('[aria-label="Log files"]') as HTMLInputElement;
    const files = new DataTransfer();
    files.items.add(new File(['{"step": 1, "reward": {"overall": 0.5}}\n{"step": 2,\n'], "cluster.jsonl"));
    await act(async () => {
      input.files = files.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
      await vi.waitFor(() => expect(useStore.getState().messages).toHaveLength(1));
    });
    expect(useStore.getState().messages[0]?.text).toBe(
      "1 step of cluster imported; 1 line was left out (line 2: it is not JSON).",
    );
    // React draws only when `act` ends, so a wait within one would see nothing new.
    await vi.waitFor(async () => {
      await act(async () => {});
      expect(charts()).toEqual(["Reward is 0.5 after 1 step"]);
    });
  });

  it("refuses a file that is no log and leaves everything as it was", async () => {
    step(1, 0.25);
    await show(<TrainingPanel />);
    const input = box.querySelector<HTMLInputElement>('[aria-label="Log files"]') as HTMLInputElement;
    const files = new DataTransfer();
    files.items.add(new File(["hello"], "x.jsonl"));
    await act(async () => {
      input.files = files.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
      await vi.waitFor(() => expect(useStore.getState().messages).toHaveLength(1));
    });
    expect(useStore.getState().messages[0]?.text).toContain("line 1 cannot be read: it is not JSON");
    expect(charts()[0]).toBe("Reward is 0.25 after 1 step");
  });

  it("pins a step with the slider and goes back to live at its end", async () => {
    step(1, 0.25);
    step(2, 0.5);
    await show(<TrainingPanel />);
    expect(slider().value).toBe("1");
    await moveTo(slider(), 0);
    expect(useStore.getState().step).toBe(1);
    await moveTo(slider(), 1);
    expect(useStore.getState().step).toBeNull();
  });

  it("explains a step without a gradient", async () => {
    step(1, 1, [rollout(0, 1, 0), rollout(0, 1, 0)]);
    await show(<TrainingPanel />);
    expect(box.textContent).toContain("there is no gradient");
  });

  it("says why training failed and that the last good adapter is kept", async () => {
    useStore
      .getState()
      .setTraining({ status: "failed", step: 3, message: "The GPU was lost: it was reset. Press Step to go on." });
    await show(<TrainingPanel />);
    expect(box.querySelector("[role=alert]")?.textContent).toBe(
      "The GPU was lost: it was reset. Press Step to go on. The last good adapter is kept.",
    );
  });

  it("turns every chart into a table", async () => {
    step(1, 0.25);
    await show(<TrainingPanel />);
    await act(async () => box.querySelector<HTMLElement>('[aria-label="View as table"]')?.click());
    expect(charts()).toEqual([]);
    expect([...box.querySelectorAll("tbody tr")].map((row) => row.textContent)).toEqual(["10.25", "10.5"]);
  });
});
