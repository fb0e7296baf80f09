import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RunInfo } from "@/protocol/runs";
import { trainDefaults } from "@/protocol/training";
import { useRuns } from "@/state/runs/runs";
import { runStore } from "@/state/runs/runsStorage";
import { useStore } from "@/state/store";
import { RunComparison } from "./RunComparison";

const start = useStore.getState();
let root: Root;
let box: HTMLElement;
const ids: string[] = [];

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  useStore.setState(start, true);
  useRuns.setState({ runs: [], selectedRuns: [], baseline: null, open: null });
  box = document.body.appendChild(document.createElement("div"));
  root = createRoot(box);
});
afterEach(async () => {
  act(() => root.unmount());
  box.remove();
  await runStore.remove(ids.splice(0));
  vi.unstubAllGlobals();
});

/** A stored run with these accuracies, step by step. */
async function store(name: string, accuracies: readonly number[], keepRatio: number): Promise<RunInfo> {
  const settings = { ...trainDefaults, policy: { ...trainDefaults.policy, keepRatio } };
  const { id } = await runStore.create({ name, settings });
  await runStore.remove([id]);
  const info: RunInfo = {
    id,
    name,
    note: "",
    createdAt: 0,
    updatedAt: 0,
    status: "finished",
    origin: "trained",
    settings: [{ fromStep: 1, settings }],
    lastStep: accuracies.length,
  };
  const steps = accuracies.map((accuracy, i) => ({ run: id, step: i + 1, metrics: { "reward/accuracy": accuracy } }));
  await runStore.insert({ info, steps, rollouts: [], states: [] });
  ids.push(id);
  return info;
}

async function show(runs: readonly RunInfo[]) {
  useRuns.setState({ runs, selectedRuns: runs.map(({ id }) => id) });
  await act(async () => {
    root.render(<RunComparison />);
  });
  await vi.waitFor(async () => {
    await act(() => new Promise((resolve) => setTimeout(resolve, 20)));
    expect(box.querySelectorAll("thead th")).toHaveLength(runs.length);
  });
}
const rows = () => [...box.querySelectorAll("tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent));

describe("RunComparison", () => {
  it("says nothing of a single run", async () => {
    const run = await store("alone", [0.5], 0.4);
    useRuns.setState({ runs: [run], selectedRuns: [run.id] });
    await act(async () => root.render(<RunComparison />));
    expect(box.textContent).toBe("");
  });

  it("lays runs beside each other, and against the one that is made the baseline", async () => {
    const runs = [await store("VPPO 1", [0.25, 0.75], 0.4), await store("<i>GRPO</i>", [0.25, 0.25], 1)];
    await show(runs);
    expect(rows()).toEqual([
      ["Mean of the last 5 steps Choose a baseline to see differences to it."],
      ["Accuracy, rollouts", "50 %", "25 %"],
      ["Settings that differ, at the last step"],
      ["Keep k", "0.4", "1"],
    ]);
    expect(box.querySelector("i")).toBeNull();
    await act(async () => box.querySelectorAll<HTMLInputElement>("input[type=radio]")[1]?.click());
    expect(useRuns.getState().baseline).toBe(runs[1]?.id);
    expect(rows()[1]).toEqual(["Accuracy, rollouts", "50 %+25 points", "25 %"]);
    for (const element of box.querySelectorAll("*")) element.removeAttribute("class");
    expect(box.querySelector("table")?.outerHTML).toMatchSnapshot();
  });
});
