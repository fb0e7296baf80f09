import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LineChart, type LineChartProps } from "./LineChart";

const reward: LineChartProps = {
  title: "Reward",
  series: [
    { label: "Reward", xs: [1, 2, 3, 4], ys: [0.25, 0.5, Number.NaN, 0.75] },
    { label: "Masked", xs: [1, 4], ys: [0.2, 0.25] },
  ],
  width: 240,
  height: 132,
  include: [0, 1],
};
let root: Root;
let box: HTMLElement;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  box = document.body.appendChild(document.createElement("div"));
  root = createRoot(box);
});
afterEach(() => {
  act(() => root.unmount());
  box.remove();
  vi.unstubAllGlobals();
});
const draw = (props: Partial<LineChartProps> = {}) => act(() => root.render(<LineChart {...reward} {...props} />));

/** The figure without the names of its styles, which the build makes. */
function drawing(): string | undefined {
  const svg = box.querySelector("svg");
  for (const element of svg?.querySelectorAll("*") ?? []) element.removeAttribute("class");
  svg?.removeAttribute("class");
  return svg?.outerHTML;
}

describe("LineChart", () => {
  it("draws the same figure every time", async () => {
    await draw();
    expect(drawing()).toMatchSnapshot();
  });

  it("draws a smoothed line over the band of what it averages", async () => {
    const ys = [0.2, 0.6, 0.3, 0.9, 0.5];
    const band = { low: [0.2, 0.2, 0.2, 0.3, 0.3], high: [0.2, 0.6, 0.6, 0.9, 0.9] };
    await draw({ series: [{ label: "Reward", xs: [1, 2, 3, 4, 5], ys, band }] });
    expect(box.querySelectorAll("[data-band]")).toHaveLength(1);
    expect(drawing()).toMatchSnapshot();
  });

  it("draws powers of ten at equal distances on a logarithmic axis, and says what it cannot show", async () => {
    await draw({ series: [{ label: "Loss", xs: [1, 2, 3, 4], ys: [100, 10, 0, 1] }], yScale: "log", include: [] });
    expect(box.querySelector("svg")?.getAttribute("aria-label")).toContain("1 value is not above 0");
    expect(drawing()).toMatchSnapshot();
  });

  it("shows a part of the steps, with lines cut at its edges", async () => {
    await draw({ xDomain: [1.5, 2.5] });
    expect(box.querySelector("svg")?.getAttribute("aria-label")).toMatch(/^Reward is 0\.5 after 1 step/);
    expect(drawing()).toMatchSnapshot();
  });

  it("draws the baseline dashed beside a run, and marks what happened", async () => {
    const runs = [
      { id: "a", label: "VPPO 1", xs: [1, 2, 3], ys: [0.2, 0.4, 0.7], colour: 0 },
      { id: "b", label: "GRPO 1 (baseline)", xs: [1, 2, 3], ys: [0.2, 0.3, 0.4], colour: 1, dashed: true },
    ];
    const marks = [
      { step: 2, kind: "flat", text: "VPPO 1, step 2: no gradient.", colour: 0 },
      { step: 3, kind: "skipped", text: "GRPO 1, step 3: an update was left out.", colour: 1 },
      { step: 3, kind: "settings", text: "VPPO 1, step 3: Keep k 0.4 → 0.25.", colour: 0 },
    ] as const;
    await draw({ series: runs, endLabels: true, marks, emphasis: "a" });
    expect(box.querySelectorAll("path[stroke-dasharray='4 3']")).toHaveLength(1);
    expect([...box.querySelectorAll("[data-mark] title")].map((title) => title.textContent)).toEqual(
      marks.map(({ text }) => text),
    );
    expect(drawing()).toMatchSnapshot();
  });

  it("chooses steps by dragging and a step by clicking, and Escape takes a drag back", async () => {
    const onZoom = vi.fn();
    const onPick = vi.fn();
    await draw({ onZoom, onPick, xDomain: [1, 4] });
    const svg = box.querySelector("svg") as SVGSVGElement;
    const left = svg.getBoundingClientRect().left;
    const point = (type: string, x: number) =>
      act(() => svg.dispatchEvent(new PointerEvent(type, { bubbles: true, clientX: left + x, clientY: 60, button: 0 })));
    await point("pointerdown", 104);
    await point("pointermove", 150);
    expect(box.querySelectorAll("rect")).toHaveLength(1);
    await point("pointerup", 168);
    await point("click", 168);
    expect(onZoom.mock.calls).toEqual([[[2, 3]]]);
    expect(onPick).not.toHaveBeenCalled();
    await point("pointerdown", 104);
    await point("pointerup", 105);
    await point("click", 105);
    expect(onPick.mock.calls).toEqual([[2]]);
    await point("pointerdown", 104);
    await point("pointermove", 160);
    await act(() => window.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" })));
    expect(box.querySelectorAll("rect")).toHaveLength(0);
    await point("pointerup", 168);
    expect(onZoom).toHaveBeenCalledTimes(1);
  });

  it("says in words what it shows", async () => {
    await draw();
    expect(box.querySelector("svg")?.getAttribute("aria-label")).toBe(
      "Reward rose from 0.25 to 0.75 in 4 steps; 1 value is not a number. Masked rose from 0.2 to 0.25 in 2 steps",
    );
  });

  it("shows the values of the step under the pointer, and the last ones otherwise", async () => {
    await draw();
    expect(box.querySelector("figcaption")?.textContent).toContain("Reward 0.75");
    await draw({ hoverStep: 2 });
    expect(box.querySelector("figcaption")?.textContent).toContain("Reward 0.5");
    expect(box.querySelector("figcaption")?.textContent).toContain("Masked –");
  });

  it("reports the step that is pointed at and the step that is clicked", async () => {
    const onHover = vi.fn();
    const onPick = vi.fn();
    await draw({ onHover, onPick });
    const svg = box.querySelector("svg") as SVGSVGElement;
    const { left, width, top } = svg.getBoundingClientRect();
    const at = { clientX: left + (105 / 240) * width, clientY: top + 20, bubbles: true };
    act(() => void svg.dispatchEvent(new PointerEvent("pointermove", at)));
    act(() => void svg.dispatchEvent(new MouseEvent("click", at)));
    expect(onHover).toHaveBeenLastCalledWith(2);
    expect(onPick).toHaveBeenLastCalledWith(2);
  });

  it("gives the same numbers as a table", async () => {
    await draw({ asTable: true });
    const rows = [...box.querySelectorAll("tbody tr")].map((row) => row.textContent);
    expect(rows).toEqual(["10.250.2", "20.5–", "3not a number–", "40.750.25"]);
  });
});
