import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useStore } from "@/state/store";
import { useStudies } from "@/state/studies/studies";
import { gridArmIds } from "@/study/grid";
import { type OwnStudy, wholeChoice } from "@/study/ownStudy";
import { parseRecorded, recordedText } from "@/study/recorded";
import type { StudyResult } from "@/study/results";
import { StudyPanel } from "./StudyPanel";
import { samplePlan, sampleResults } from "./test/sampleStudy";

const start = useStore.getState();
const startStudies = useStudies.getState();
let root: Root;
let box: HTMLElement;

const origin = {
  command: "npm run study -- --plan shapes",
  backend: "wasm",
  adapter: "a processor",
  format: "int8",
  date: "2026-01-02",
};
const recorded = (seeds = 5) => parseRecorded(JSON.parse(recordedText(samplePlan, sampleResults(seeds), origin)));
const own: OwnStudy = {
  id: "one",
  createdAt: 0,
  choice: { ...wholeChoice(samplePlan), arms: ["vppo", "dapo"], seeds: [1, 2] },
  device: "wasm, a processor, int8",
  isImported: false,
  results: sampleResults(1).filter(({ arm }) => ["base", "vppo", "dapo"].includes(arm)),
};

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  useStore.setState(start, true);
  useStudies.setState({ ...startStudies, recorded: [], own: [] }, true);
  box = document.body.appendChild(document.createElement("div"));
  box.style.width = "1100px";
  root = createRoot(box);
});
afterEach(() => {
  act(() => root.unmount());
  box.remove();
  vi.unstubAllGlobals();
});

// Plots are drawn once their box has a width, which the browser reports after layout.
async function show() {
  await act(async () => {
    root.render(<StudyPanel />);
    await new Promise((resolve) => setTimeout(resolve, 50));
  });
}
const button = (name: string) => {
  const found = [...box.querySelectorAll("button")].find((one) => one.getAttribute("aria-label") === name);
  if (!found) throw new Error(`no button ${name}`);
  return found;
};
const press = (name: string) => act(async () => button(name).click());
/** Outcomes of ten problems with this share of right answers. */
const outcomesOf = (share: number) =>
  Array.from({ length: 10 }, () => ({ family: "count", right: share * 100, answers: 100, parseable: 100, tokens: 160 }));
const section = (name: string) => box.querySelector(`section[aria-label="${name}"]`);
const plots = (name: string) => [...(section(name)?.querySelectorAll("svg[role=img]") ?? [])];

