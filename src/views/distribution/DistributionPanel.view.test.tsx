import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { userEvent } from "vitest/browser";
import "@/app/theme.css";
import { answerTokens, setAnswerHeader } from "@/client/live";
import { randomRollout, randomTexts, randomTopK } from "@/client/test/randomAnswer";
import { useStore } from "@/state/store";
import { currentUpdate } from "@/state/update";
import { DistributionPanel } from "./DistributionPanel";

const initial = useStore.getState();
let root: Root;
let box: HTMLElement;

beforeEach(async () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  useStore.setState(initial, true);
  box = document.body.appendChild(document.createElement("div"));
  box.style.cssText = "width: 800px; height: 160px";
  root = createRoot(box);
  setAnswerHeader({ question: "q", answer: "2", image: null, masked: [], rewards: null, notices: [] });
  answerTokens.start(2, randomTopK);
  answerTokens.append(randomRollout(0, 40), randomTexts);
  answerTokens.append(randomRollout(1, 40), {});
  await act(async () => {
    root.render(<DistributionPanel />);
    await new Promise((resolve) => setTimeout(resolve, 50));
  });
});
afterEach(() => {
  act(() => root.unmount());
  box.remove();
  vi.unstubAllGlobals();
});

const threshold = () => box.querySelector<HTMLElement>('[role="slider"]')!;
const kept = () => Number(threshold().getAttribute("aria-valuenow"));

function pointer(type: string, clientX: number) {
  act(() => {
    threshold().dispatchEvent(new PointerEvent(type, { bubbles: true, clientX, buttons: 1, pointerId: 1 }));
  });
}

describe("the distribution panel", () => {
  it("moves the threshold with k and says what it means", () => {
    const before = threshold().style.left;
    expect(threshold().getAttribute("aria-valuetext")).toMatch(
      /^16 of 40 tokens are at or above .* nats and hold \d+ % of the rollout's KL$/,
    );
    act(() => useStore.getState().setSetting("keepRatio", 0.1));
    expect(kept()).toBe(4);
    expect(Number.parseFloat(threshold().style.left)).toBeGreaterThan(Number.parseFloat(before));
  });

  it("moves k when the threshold is dragged", () => {
    threshold().setPointerCapture = () => {};
    const { left, width } = box.querySelector("figure svg")!.getBoundingClientRect();
    pointer("pointerdown", left + 40);
    pointer("pointermove", left + width * 0.55);
    const { keepRatio } = useStore.getState().settings;
    expect(keepRatio).toBeLessThan(0.4);
    const { preview, dependencies } = currentUpdate();
    const limit = preview!.thresholds[0]!;
    expect(dependencies[0]!.filter((value) => value >= limit).length).toBe(kept());
    expect(Math.abs(Number.parseFloat(threshold().style.left) - width * 0.55)).toBeLessThan(width * 0.2);
  });

  it("moves k token by token with keys", async () => {
    threshold().focus();
    await act(() => userEvent.keyboard("{ArrowRight}{ArrowRight}{ArrowLeft}"));
    expect(kept()).toBe(15);
    await act(() => userEvent.keyboard("{End}"));
    expect(kept()).toBe(1);
    await act(() => userEvent.keyboard("{Home}"));
    expect(kept()).toBe(40);
  });

  it("has no threshold where the method has no filter", () => {
    act(() => useStore.getState().setSetting("preset", "dapo"));
    expect(threshold()).toBeNull();
  });

  it("points at tokens in the strip and pins the one clicked", () => {
    const strip = box.querySelectorAll<SVGElement>("figure svg")[1]!;
    const { left, width } = strip.getBoundingClientRect();
    const clientX = left + (width / 40) * 7.5;
    act(() => {
      strip.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, clientX }));
    });
    expect(useStore.getState().hover).toEqual({ rollout: 0, token: 7 });
    act(() => {
      strip.dispatchEvent(new MouseEvent("click", { bubbles: true, clientX }));
    });
    expect(useStore.getState().pinned).toEqual({ rollout: 0, start: 7, end: 7 });
  });

  it("follows the open rollout", () => {
    act(() => useStore.getState().openRollout(1));
    expect(box.textContent).toContain("rollout 2 · 40 tokens");
  });
});
