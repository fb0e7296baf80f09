import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { userEvent } from "vitest/browser";
import "@/app/theme.css";
import { answerTokens } from "@/client/live";
import { randomRollout, randomTexts, randomTopK } from "@/client/test/randomAnswer";
import { mostAnswers } from "@/state/answers/answerTree";
import { useExports } from "@/state/exportSources";
import { type AppState, undo, useStore } from "@/state/store";
import { Branches } from "./Branches";

const initial = useStore.getState();
let root: Root;
let box: HTMLElement;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  useStore.setState(initial, true);
  useStore.temporal.getState().clear();
  box = document.body.appendChild(document.createElement("div"));
  box.style.cssText = "width: 720px; container-type: inline-size";
  root = createRoot(box);
});
afterEach(() => {
  act(() => root.unmount());
  box.remove();
  vi.unstubAllGlobals();
});

async function frame() {
  await act(() => new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))));
}

async function until(condition: () => boolean) {
  while (!condition()) await frame();
}

/** Keeps an answer of rollouts of the given lengths; `replaced` puts another token at a place of the first. */
function keep(
  label: string,
  lengths: readonly number[],
  {
    view = {},
    replaced,
    seed = 1,
  }: { view?: Parameters<AppState["keepAnswer"]>[1]; replaced?: [place: number, id: number]; seed?: number } = {},
): number {
  const tokens = answerTokens.start(lengths.length, randomTopK);
  lengths.forEach((length, rollout) => {
    const chunk = randomRollout(rollout, length, seed);
    if (replaced && rollout === 0) chunk.ids[replaced[0]] = replaced[1];
    answerTokens.append(chunk, randomTexts);
  });
  const { input, keepAnswer } = useStore.getState();
  const header = { question: "How many red circles?", answer: "2", image: null, masked: [], rewards: null, notices: [] };
  return keepAnswer({ label, source: "live", header, tokens, input, promptTokens: 9, origin: null }, view);
}

async function show() {
  act(() => root.render(<Branches />));
  await until(() => box.querySelector("section") !== null);
}

