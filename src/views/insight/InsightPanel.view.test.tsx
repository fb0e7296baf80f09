import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answerTokens, baselineSeries, trainingSeries } from "@/client/live";
import { tokenStatColumns } from "@/protocol/generation";
import type { StepMetrics, TrainRollout } from "@/protocol/training";
import { useRuns } from "@/state/runs/runs";
import { useStore } from "@/state/store";
import { InsightPanel } from "./InsightPanel";

const start = useStore.getState();
let root: Root;
let box: HTMLElement;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  useStore.setState(start, true);
  useRuns.setState({ runs: null, selectedRuns: [], open: null });
  trainingSeries.reset();
  baselineSeries.reset();
  answerTokens.start(0, 0);
  box = document.body.appendChild(document.createElement("div"));
  box.style.width = "1000px";
  root = createRoot(box);
});
afterEach(() => {
  act(() => root.unmount());
  box.remove();
  vi.unstubAllGlobals();
});

const chunkOf = (values: readonly number[]) => {
  const stats = new Float32Array(values.length * tokenStatColumns.length).fill(-0.5);
  values.forEach((value, t) => {
    stats[t * tokenStatColumns.length + tokenStatColumns.indexOf("kl")] = value;
  });
  return {
    rollout: new Int32Array(values.length),
    ids: Int32Array.from(values, (_, t) => t),
    stats,
    topIds: new Int32Array(),
    topLogp: new Float32Array(),
    topOther: new Float32Array(),
  };
};

function rollout(reward: number, dependency: readonly number[], moves?: readonly number[]): TrainRollout {
  return {
    prompt: 0,
    question: "How many <b>dots</b>?",
    answer: "3",
    family: reward > 0 ? "count" : "colour",
    text: "three",
    reward,
    advantage: reward - 0.5,
    alpha: 1,
    meanDependency: 0,
    length: dependency.length,
    dependency: Float32Array.from(dependency),
    mask: Float32Array.from(dependency, (value) => (value > 1 ? 1 : 0)),
    ...(moves && { moves: Float32Array.from(moves), tokens: chunkOf(dependency) }),
  };
}

function step(number: number, rollouts: readonly TrainRollout[], metrics: StepMetrics = {}): void {
  const texts = { 0: "three", 1: " red", 2: " dots" };
  trainingSeries.append(number, metrics, { step: number, metrics, rollouts, images: [], texts });
}

async function settled() {
  await act(async () => new Promise((resolve) => setTimeout(resolve, 50)));
}
async function show(view?: string) {
  await act(async () => root.render(<InsightPanel />));
  await settled();
  if (view) await press(view);
}
async function press(name: string) {
  const found = [...box.querySelectorAll<HTMLElement>("button")].find((one) => one.getAttribute("aria-label") === name);
  await act(async () => found?.click());
  await settled();
}
async function choose(label: string, value: string) {
  const name = [...box.querySelectorAll("label")].find((one) => one.textContent === label);
  const select = box.querySelector<HTMLSelectElement>(`#${CSS.escape(name?.htmlFor ?? "")}`) as HTMLSelectElement;
  await act(async () => {
    select.value = value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  });
  await settled();
}
const figures = () => [...box.querySelectorAll("figure svg")].map((svg) => svg.getAttribute("aria-label"));

describe("Dependency", () => {
  it("says how to begin while there is nothing", async () => {
    await show();
    expect(box.textContent).toContain("No rollouts yet.");
  });

  it("shows the answer in the page before there is training, and says so", async () => {
    answerTokens.start(1, 0);
    answerTokens.append(chunkOf([0, 4]), {});
    await show();
    expect(box.textContent).toContain("this is the answer shown above");
    expect(figures()[0]).toBe("Dependency of tokens of 2 tokens: most, 1, at 0 to 0.25 nats; 0 at 10 nats or above");
  });

  it("draws tokens and trajectories of the chosen steps, answers and families", async () => {
    step(1, [rollout(1, [0, 0, 12]), rollout(0, [0.1, 0.1])]);
    step(2, [rollout(1, [0, 3])]);
    await show();
    expect(figures()[0]).toBe("Dependency of tokens of 7 tokens: most, 5, at 0 to 0.25 nats; 1 at 10 nats or above");
    expect(box.querySelector("dl")?.textContent).toContain("Rollouts3Tokens7Median of tokens0.1 nats");
    await choose("Answers", "wrong");
    expect(figures()[1]).toContain("Mean dependency of trajectories of 1 trajectory");
    await choose("Answers", "all");
    await choose("From", "2");
    expect(figures()[0]).toContain("of 2 tokens");
    await choose("Family", "colour");
    expect(box.textContent).toContain("No rollout is left by these filters.");
  });

  it("draws the same figures every time, and as tables on request", async () => {
    step(1, [rollout(1, [0, 0.3, 0.6, 12]), rollout(0, [0.1, 2])]);
    await show();
    const svgs = [...box.querySelectorAll("figure svg")];
    for (const svg of svgs) for (const element of [svg, ...svg.querySelectorAll("*")]) element.removeAttribute("class");
    expect(svgs.map((svg) => svg.outerHTML)).toMatchSnapshot();
    await press("View as table");
    expect(figures()).toEqual([]);
    expect(box.querySelector("tbody tr:last-child")?.textContent).toBe("10 or above1");
  });
});

