import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answerTokens, setAnswerHeader, trainingSeries } from "@/client/live";
import { tokenStatColumns } from "@/protocol/generation";
import { type StepReport, type TrainRollout, trainDefaults } from "@/protocol/training";
import { useExports } from "@/state/exportSources";
import { useStore } from "@/state/store";
import { StepPanel } from "./StepPanel";
import { useStepView } from "./stepView";

const start = useStore.getState();
const stepStart = useStepView.getState();
let root: Root;
let box: HTMLElement;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  useStore.setState(start, true);
  useStepView.setState(stepStart, true);
  trainingSeries.reset();
  answerTokens.start(0, 0);
  setAnswerHeader(null);
  box = document.body.appendChild(document.createElement("div"));
  box.style.width = "1100px";
  root = createRoot(box);
});
afterEach(() => {
  act(() => root.unmount());
  box.remove();
  vi.unstubAllGlobals();
});

const dependencies = [
  [0, 2, 0.5, 1],
  [0.1, 0.1, 0, 0.2],
  [1, 3, 0, 0],
];

function chunkOf(dependency: readonly number[]) {
  const stats = new Float32Array(dependency.length * tokenStatColumns.length).fill(-0.5);
  dependency.forEach((value, t) => {
    stats[t * tokenStatColumns.length + tokenStatColumns.indexOf("kl")] = value;
  });
  return {
    rollout: new Int32Array(dependency.length),
    ids: Int32Array.from(dependency, (_, t) => t),
    stats,
    topIds: new Int32Array(),
    topLogp: new Float32Array(),
    topOther: new Float32Array(),
  };
}

function rollout(prompt: number, reward: number, dependency: readonly number[]): TrainRollout {
  const logp = new Float32Array(dependency.length).fill(-0.5);
  return {
    prompt,
    question: prompt === 0 ? "How many <b>dots</b>?" : "Which colour?",
    answer: "3",
    family: "count",
    text: `three <i>red</i> \\boxed{${reward > 0 ? 3 : 4}}`,
    reward,
    advantage: 0,
    alpha: 1,
    meanDependency: 0,
    length: dependency.length,
    dependency: Float32Array.from(dependency),
    mask: new Float32Array(dependency.length),
    logp,
    ...(prompt === 0 && { tokens: chunkOf(dependency), moves: Float32Array.from(dependency, (value) => value / 100) }),
  };
}

function report(step: number): StepReport {
  const metrics = { "actor/pg_loss": -0.01, "actor/grad_norm": 0.53, "actor/lr": 0.001, "vppo/updates": 1 };
  return {
    step,
    metrics,
    recipe: { policy: trainDefaults.policy, promptsPerUpdate: 0, ppoEpochs: 1, maxGradNorm: 1 },
    rollouts: [
      ...dependencies.map((dependency, i) => rollout(0, i === 1 ? 1 : 0, dependency)),
      rollout(1, 1, [1, 2]),
      rollout(1, 0, [0, 1]),
    ],
    images: [],
    texts: { 0: "three", 1: " red", 2: "<u>dots</u>", 3: "." },
  };
}

function add(step: StepReport): void {
  trainingSeries.append(step.step, step.metrics, step);
}

async function settled() {
  await act(async () => new Promise((resolve) => setTimeout(resolve, 50)));
}
async function show() {
  await act(async () => root.render(<StepPanel />));
  await settled();
}
const stageButtons = () => [...box.querySelectorAll<HTMLElement>("nav ol button")];
const openStage = () => box.querySelector<HTMLElement>("nav [aria-current=step]")?.textContent ?? "";
async function open(place: number) {
  await act(async () => stageButtons()[place - 1]?.click());
}
async function press(name: string) {
  const found = [...box.querySelectorAll<HTMLElement>("button")].find(
    (one) => one.getAttribute("aria-label") === name || one.textContent === name,
  );
  await act(async () => found?.click());
}
const bare = (element: Element | null) => {
  const copy = element?.cloneNode(true) as Element;
  for (const one of [copy, ...copy.querySelectorAll("*")]) one.removeAttribute("class");
  return copy.outerHTML;
};
const row = (place: number) => [...box.querySelectorAll("table")][0]?.querySelectorAll("tbody tr")[place - 1]?.textContent ?? "";