/** Markup without what changes by itself: generated ids and the endings of class names. */
const markup = (element: Element) => element.outerHTML.replace(/react-aria[^" ]*/g, "id").replace(/_(\w+?)_\w+_\d+/g, "$1");
const lines = () => [...box.querySelectorAll("li")];
const named = (name: RegExp) =>
  [...box.querySelectorAll<HTMLElement>("button")].find((one) => name.test(one.ariaLabel ?? one.textContent ?? ""))!;
const press = (name: RegExp) => act(() => userEvent.click(named(name)));
const comparison = () => box.querySelector<HTMLElement>('[aria-label="Comparison"]');
const facts = () =>
  Object.fromEntries(
    [...comparison()!.querySelectorAll("dl div")].map((one) => [
      one.querySelector("dt")!.textContent,
      one.querySelector("dd")!.textContent,
    ]),
  );
const words = (side: string) => [...comparison()!.querySelectorAll<HTMLElement>(`[data-side="${side}"] [data-i]`)];

describe("the tree of answers", () => {
  it("is not there for a single answer", async () => {
    keep("one", [5]);
    act(() => root.render(<Branches />));
    await frame();
    expect(box.textContent).toBe("");
  });

  it("lists answers with their branches below them, and shows the one that is pressed", async () => {
    const first = keep("How many?", [20, 12]);
    keep("Which colour?", [8]);
    keep("“two” → “three” at token 3", [6], { view: { parent: { id: first, from: { rollout: 1, token: 2, id: 16 } } } });
    await show();
    expect(lines().map((line) => line.querySelector("button")!.textContent)).toEqual([
      "How many?2 rollouts",
      "Branch, level 1: “two” → “three” at token 36 tokens",
      "Which colour?8 tokens",
    ]);
    expect(box.querySelector('[aria-current="true"]')!.textContent).toContain("→");
    await press(/^Which colour/);
    expect(answerTokens.length(0)).toBe(8);
    expect(box.querySelector('[aria-current="true"]')!.textContent).toContain("Which colour?");
    expect(markup(box.querySelector("ul")!)).toMatchSnapshot();
  });

  it("deletes a line with everything below it, and undo brings it back", async () => {
    const first = keep("whole", [20]);
    const branch = keep("branch", [6], { view: { parent: { id: first, from: { rollout: 0, token: 2, id: 16 } } } });
    keep("branch of it", [7], { view: { parent: { id: branch, from: { rollout: 0, token: 3, id: 16 } } } });
    keep("another", [4]);
    await show();
    await press(/^Delete branch$/);
    expect(lines().map((line) => line.querySelector("[class*=label]")!.textContent)).toEqual(["whole", "another"]);
    act(undo);
    expect(lines()).toHaveLength(4);
  });

  it("holds as many as are kept, and names of any text as text", async () => {
    for (let i = 0; i < mostAnswers + 3; i++) keep(`<img src=x onerror=alert(1)> ${i} ${"\u202e"}abc`, [3]);
    await show();
    expect(lines()).toHaveLength(mostAnswers);
    expect(box.querySelector("img")).toBeNull();
    expect(useExports.getState().sources.find(({ id }) => id === "answers-and-branches")!.table!().rows).toHaveLength(
      mostAnswers,
    );
  });
});

describe("the comparison", () => {
  it("colours what both share by the difference, marks what stands on one side, and sums up", async () => {
    const first = keep("whole", [20, 20]);
    keep("branch", [24], {
      view: { parent: { id: first, from: { rollout: 1, token: 3, id: 16 } } },
      replaced: [3, 16],
      seed: 4,
    });
    await show();
    await press(/^Compare the shown answer with whole$/);
    await until(() => comparison() !== null);
    expect(comparison()!.textContent).toContain("Compared with “whole, rollout 2”");
    expect(facts()).toMatchObject({ "same tokens": "19", "only here": "5", "only there": "1" });
    expect(words("here")).toHaveLength(24);
    expect(words("there")).toHaveLength(20);
    const isAlone = (word: HTMLElement) => word.title === "only on this side";
    expect(words("here").flatMap((word, i) => (isAlone(word) ? [i] : []))).toEqual([3, 20, 21, 22, 23]);
    const colours = words("here")
      .filter((word) => !isAlone(word))
      .map((word) => getComputedStyle(word).backgroundColor);
    expect(new Set(colours).size).toBeGreaterThan(2);
    // Both sides of a pair have the same number and colour.
    words("there").forEach((word, i) => {
      if (isAlone(word)) return;
      expect(word.title).toBe(words("here")[i]!.title);
      expect(word.className).toBe(words("here")[i]!.className);
    });
    expect(markup(comparison()!.querySelector("[class*=legend]")!)).toMatchSnapshot();
  });

  it("lists the strongest changes, which pin by key, and gives all tokens away as a table", async () => {
    const first = keep("whole", [20]);
    keep("again", [20], { seed: 5 });
    await show();
    act(() => useStore.getState().compareWith({ answer: first }));
    await until(() => comparison() !== null);
    const rows = [...comparison()!.querySelectorAll("tbody tr")];
    expect(rows).toHaveLength(8);
    const deltas = rows.map((row) => Math.abs(Number(row.lastElementChild!.textContent!.replace("−", "-"))));
    expect(deltas).toEqual([...deltas].sort((a, b) => b - a));
    rows[0]!.querySelector("button")!.focus();
    await act(() => userEvent.keyboard("{Enter}"));
    const place = Number.parseInt(rows[0]!.querySelector("td")!.textContent!, 10) - 1;
    expect(useStore.getState().pinned).toEqual({ rollout: 0, start: place, end: place });
    const table = useExports.getState().sources.find(({ id }) => id === "comparison")!.table!();
    expect(table.rows).toHaveLength(20);
    expect(table.columns).toContain("delta_nats");
    expect(Number(table.rows[place]![6])).toBeCloseTo(Number(table.rows[place]![2]) - Number(table.rows[place]![5]), 5);
  });

  it("points out partners on both sides", async () => {
    const first = keep("whole", [20]);
    keep("again", [20], { seed: 5 });
    await show();
    act(() => useStore.getState().compareWith({ answer: first }));
    await until(() => comparison() !== null);
    await act(() => userEvent.hover(words("there")[2]!));
    expect(useStore.getState().hover).toEqual({ rollout: 0, token: 2 });
    expect([words("here")[2]!.dataset.linked, words("there")[2]!.dataset.linked]).toEqual(["true", "true"]);
  });

  it("turns round when the other answer is shown, compares rollouts of one answer, and ends", async () => {
    const first = keep("whole", [20, 10]);
    const second = keep("again", [15]);
    await show();
    act(() => useStore.getState().compareWith({ answer: first }));
    await until(() => comparison() !== null);
    await press(/^whole/);
    expect(useStore.getState().comparedWith).toEqual({ answer: second, rollout: 0 });
    expect(comparison()!.textContent).toContain("Compared with “again”");
    await press(/^Compare the shown answer with whole$/);
    expect(comparison()!.textContent).toContain("Compared with “whole, rollout 2”");
    expect(facts()).toMatchObject({ "same tokens": "10", "only here": "10" });
    act(() => useStore.getState().openRollout(1));
    expect(comparison()!.textContent).toContain("This is the shown rollout itself");
    await press(/^Stop comparing$/);
    expect(comparison()).toBeNull();
  });

  it("says when questions differ, and goes with the answer that was compared", async () => {
    const first = keep("whole", [20]);
    keep("again", [15]);
    useStore.setState(({ answers }) => ({
      answers: answers.map((one) => (one.id === first ? { ...one, header: { ...one.header, question: "Another?" } } : one)),
    }));
    keep("third", [4]);
    await show();
    act(() => useStore.getState().compareWith({ answer: first }));
    await until(() => comparison() !== null);
    expect(comparison()!.textContent).toContain("The two answer different questions");
    await press(/^Delete whole$/);
    expect(comparison()).toBeNull();
  });

  it("draws 4096 tokens a side once: another measure only changes colours", async () => {
    const first = keep("long", [4096], { seed: 6 });
    keep("long again", [4096], { replaced: [100, 16], seed: 3 });
    await show();
    act(() => useStore.getState().compareWith({ answer: first }));
    await until(() => comparison() !== null && words("there").length === 4096);
    expect(facts()).toMatchObject({ "same tokens": "4095" });
    const before = words("here");
    const classes = before.map((word) => word.className);
    act(() => useStore.getState().setSetting("dependencyMeasure", "jsd"));
    expect(facts()).toHaveProperty(["Σ JSD here"]);
    expect(words("here").every((word, i) => word === before[i])).toBe(true);
    expect(before.some((word, i) => word.className !== classes[i])).toBe(true);
  });
});
