import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Evaluation } from "@/state/evaluations/evaluation";
import { useEvaluations } from "@/state/evaluations/evaluations";
import { useStore } from "@/state/store";
import { outcomesOf, sampleEvaluation } from "@/state/test/sampleEvaluation";
import { EvaluationPanel } from "./EvaluationPanel";

const [start, startEvaluations] = [useStore.getState(), useEvaluations.getState()];
let root: Root;
let box: HTMLElement;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  useStore.setState(start, true);
  useEvaluations.setState({ ...startEvaluations, evaluations: [] }, true);
  box = document.body.appendChild(document.createElement("div"));
  root = createRoot(box);
});
afterEach(() => {
  act(() => root.unmount());
  box.remove();
  vi.unstubAllGlobals();
});

const show = () => act(async () => root.render(<EvaluationPanel />));
const button = (name: string) => box.querySelector<HTMLButtonElement>(`button[aria-label="${name}"]`);
const rowTexts = (caption: string) => {
  const table = [...box.querySelectorAll("table")].find((one) => one.caption?.textContent === caption);
  return [...(table?.tBodies[0]?.rows ?? [])].map(({ cells }) => [...cells].map((cell) => cell.textContent).join("|"));
};

const finished = sampleEvaluation({ seen: outcomesOf(0, 1, 1, 1), masked: outcomesOf(0, 1, 0, 1) });
const { subject } = finished;
const trained: Evaluation = sampleEvaluation({
  id: "e2",
  createdAt: 2000,
  subject: { ...subject, adapter: "trained, step 7", fingerprint: "ab", run: { id: "r1", name: "VPPO 3" }, step: 7 },
  seen: outcomesOf(2, 1, 2, 1),
  masked: outcomesOf(0, 1, 0, 1),
});

describe("EvaluationPanel", () => {
  it("says how to begin, and that it needs a model", async () => {
    await show();
    expect(box.textContent).toContain("No evaluation yet. Press Evaluate");
    expect(box.textContent).toContain("Evaluation needs a loaded model.");
    expect(button("Evaluate")?.disabled).toBe(true);
  });

  it("sets the knobs of a protocol, and shows own settings once one is turned", async () => {
    await show();
    const protocol = [...box.querySelectorAll("select")].find(({ value }) => value === "paper");
    await act(async () => {
      if (protocol) protocol.value = "papoEval";
      protocol?.dispatchEvent(new Event("change", { bubbles: true }));
    });
    expect(useStore.getState().settings).toMatchObject({ evalTopK: 50, evalPixels: "papoEval", evalRollouts: 8 });
    await act(async () => useStore.getState().setSetting("evalTopK", 20));
    expect(protocol?.value).toBe("own");
  });

  it("lists results with interval, guesses and form, and the families of the opened one", async () => {
    useEvaluations.getState().set({ evaluations: [finished], opened: "e1" });
    await show();
    expect(rowTexts("Evaluations, the newest first")[0]).toContain("37.5 %");
    expect(rowTexts("Evaluations, the newest first")[0]).toMatch(/100 %\|15\|/);
    expect(rowTexts("Accuracy by family of problems").map((row) => row.split("|").slice(0, 3))).toEqual([
      ["count color", "2", "25 %"],
      ["relation", "2", "50 %"],
      ["all", "4", "37.5 %"],
    ]);
    expect(box.textContent).toContain("Seeing the image is worth +12.5 points");
  });

  it("compares the two that are chosen, in words and by family", async () => {
    useEvaluations.getState().set({ evaluations: [trained, finished] });
    await show();
    expect(box.textContent).toContain("Choose one result under Before and one under After");
    const radios = [...box.querySelectorAll<HTMLInputElement>('input[type="radio"]')];
    const pick = (label: string) => radios.find((radio) => radio.labels?.[0]?.textContent?.startsWith(label));
    await act(async () => pick("Before: shapes-vlm, without adapter")?.click());
    await act(async () => pick("After: shapes-vlm, VPPO 3, step 7")?.click());
    expect(box.querySelector('[aria-label="What changed"]')?.textContent).toMatch(
      /^\+37\.5 points, 95 % from −9\.4 to 84\.4: no difference can be told\. With 4 problems this is rough\.$/,
    );
    expect(rowTexts("Change by family of problems").map((row) => row.split("|").slice(0, 3))).toEqual([
      ["count color", "2", "+75 points"],
      ["relation", "2", "0 points"],
      ["all", "4", "+37.5 points"],
      ["all, image masked", "4", "0 points"],
    ]);
  });

  it("says why two cannot be compared", async () => {
    const other = { ...trained, plan: { ...trained.plan, seed: 1 } };
    useEvaluations.getState().set({ evaluations: [other, finished], before: "e1", after: "e2" });
    await show();
    expect(box.textContent).toContain("They cannot be compared: their problems are not the same.");
    expect(box.querySelector('[aria-label="Change by family"]')).toBeNull();
  });

  it("shows how far a paused one is, with its numbers so far", async () => {
    useEvaluations.getState().set({ evaluations: [sampleEvaluation({ seen: outcomesOf(1, 2), masked: outcomesOf(0, 0) })] });
    await show();
    expect(box.querySelector("progress")?.value).toBe(4);
    expect(box.textContent).toContain("Paused: shapes-vlm, without adapter");
    expect(box.textContent).toContain("4 of 8 problems");
    expect(box.textContent).toContain("75 % right so far");
    expect(button("Continue")?.disabled).toBe(true);
  });
});
