import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { userEvent } from "vitest/browser";
import "@/app/theme.css";
import { answerTokens, setAnswerHeader } from "@/client/live";
import { randomRollout, randomTexts, randomTopK } from "@/client/test/randomAnswer";
import { currentUpdate } from "@/state/answers/update";
import { useStore } from "@/state/store";
import { TokenText } from "@/ui/tokens/tokenText";
import { InspectorPanel } from "@/views/inspector/InspectorPanel";
import { AnswerPanel } from "./AnswerPanel";

const initial = useStore.getState();
let root: Root;
let box: HTMLElement;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  useStore.setState(initial, true);
  box = document.body.appendChild(document.createElement("div"));
  box.style.cssText = "width: 800px; height: 700px";
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

/** Lets timers and renders run until the condition holds; fails by the test's time limit. */
async function until(condition: () => boolean) {
  while (!condition()) await frame();
}

/** Shows rollouts of the given lengths. */
async function answer(lengths: readonly number[], { known = "2" }: { known?: string | null } = {}) {
  setAnswerHeader({ question: "How many red circles?", answer: known, image: null, masked: [], rewards: null, notices: [] });
  answerTokens.start(lengths.length, randomTopK);
  lengths.forEach((length, i) => {
    answerTokens.append(randomRollout(i, length), randomTexts);
  });
  act(() => root.render(<AnswerPanel />));
  await frame();
}

const listbox = () => box.querySelector<HTMLElement>('[role="listbox"]')!;
const options = () => [...listbox().querySelectorAll<HTMLElement>('[role="option"]')];
const keptCount = () => options().filter((option) => /kept/.test(option.className)).length;
const slider = (name: string) => {
  const label = [...box.querySelectorAll("label")].find((candidate) => candidate.textContent === name)!;
  return document.getElementById(label.htmlFor) as HTMLInputElement;
};
const set = (key: "keepRatio" | "betaMin", value: number) => act(() => useStore.getState().setSetting(key, value));
const figures = () => box.querySelector("dl")!.textContent;

