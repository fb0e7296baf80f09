import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answerTokens, trainingSeries } from "@/client/live";
import type { TokenChunk } from "@/protocol/generation";
import type { TrainRollout } from "@/protocol/training";
import { useRuns } from "@/state/runs/runs";
import { useStore } from "@/state/store";
import { RolloutsPanel } from "./RolloutsPanel";

const start = useStore.getState();
let root: Root;
let box: HTMLElement;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  useStore.setState(start, true);
  useRuns.setState({ runs: null, selectedRuns: [], open: null, rolloutsOf: null });
  trainingSeries.reset();
  box = document.body.appendChild(document.createElement("div"));
  box.style.width = "1000px";
  root = createRoot(box);
});
afterEach(() => {
  act(() => root.unmount());
  box.remove();
  vi.unstubAllGlobals();
});

const tokenTexts = { 7: "<b>red</b>", 8: " bus" };
const chunk: TokenChunk = {
  rollout: Int32Array.of(0, 0),
  ids: Int32Array.of(7, 8),
  stats: new Float32Array(14).fill(0.5),
  topIds: Int32Array.of(7, 8, 7, 8),
  topLogp: new Float32Array(4).fill(-0.5),
  topOther: new Float32Array(4).fill(-0.5),
};

function rollout(prompt: number, reward: number, rest: Partial<TrainRollout> = {}): TrainRollout {
  return {
    prompt,
    question: `Question ${prompt}?`,
    answer: "1",
    family: "total",
    text: `text ${prompt} ${reward}`,
    reward,
    advantage: reward * 2 - 1,
    alpha: 1.05,
    meanDependency: 0.25,
    length: 2,
    dependency: Float32Array.of(0.1, 0.4),
    mask: Float32Array.of(0, 1),
    ...rest,
  };
}

const image = (shade: number) => ({ width: 2, height: 2, data: new Uint8Array(12).fill(shade) });

function step(number: number, rollouts: readonly TrainRollout[], images = [image(1), image(2)]): void {
  trainingSeries.append(number, {}, { step: number, metrics: {}, rollouts, images, texts: tokenTexts });
}

async function show() {
  await act(async () => {
    root.render(<RolloutsPanel />);
    await new Promise((resolve) => setTimeout(resolve, 20));
  });
}
const button = (name: string) =>
  [...box.querySelectorAll("button")].find((one) => (one.getAttribute("aria-label") ?? one.textContent) === name);
const press = (name: string) =>
  act(async () => {
    button(name)?.click();
    await new Promise((resolve) => setTimeout(resolve, 20));
  });
const rows = () =>
  [...box.querySelectorAll("tbody tr")]
    .map((row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent))
    .filter((cells) => cells.length > 1);

describe("RolloutsPanel", () => {
  it("says how to begin while there are no rollouts", async () => {
    await show();
    expect(box.textContent).toContain("No rollouts yet.");
  });

  it("lists the rollouts of the newest step by prompt, with what each group came to", async () => {
    step(1, [rollout(0, 0)]);
    step(2, [rollout(0, 1), rollout(0, 0), rollout(1, 0)]);
    await show();
    expect(rows()).toEqual([
      ["1.1", "1", "1", "1.05", "0.25", "2", "", "text 0 1"],
      ["1.2", "0", "−1", "1.05", "0.25", "2", "", "text 0 0"],
      ["2.1", "0", "−1", "1.05", "0.25", "2", "", "text 1 0"],
    ]);
    expect([...box.querySelectorAll("th[scope=rowgroup]")].map((header) => header.textContent)).toEqual([
      expect.stringContaining("Question 0? → 11 of 2 right · dependency 0.25 nats"),
      expect.stringContaining("Question 1? → 10 of 1 right"),
    ]);
    expect(box.querySelectorAll("svg[preserveAspectRatio]")).toHaveLength(3);
    expect(box.querySelector("[role=img]")?.getAttribute("aria-label")).toBe(
      "Colour legend: dependency, 0 to 0.4 nats, linear scale",
    );
  });

  it("follows the pinned step, sorts by a column and finds words", async () => {
    step(1, [rollout(0, 0), rollout(0, 1)]);
    step(2, [rollout(0, 1)]);
    useStore.getState().setStep(1);
    await show();
    expect(rows().map((row) => row[2])).toEqual(["−1", "1"]);
    const header = [...box.querySelectorAll("th")].find((cell) => cell.textContent === "Advantage");
    await act(async () => header?.querySelector("button")?.click());
    expect(rows().map((row) => row[2])).toEqual(["1", "−1"]);
    expect(header?.getAttribute("aria-sort")).toBe("descending");
    const search = box.querySelector("input[type=search]") as HTMLInputElement;
    await act(async () => {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(search, "nowhere");
      search.dispatchEvent(new Event("input", { bubbles: true }));
    });
    expect(rows()).toEqual([]);
    expect(box.textContent).toContain("0 of 2 rollouts");
    await press("Show all rollouts");
    expect(rows()).toHaveLength(2);
  });

  it("opens a row to its coloured tokens, which are text, and shows its group in Answer", async () => {
    step(3, [rollout(0, 0, { tokens: chunk }), rollout(0, 1, { tokens: chunk, text: "<b>red</b> bus" })]);
    await show();
    await press("Rollout 2 of prompt 1");
    const text = box.querySelectorAll("td[colspan] p")[1];
    expect(text?.textContent).toBe("<b>red</b> bus");
    expect([...(text?.querySelectorAll("span") ?? [])].map(({ title }) => title)).toEqual(["0.1", "0.4, kept"]);
    await press("Show in Answer");
    const { source, rollout: opened, answers } = useStore.getState();
    expect([source, opened, answers.at(-1)?.label]).toEqual(["training", 1, "This run, step 3: Question 0?"]);
    expect([answerTokens.rolloutCount, answerTokens.rolloutText(1)]).toEqual([2, "<b>red</b> bus"]);
    expect(answers.at(-1)?.header.rewards).toEqual([0, 1]);
  });

  it("says why a row without tokens has no colours", async () => {
    step(1, [rollout(0, 0)]);
    await show();
    await press("Rollout 1 of prompt 1");
    expect(box.textContent).toContain("The tokens of this rollout were not kept");
    expect(button("Show in Answer")).toBeUndefined();
  });

  it("lays the same prompt of another step beside it, and tells pictures apart", async () => {
    step(1, [rollout(0, 0, { text: "before" })]);
    step(2, [rollout(0, 0, { text: "other picture" })], [image(9)]);
    step(3, [rollout(0, 1, { text: "after" })]);
    await show();
    await press("Compare");
    const comparison = box.querySelector("section[aria-label='Prompt 1, before and after']");
    expect(comparison?.textContent).toContain("Drawn in 1 other step too.");
    const select = comparison?.querySelector("select") as HTMLSelectElement;
    expect([...select.options].map(({ text }) => text)).toEqual(["The model as it is now", "Step 1"]);
    await act(async () => {
      select.value = "1";
      select.dispatchEvent(new Event("change", { bubbles: true }));
      await new Promise((resolve) => setTimeout(resolve, 20));
    });
    expect([...(comparison?.querySelectorAll("li") ?? [])].map((item) => item.textContent)).toEqual(["1after", "0before"]);
  });

  it("names the nearest step that is kept where the chosen one is not", async () => {
    step(4, [rollout(0, 1)]);
    useStore.getState().setStep(2);
    await show();
    expect(box.textContent).toContain("The rollouts of step 2 are not kept");
    await press("Show step 4");
    expect(rows()).toHaveLength(1);
  });
});