describe("Gradient variance", () => {
  const measured: StepMetrics = {
    "vppo/gradient_variance_ratio": 0.832,
    "vppo/variance_bound": 0.416,
    "vppo/variance_cross_terms": 1,
    "vppo/variance_advantage_norms": 1,
    "vppo/variance_alpha_advantage": 1,
    "vppo/variance_mean_gradient": 1,
    "vppo/variance_token_norms": 2,
  };

  it("explains what it takes and switches the measurement on", async () => {
    step(1, []);
    await show("Gradient variance");
    expect(box.textContent).toContain("No step of this run was measured");
    await press("Measure gradient variance");
    expect(useStore.getState().settings.measureVariance).toBe(true);
    expect(box.textContent).toContain("the next step of training is");
  });

  it("shows both sides of the theorem and each assumption", async () => {
    step(1, [], measured);
    step(2, []);
    await show("Gradient variance");
    expect(box.textContent).toContain("Step 1: VPPO's gradient varied 17 % less than GRPO's");
    expect(figures()[0]).toBe("Variance of VPPO's gradient over that of GRPO's: measured 0.832, predicted 0.416");
    const rows = [...box.querySelectorAll("tbody tr")].map((row) => row.textContent);
    expect(rows).toHaveLength(5);
    expect(rows[0]).toContain("Holds here.");
    expect(rows[4]).toContain("kept tokens have larger gradients");
    const svg = box.querySelector("figure svg");
    for (const element of [svg, ...(svg?.querySelectorAll("*") ?? [])]) element?.removeAttribute("class");
    expect(svg?.outerHTML).toMatchSnapshot();
  });
});

describe("Moved tokens", () => {
  it("colours the tokens of the shown step, lists the most moved, and compares kept with filtered ones", async () => {
    step(1, [rollout(1, [0, 2, 3], [0.01, -0.5, 0.25])]);
    await show("Moved tokens");
    expect(box.textContent).toContain("Kept tokens moved by 0.375 nats in the mean, the others by 0.01, 37.5 times as far.");
    const tokens = [...box.querySelectorAll<HTMLElement>("article p:last-child span")];
    expect(tokens.map((token) => token.textContent)).toEqual(["three", " red", " dots"]);
    expect(tokens.map((token) => token.title.split(":")[1]?.split(",")[0])).toEqual([" +0.01 nats", " −0.5 nats", " +0.25 nats"]);
    expect(new Set(tokens.map((token) => getComputedStyle(token).backgroundColor)).size).toBe(3);
    expect([...box.querySelectorAll("tbody tr")].map((row) => row.querySelector("td")?.textContent)).toEqual([
      "−0.5",
      "+0.25",
      "+0.01",
    ]);
    expect(box.querySelector("article b")).toBeNull();
  });

  it("says why a step shows no moves", async () => {
    step(1, [rollout(1, [0, 2])]);
    useStore.getState().setSetting("measureMoves", false);
    await show("Moved tokens");
    expect(box.textContent).toContain("Moves were not measured in this step.");
    await act(async () => useStore.getState().setStep(7));
    expect(box.textContent).toContain("The rollouts of step 7 are not kept");
  });
});

describe("Dynamics", () => {
  it("lays the run over the recorded one, and hides a line on a click in the legend", async () => {
    baselineSeries.append(1, { "reward/overall": 0.1, "response_length/mean": 20 });
    step(1, [], { "reward/overall": 0.5 });
    await show("Dynamics");
    expect(figures()).toEqual([
      "This run is 0.5 after 1 step. Recorded run is 0.1 after 1 step",
      "Recorded run is 20 after 1 step",
    ]);
    const [own] = box.querySelectorAll<HTMLElement>("fieldset button");
    await act(async () => own?.click());
    expect(figures()[0]).toBe("Reward is 0.1 after 1 step");
  });

  it("says how to begin while there is no run", async () => {
    await show("Dynamics");
    expect(box.textContent).toContain("No run yet.");
  });
});