describe("StudyPanel", () => {
  it("says that there is no recorded study yet and offers to run one", async () => {
    await show();
    expect(box.textContent).toContain("No recorded study yet.");
    expect(button("Run this study here").disabled).toBe(false);
    expect(button("Save the results (JSON lines)").disabled).toBe(true);
  });

  it("draws each table's rows in the plan's order, with the numbers in words", async () => {
    useStudies.setState({ recorded: [recorded()] });
    await show();
    expect(plots("Method")).toHaveLength(4);
    const [accuracy, difference] = plots("Method").map((svg) => svg.getAttribute("aria-label") ?? "");
    expect(accuracy).toMatch(
      /^Accuracy@8, %\. VPPO \d\d\.\d \(95 %: .*\); TAS only .*; TGF only .*; DAPO .*; GRPO .*; Random tokens /,
    );
    expect(difference).toMatch(/^Against VPPO, points\. TAS only [+−]?\d/);
    expect(section("Method")?.textContent).toMatch(/DAPO is \d\.\d points lower than VPPO \(95 %: .*, 5 seeds\)\./);
    expect(box.textContent).toContain("51 runs of shapes-vlm");
    expect(box.textContent).toContain("Repeat it with npm run study -- --plan shapes.");
    expect(box.querySelectorAll("section[aria-label^='Accuracy of the training answers'] svg")).toHaveLength(10);
  });

  it("draws the same figure every time", async () => {
    useStudies.setState({ recorded: [recorded()] });
    await show();
    const svg = plots("Method")[0];
    for (const element of [svg, ...(svg?.querySelectorAll("*") ?? [])]) element?.removeAttribute("class");
    expect(svg?.outerHTML).toMatchSnapshot();
  });

  it("gives the same numbers as a table", async () => {
    useStudies.setState({ recorded: [recorded()] });
    await show();
    const sentence = plots("Method")[0]?.getAttribute("aria-label") ?? "";
    await press("View as table");
    expect(box.querySelectorAll("svg[role=img]")).toHaveLength(0);
    const rows = [...(section("Method")?.querySelectorAll("tbody tr") ?? [])].map((row) =>
      [...row.children].map((cell) => cell.textContent ?? ""),
    );
    expect(rows.map(([label]) => label)).toEqual(["VPPO", "TAS only", "TGF only", "DAPO", "GRPO", "Random tokens"]);
    for (const [label, seeds, accuracy, range] of rows) {
      expect(seeds).toBe("5");
      expect(sentence).toContain(`${label} ${accuracy} (95 %: ${range})`);
    }
  });

  it("says how many runs there are while a study is unfinished", async () => {
    useStudies.setState({ recorded: [recorded(2)] });
    await show();
    expect(box.textContent).toContain("21 of 51 runs");
  });

  it("shows a paused study of one's own with its progress, and offers to go on after loading its model", async () => {
    useStudies.setState({ own: [own] });
    await show();
    const progress = section("Progress of the study");
    expect(progress?.textContent).toContain("3 of 5 runs");
    expect(progress?.querySelector("progress")?.value).toBe(3);
    expect(button("Load shapes-vlm, then continue")).toBeDefined();
    expect(section("Method")?.textContent).toContain("Too few runs to compare");
  });

  it("tells what a running study does and how long it may take", async () => {
    const running = { id: own.id, run: "VPPO, seed 2", stage: "step 4 of 12", share: 0.5, isStopping: false };
    useStudies.setState({ own: [own], running });
    await show();
    expect(section("Progress of the study")?.textContent).toContain("Running: VPPO, seed 2");
    expect(section("Progress of the study")?.textContent).toContain("step 4 of 12 · about 8 min left");
    expect(button("Run this study here").disabled).toBe(true);
    expect(button("Pause").disabled).toBe(false);
  });

  it("counts what a choice of arms and seeds comes to, and needs an arm", async () => {
    await show();
    await press("Run this study here");
    const setup = section("Run a study here");
    expect(setup?.textContent).toContain("50 runs of 12 steps, and 97,920 answers");
    const boxes = [...(setup?.querySelectorAll<HTMLInputElement>("input[type=checkbox]") ?? [])];
    expect(boxes).toHaveLength(10);
    for (const one of boxes.slice(1)) await act(async () => one.click());
    expect(setup?.textContent).toContain("5 runs of 12 steps");
    await act(async () => boxes[0]?.click());
    expect(setup?.textContent).toContain("Choose at least one arm.");
    expect(button("Load shapes-vlm, then start the study").disabled).toBe(true);
  });

  it("draws a sweep as a heat table of k by β_min, with cells that have no run yet", async () => {
    const arms = [...gridArmIds([0.2, 0.4], [0.9, 1])];
    const cell = (arm: string, share: number) =>
      [1, 2].map((seed) => ({ ...(sampleResults(1)[1] as StudyResult), arm, seed, after: outcomesOf(share + seed / 100) }));
    const results = [...cell("k0.2-b0.9", 0.5), ...cell("k0.2-b1", 0.6), ...cell("k0.4-b0.9", 0.75)];
    useStudies.setState({ own: [{ ...own, choice: { ...own.choice, arms }, results }] });
    await show();
    const table = section("k × β_min")?.querySelector("table");
    expect([...(table?.querySelectorAll("tbody tr") ?? [])].map((row) => row.textContent)).toEqual([
      expect.stringMatching(/^k 0\.251\.\d.*61\.\d/),
      expect.stringMatching(/^k 0\.476\.\d ★.*not run yet$/),
    ]);
    expect(section("k × β_min")?.querySelector("[role=img]")?.getAttribute("aria-label")).toMatch(
      /^Colour legend: accuracy, 51\.\d to 76\.\d %$/,
    );
    for (const element of table?.querySelectorAll("*") ?? []) element.removeAttribute("class");
    expect(table?.innerHTML).toMatchSnapshot();
  });
});
