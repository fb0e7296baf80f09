import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { userEvent } from "vitest/browser";
import "@/app/theme.css";
import { answerTokens, setAnswerHeader } from "@/client/live";
import { randomRollout, randomTexts, randomTopK } from "@/client/test/randomAnswer";
import { currentUpdate } from "@/state/answers/update";
import { useExports } from "@/state/exportSources";
import { useStore } from "@/state/store";
import { formatNumber } from "@/ui/formatNumber";
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

const figure = (title: string) =>
  [...box.querySelectorAll("figure")]
    .find((one) => one.textContent!.includes(title))!
    .querySelector<SVGSVGElement>("svg[role=img]")!;
const button = (name: string, inside: ParentNode = box) =>
  [...inside.querySelectorAll("button")].find((one) => one.getAttribute("aria-label") === name || one.textContent === name)!;

/** An element that comes with a file of its own; the test's time limit ends the wait. */
async function shown(selector: string): Promise<HTMLElement> {
  for (;;) {
    const element = document.querySelector<HTMLElement>(selector);
    if (element) return element;
    await act(() => new Promise((resolve) => setTimeout(resolve, 20)));
  }
}

/** The markup without class names, which change with every build. */
function drawn(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  for (const element of [copy, ...copy.querySelectorAll("*")]) element.removeAttribute("class");
  return copy.outerHTML;
}

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
    const { left, width } = box.querySelector("svg[role=img]")!.getBoundingClientRect();
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

  it("points at tokens in the strip, pins the one clicked and the part brushed, with its numbers", async () => {
    const strip = figure("Token by token");
    strip.setPointerCapture = () => {};
    // Measured each time: typing into a field may scroll the page.
    const at = (token: number) => {
      const { left, width } = strip.getBoundingClientRect();
      return left + (width / 40) * (token + 0.5);
    };
    const send = (type: string, token: number, shiftKey = false) =>
      act(() => void strip.dispatchEvent(new PointerEvent(type, { bubbles: true, clientX: at(token), shiftKey })));
    send("pointermove", 7);
    expect(useStore.getState().hover).toEqual({ rollout: 0, token: 7 });
    send("pointerdown", 7);
    send("pointerup", 7);
    expect(useStore.getState().pinned).toEqual({ rollout: 0, start: 7, end: 7 });
    send("pointerdown", 20);
    send("pointermove", 12);
    send("pointerup", 12);
    expect(useStore.getState().pinned).toEqual({ rollout: 0, start: 12, end: 20 });
    const values = currentUpdate().dependencies[0]!.subarray(12, 21);
    const mean = values.reduce((sum, value) => sum + value, 0) / 9;
    expect(box.textContent).toContain(`mean ${formatNumber(mean)} nats`);
    // The way without a drag, and going on from a pin with Shift.
    const last = box.querySelector<HTMLInputElement>('[aria-label="Last token of the part"]')!;
    last.focus();
    await act(() => userEvent.fill(last, "30"));
    await act(() => userEvent.keyboard("{Enter}"));
    expect(useStore.getState().pinned).toEqual({ rollout: 0, start: 12, end: 29 });
    send("pointerdown", 35);
    send("pointerup", 35, true);
    expect(useStore.getState().pinned).toEqual({ rollout: 0, start: 12, end: 35 });
  });

  it("lists the tokens of a bar, goes from bar to bar and pins a token", async () => {
    await act(() => button("Tokens of a bar").click());
    const list = await shown('[aria-label="Tokens of a bar"][role="dialog"]');
    const strongest = currentUpdate().dependencies[0]!.reduce((best, value, t, all) => (value > all[best]! ? t : best), 0);
    const rows = () => [...list.querySelectorAll<HTMLElement>("li button")];
    expect(document.activeElement).toBe(rows()[0]);
    await act(() => rows()[0]!.click());
    expect(useStore.getState().pinned).toEqual({ rollout: 0, start: strongest, end: strongest });
    let listed = rows().length;
    for (let left = button("Bar to the left", list); !left.disabled; left = button("Bar to the left", list)) {
      await act(() => left.click());
      listed += rows().length;
    }
    expect(listed).toBe(40);
    await act(() => userEvent.keyboard("{Escape}"));
    while (document.querySelector('[role="dialog"]')) await act(() => new Promise((resolve) => setTimeout(resolve, 20)));
    expect(useStore.getState().pinned).toEqual({ rollout: 0, start: strongest, end: strongest });
  });

  it("shows α over the group, which follows β_min, names a rollout and opens it", async () => {
    await act(() => button("α over the group").click());
    const svg = (await shown('svg[aria-label^="α of 2 rollouts"]')) as unknown as SVGSVGElement;
    const { preview } = currentUpdate();
    expect(svg.getAttribute("aria-label")).toContain("β_min 0.90");
    expect(svg.querySelectorAll("circle")).toHaveLength(2);
    act(() => useStore.getState().setSetting("betaMin", 0.2));
    expect(svg.getAttribute("aria-label")).toContain("β_min 0.20");
    const dots = [...svg.querySelectorAll("circle")];
    const { left, top } = svg.getBoundingClientRect();
    const at = { clientX: left + Number(dots[1]!.getAttribute("cx")), clientY: top + Number(dots[1]!.getAttribute("cy")) };
    act(() => void svg.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, ...at })));
    expect(box.textContent).toContain(`rollout 2: S̄ ${formatNumber(preview!.meanDependency[1]!)} nats, α`);
    act(() => void svg.dispatchEvent(new MouseEvent("click", { bubbles: true, ...at })));
    expect(useStore.getState().rollout).toBe(1);
    expect(drawn(svg)).toMatchSnapshot();
    act(() => useStore.getState().setSetting("preset", "dapo"));
    expect(svg.getAttribute("aria-label")).toContain("scales no advantages");
  });

  it("draws the same figures every time and gives their numbers away", () => {
    expect(drawn(box.querySelector("svg[aria-label^=Histogram]")!)).toMatchSnapshot();
    expect(drawn(figure("Token by token"))).toMatchSnapshot();
    const sources = useExports.getState().sources.filter(({ panel }) => panel === "distribution");
    expect(sources.map(({ id }) => id).sort()).toEqual(["dependency-histogram", "token-strip"]);
    for (const { table, figure: element } of sources) {
      expect(element!()).toBeInstanceOf(SVGSVGElement);
      const { columns, rows } = table!();
      expect(rows.every((row) => row.length === columns.length)).toBe(true);
    }
    const [histogram] = sources.filter(({ id }) => id === "dependency-histogram");
    expect(histogram!.table!().rows.reduce((sum, row) => sum + Number(row[2]), 0)).toBe(40);
    expect(Number(histogram!.table!().rows[0]![3])).toBeCloseTo(1, 6);
  });

  it("follows the open rollout", () => {
    act(() => useStore.getState().openRollout(1));
    expect(figure("Token by token").getAttribute("aria-label")).toContain("of the 40 tokens of rollout 2");
  });
});
