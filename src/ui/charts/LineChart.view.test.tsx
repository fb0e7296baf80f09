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

describe("LineChart", () => {
  it("draws the same figure every time", async () => {
    await draw();
    const svg = box.querySelector("svg");
    for (const element of svg?.querySelectorAll("*") ?? []) element.removeAttribute("class");
    svg?.removeAttribute("class");
    expect(svg?.outerHTML).toMatchSnapshot();
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