describe("the answer panel", () => {
  it("says what to do while there is no answer", async () => {
    setAnswerHeader(null);
    answerTokens.start(0, 1);
    act(() => root.render(<AnswerPanel />));
    await frame();
    expect(box.textContent).toContain("No answer yet");
  });

  it("shows every token of the open rollout as text, the thinking part included", async () => {
    await answer([20, 10]);
    expect(
      options()
        .map((option) => option.textContent)
        .join(""),
    ).toContain("<think>There are two red circles");
    expect(options()).toHaveLength(20);
    expect(listbox().getAttribute("aria-label")).toBe("Answer tokens");
  });

  it("adds tokens as they stream, without drawing the old ones again", async () => {
    await answer([5]);
    const before = options();
    answerTokens.append(randomRollout(0, 3, 9), {});
    await frame();
    expect(options()).toHaveLength(8);
    expect(options().slice(0, 5)).toEqual(before);
    expect(figures()).toContain("of 8");
  });

  it("keeps what the preview keeps while k moves", async () => {
    await answer([100, 50]);
    for (const keepRatio of [0.1, 0.4, 0.73, 1]) {
      set("keepRatio", keepRatio);
      const mask = currentUpdate().preview!.masks[0]!;
      expect(options().map((option) => (/kept/.test(option.className) ? 1 : 0))).toEqual([...mask]);
      expect(keptCount()).toBe(Math.ceil(Math.fround(Math.fround(keepRatio) * 100)));
    }
    expect(figures()).toContain("150 of 150");
    expect(figures()).toContain("100 %");
  });

  it("scores rollouts against the known answer and shows their advantages", async () => {
    // The test sentence boxes "2" at token 18, so a rollout of 10 tokens has no answer.
    await answer([20, 10, 20, 20]);
    const rewards = [...box.querySelectorAll('[aria-label^="Reward of rollout"]')];
    expect(rewards.map((reward) => reward.textContent)).toEqual(["1", "0", "1", "1"]);
    expect(box.textContent).toContain("−1.50");
  });

  it("lets rewards be tried, and takes them back", async () => {
    await answer([20, 20]);
    expect(box.textContent).toContain("All rewards are equal");
    const first = box.querySelector<HTMLElement>('[aria-label^="Reward of rollout 1"]')!;
    act(() => first.click());
    expect(first.getAttribute("aria-label")).toBe("Reward of rollout 1: 0, set by hand");
    expect(currentUpdate().preview!.advantages[0]).toBeCloseTo(-Math.SQRT1_2, 4);
    expect(box.textContent).not.toContain("All rewards are equal");
    act(() => first.dispatchEvent(new MouseEvent("dblclick", { bubbles: true })));
    expect(currentUpdate().rewards).toEqual([1, 1]);
  });

  it("folds the reasoning at its start and opens it again for a token inside, without losing marks", async () => {
    await answer([20]);
    const fold = () => [...box.querySelectorAll("button")].find((one) => one.textContent?.startsWith("Reasoning"))!;
    expect(fold().textContent).toBe("Reasoning, 13 tokens");
    expect(fold().getAttribute("aria-expanded")).toBe("true");
    const kept = keptCount();
    const isShown = (index: number) => options()[index]!.getClientRects().length > 0;
    act(() => fold().click());
    expect([isShown(3), isShown(15)]).toEqual([false, true]);
    await frame();
    expect(isShown(3)).toBe(false);
    expect(keptCount()).toBe(kept);
    act(() => useStore.getState().pin({ rollout: 0, start: 3, end: 3 }));
    expect(isShown(3)).toBe(true);
    expect(fold().getAttribute("aria-expanded")).toBe("true");
    expect(options()[3]!.getAttribute("aria-selected")).toBe("true");
  });

  it("opens one rollout at a time", async () => {
    await answer([20, 12]);
    const opener = box.querySelector<HTMLElement>('[aria-label^="Rollout 2,"]')!;
    act(() => opener.click());
    expect(options()).toHaveLength(12);
    expect(box.querySelectorAll('[role="listbox"]')).toHaveLength(1);
    expect(opener.getAttribute("aria-expanded")).toBe("true");
  });

  it("is walked by keys: arrows, kept tokens, a span, pin and clear", async () => {
    await answer([40]);
    listbox().focus();
    await act(() => userEvent.keyboard("{ArrowRight}{ArrowRight}"));
    const active = () => document.getElementById(listbox().getAttribute("aria-activedescendant") ?? "");
    const startsAt = Number(active()!.dataset.i);
    expect(active()!.getAttribute("aria-label")).toMatch(
      new RegExp(`^token ${startsAt + 1}, .*, dependency .* nats, rank \\d+ of 40, (kept|filtered out)$`),
    );
    await act(() => userEvent.keyboard("{Enter}"));
    expect(useStore.getState().pinned).toEqual({ rollout: 0, start: startsAt, end: startsAt });
    expect(active()!.getAttribute("aria-selected")).toBe("true");
    await act(() => userEvent.keyboard("{Shift>}{ArrowRight}{ArrowRight}{/Shift}"));
    expect(useStore.getState().pinned).toEqual({ rollout: 0, start: startsAt, end: startsAt + 2 });
    await act(() => userEvent.keyboard("]]".replaceAll("]", "{]}")));
    expect(active()!.className).toMatch(/kept/);
    await act(() => userEvent.keyboard("{Escape}"));
    await until(() => box.querySelector('[role="tooltip"]') === null);
    expect(useStore.getState().pinned).toBeNull();
    expect(listbox().querySelectorAll('[aria-selected="true"]')).toHaveLength(0);
  });

  it("opens one pop-over for the hovered token and closes it again", async () => {
    await answer([40]);
    // The pointer rests where the test before has left it, which may be on a token.
    await act(() => userEvent.hover(box.querySelector('[aria-label="Effect on the shown answer"]')!));
    await frame();
    act(() => useStore.getState().setHover({ rollout: 0, token: 3 }));
    await until(() => box.querySelectorAll('[role="tooltip"]').length === 1);
    expect(box.querySelector('[role="tooltip"]')!.textContent).toContain("␣two");
    act(() => useStore.getState().setHover({ rollout: 0, token: 4 }));
    expect(box.querySelector('[role="tooltip"]')!.textContent).toContain("␣red");
    act(() => useStore.getState().setHover(null));
    await until(() => box.querySelector('[role="tooltip"]') === null);
  });

  it("keeps up with the k slider at 4096 tokens: only tokens that cross the threshold are touched", async () => {
    await answer([4096, 512]);
    const setKept = vi.spyOn(TokenText.prototype, "setKept");
    const setBins = vi.spyOn(TokenText.prototype, "setBins");
    const mutated = new Set<Node>();
    const observer = new MutationObserver((records) => {
      for (const record of records) mutated.add(record.target);
    });
    observer.observe(listbox(), { subtree: true, childList: true, attributes: true, characterData: true });
    const times: number[] = [];
    for (const keepRatio of [0.41, 0.42, 0.43, 0.44, 0.45]) {
      const start = performance.now();
      set("keepRatio", keepRatio);
      box.getBoundingClientRect();
      times.push(performance.now() - start);
    }
    for (const record of observer.takeRecords()) mutated.add(record.target);
    observer.disconnect();
    const crossed = Math.ceil(Math.fround(Math.fround(0.45) * 4096)) - Math.ceil(Math.fround(Math.fround(0.4) * 4096));
    expect(mutated.size).toBe(crossed);
    expect(setKept.mock.results.reduce((sum, result) => sum + result.value, 0)).toBe(crossed);
    expect(setBins.mock.results.every((result) => result.value === 0)).toBe(true);
    // The budget is 50 ms; two busy cores of a shared machine get some slack.
    expect(times.sort((a, b) => a - b)[2]).toBeLessThan(100);
    vi.restoreAllMocks();
  });

  it("says with a sentence when numbers cannot be used, instead of drawing nonsense", async () => {
    await answer([20]);
    const broken = randomRollout(0, 1);
    broken.stats[2] = Number.NaN;
    answerTokens.append(broken, {});
    await frame();
    expect(box.querySelector('[role="alert"]')!.textContent).toContain("not a finite number");
  });

  it("disables a knob that the method does not use", async () => {
    await answer([20]);
    expect(slider("Keep k").disabled).toBe(false);
    act(() => useStore.getState().setSetting("preset", "dapo"));
    expect([slider("Keep k").disabled, slider("β_min").disabled]).toEqual([true, true]);
    expect(figures()).toContain("20 of 20");
  });
});