describe("StepPanel", () => {
  it("says how to begin while there is neither a step nor an answer", async () => {
    await show();
    expect(box.textContent).toContain("Nothing to take apart yet. Ask a question, or press Step.");
  });

  it("shows the stages of the newest step with headline numbers and a bar per rollout, the same every time", async () => {
    add(report(1));
    add(report(2));
    await show();
    expect(stageButtons()).toHaveLength(7);
    expect(box.querySelector("[aria-label='Shown step']")).not.toBeNull();
    expect(bare(box.querySelector("nav"))).toMatchSnapshot();
  });

  it("goes from stage to stage by arrow keys, with one tab stop", async () => {
    add(report(1));
    await show();
    expect(stageButtons().filter(({ tabIndex }) => tabIndex === 0)).toHaveLength(1);
    stageButtons()[0]?.focus();
    for (const [key, expected] of [
      ["ArrowRight", "2 Rewards"],
      ["End", "7 Change"],
      ["ArrowRight", "7 Change"],
      ["ArrowLeft", "6 Loss"],
      ["Home", "1 Rollouts"],
    ] as const) {
      await act(async () => document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })));
      expect(openStage()).toContain(expected);
      expect(document.activeElement?.textContent).toContain(expected);
    }
  });

  it("writes every stage's equation with the open rollout's numbers, and follows the chosen rollout", async () => {
    add(report(1));
    await show();
    await open(3);
    // mean 1/3, sd 0.577 of 0, 1, 0
    const numbers = () => [...box.querySelectorAll("math")].map(({ textContent }) => textContent);
    expect(numbers().some((text) => text?.endsWith("=−0.577"))).toBe(true);
    await press("Rollout 2");
    expect(numbers().some((text) => text?.endsWith("=1.15"))).toBe(true);
    for (let place = 1; place <= 7; place++) {
      await open(place);
      expect(numbers().length, stageButtons()[place - 1]?.textContent ?? "").toBeGreaterThan(0);
      expect(box.querySelector("a[href^='https://arxiv.org']") ?? place === 7).toBeTruthy();
    }
  });

  it("lets a reward be edited: advantages and weights move, the bars keep the measured values, and one button goes back", async () => {
    add(report(1));
    await show();
    await open(2);
    expect(row(1)).toContain("−0.577");
    const toggles = [...box.querySelectorAll<HTMLElement>("button")].filter(({ textContent }) => textContent === "What if 1?");
    await act(async () => toggles[0]?.click());
    expect(row(1)).toContain("edited, measured 0");
    expect(row(1)).toContain("−0.577 0.577");
    expect(box.textContent).toContain("What if: one reward is edited; the step was taken with the measured ones.");
    expect(bare(box.querySelector("figure svg"))).toMatchSnapshot();
    expect(box.querySelector("figure svg")?.getAttribute("aria-label")).toContain("as measured 0, 1, 0");
    await open(6);
    expect(box.textContent).toContain("are those of the step as it was taken");
    await press("Back to measured rewards");
    await open(2);
    expect(row(1)).not.toContain("edited");
    expect(row(1)).toContain("−0.577");
  });

  it("shows measured moves of the first question, and says why another has none", async () => {
    add(report(1));
    await show();
    await open(7);
    expect(box.textContent).toContain("log-probabilities of kept tokens have moved by");
    await press("Token 2, ␣red");
    expect([...box.querySelectorAll("math")].some(({ textContent }) => textContent?.endsWith("=0.02"))).toBe(true);
    await act(async () => useStepView.getState().set({ group: 1, rollout: null }));
    expect(box.textContent).toContain("Moves are measured for the first question of a step");
  });

  it("offers every stage's numbers for export, whichever is open", async () => {
    add(report(1));
    await show();
    const { sources } = useExports.getState();
    const tables = sources.filter(({ panel, table }) => panel === "step" && table);
    expect(tables.map(({ id }) => id)).toEqual([
      ...["rollouts", "rewards", "advantages", "shaping", "mask", "loss", "change"].map((id) => `step-${id}`),
      "step-tokens",
    ]);
    for (const { table } of tables) {
      const { columns, rows } = table?.() ?? { columns: [], rows: [] };
      expect(rows.length).toBeGreaterThan(0);
      for (const cells of rows) expect(cells).toHaveLength(columns.length);
    }
  });

  it("takes the shown answer apart before there is a step, and says so", async () => {
    answerTokens.start(2, 0);
    answerTokens.append(chunkOf([0, 4]), { 0: "a", 1: "b" });
    setAnswerHeader({ question: "Why?", answer: "3", image: null, masked: [], rewards: [1, 0], notices: [] });
    await show();
    expect(box.textContent).toContain("This is the answer shown above, as the next update would see it: nothing is trained.");
    await open(2);
    const toggles = [...box.querySelectorAll<HTMLElement>("button")].filter(({ textContent }) => textContent === "What if 0?");
    await act(async () => toggles[0]?.click());
    expect(useStore.getState().rewardEdits).toEqual({ 0: 0 });
    expect(box.textContent).toContain("All are equal, so this group teaches nothing");
    await press("Back to measured rewards");
    expect(useStore.getState().rewardEdits).toEqual({});
    await open(7);
    expect(box.textContent).toContain("No step was taken on this answer.");
  });

  it("says when a step was stored without its settings", async () => {
    const { recipe: _, ...old } = report(1);
    add(old);
    await show();
    expect(box.textContent).toContain("This step was stored without its settings");
  });

  it("shows questions, answers and tokens with markup as text", async () => {
    add(report(1));
    await show();
    expect(box.textContent).toContain("How many <b>dots</b>?");
    expect(box.textContent).toContain("<u>dots</u>");
    expect(box.querySelector("b, i, u")).toBeNull();
  });
});