describe("the inspector", () => {
  const shown = () => box.textContent;

  it("shows the token that depends most until one is pinned", async () => {
    await answer([30, 30]);
    act(() => root.render(<InspectorPanel />));
    expect(shown()).toContain("Depends most on the image");
    expect(shown()).toContain("rank1 of 30");
    act(() => useStore.getState().pin({ rollout: 1, start: 4, end: 4 }));
    expect(shown()).toContain("token 5 of 30, rollout 2");
  });

  it("writes the weight with this token's numbers, and they multiply", async () => {
    await answer([20, 10, 20, 14]);
    act(() => root.render(<InspectorPanel />));
    const { preview } = currentUpdate();
    const token = preview!.masks[1]!.indexOf(1);
    act(() => useStore.getState().pin({ rollout: 1, start: token, end: token }));
    const text = box.querySelector('[aria-labelledby="weight-title"] p')!.textContent!.replaceAll("−", "-");
    const [, advantage, alpha, kept, weight] = /= (\S+) · (\S+) · (\d) =\s*(\S+)/.exec(text)!.map(Number);
    expect(advantage! * alpha! * kept!).toBeCloseTo(weight!, 2);
    expect(weight).toBeCloseTo(preview!.weights[1]![token]!, 2);
  });

  it("lists parts of the KL that add up to the KL", async () => {
    await answer([30]);
    act(() => root.render(<InspectorPanel />));
    const parts = [...box.querySelectorAll("tbody tr td:last-child")].map((cell) => Number(cell.textContent!.replace("−", "-")));
    const sum = Number(box.querySelector("tfoot td")!.textContent!.replace("−", "-"));
    expect(parts.reduce((a, b) => a + b, 0)).toBeCloseTo(sum, 1);
    expect(parts.length).toBeGreaterThan(randomTopK);
  });

  it("sums up a pinned span", async () => {
    await answer([30]);
    act(() => root.render(<InspectorPanel />));
    act(() => useStore.getState().pin({ rollout: 0, start: 0, end: 29 }));
    expect(shown()).toContain("Tokens 1 to 30");
    expect(shown()).toContain("100 % of the rollout");
    expect(shown()).toContain("12 of 30");
  });
});
