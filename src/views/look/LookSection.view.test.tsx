import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answerTokens, setAnswerHeader } from "@/client/live";
import { randomRollout, randomTexts, randomTopK } from "@/client/test/randomAnswer";
import { tokenOverlay } from "@/client/tokenOverlay";
import type { RgbImage } from "@/image/rgbImage";
import { useExports } from "@/state/exportSources";
import { measureDeletion } from "@/state/look/deletionJob";
import { useLook } from "@/state/look/look";
import { measureOcclusion } from "@/state/look/occlusionJob";
import { useStore } from "@/state/store";
import { LookSection } from "./LookSection";

vi.mock("@/client/engineClient", async () => ({ engineClient: (await import("@/state/test/lookingEngine")).lookingEngine }));

const picture: RgbImage = { width: 8, height: 8, data: new Uint8Array(192).fill(99) };
const precision = { text: "f32", vision: "f32", head: "f32", groupSize: 32 } as const;
const model = { name: "seer", family: "SmolVLM", parameters: 1, sizeBytes: 1, precision, contextTokens: 64, vocabularySize: 8 };
const span = { rollout: 0, start: 0, end: 0 };
const start = useStore.getState();
let root: Root;
let box: HTMLElement;

beforeEach(async () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  useStore.setState(start, true);
  useLook.getState().set({ cell: null, isHeld: false });
  useStore.getState().setModel({ status: "ready", model, times: null });
  answerTokens.start(1, randomTopK);
  answerTokens.append(randomRollout(0, 6), randomTexts);
  setAnswerHeader({ question: "<b>Where?</b>", answer: null, image: picture, masked: [picture], rewards: null, notices: [] });
  box = document.body.appendChild(document.createElement("div"));
  box.style.width = "328px";
  root = createRoot(box);
  await act(async () => root.render(<LookSection />));
});
afterEach(() => {
  act(() => root.unmount());
  box.remove();
  vi.unstubAllGlobals();
});

const button = (label: string) => box.querySelector<HTMLButtonElement>(`button[aria-label="${label}"]`);
const press = (label: string) => act(async () => button(label)?.click());
const list = () => box.querySelector<HTMLElement>("[role=listbox]");
const key = (name: string) =>
  act(async () => list()?.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true })));
/** Drawn nodes without what differs between browsers and builds: the picture's bytes, generated ids and class names. */
const drawing = (svg: Element | null | undefined) =>
  (svg?.outerHTML ?? "")
    .replace(/href="data:[^"]*"/, 'href="…"')
    .replace(/_r_\w+_|«\w+»|:r\w+:/g, "id")
    .replace(/_([a-zA-Z0-9]+)_[a-z0-9]+_\d+/g, "$1");

describe("LookSection", () => {
  it("asks for a pin, then for a press", async () => {
    expect(box.textContent).toContain("Pin a token or a span");
    expect(button("Measure the map")).toBeNull();
    await act(async () => useStore.getState().pin(span));
    expect(box.textContent).toContain("4 fills: mean colour, black, 2 × noise");
    expect(button("Measure the map")?.disabled).toBe(false);
    expect(box.textContent).toContain("needs the map first");
  });

  it("draws the map with the picture in it, a legend in nats per patch, and what the strongest cell says", async () => {
    await act(async () => useStore.getState().pin(span));
    await act(async () => measureOcclusion(span, { asked: true }));
    expect(list()?.querySelectorAll("[role=option]")).toHaveLength(19);
    expect(drawing(list()?.querySelector("svg"))).toMatchSnapshot();
    expect(box.querySelector("[aria-label^='Colour legend']")?.getAttribute("aria-label")).toBe(
      "Colour legend: 0 to 1.5 nats per patch, linear",
    );
    expect(box.textContent).toContain("Strongest row 3, column 3: 1.03 ± 0.0957 nats");
    expect(box.textContent).toContain("Whole picture covered: 4.1 ± 0.383 nats");
  });

  it("is read cell by cell with the arrow keys, which tint the tokens, and as a table", async () => {
    await act(async () => useStore.getState().pin(span));
    await act(async () => measureOcclusion(span, { asked: true }));
    await key("ArrowDown");
    await key("ArrowRight");
    await key("ArrowDown");
    const active = box.querySelector("[aria-selected=true]");
    expect(active?.getAttribute("aria-label")).toBe("row 3, column 3: 1.03 ± 0.0957 nats");
    expect(list()?.getAttribute("aria-activedescendant")).toBe(active?.id);
    expect(tokenOverlay()?.values[0]?.[0]).toBeCloseTo(1.025);
    await key("Escape");
    expect(tokenOverlay()).toBeNull();
    await press("View as table");
    const rows = [...box.querySelectorAll("tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent));
    expect(rows).toHaveLength(19);
    expect(rows[0]).toEqual(["3", "3", "1.03 ± 0.0957", "1.03", ""]);
    expect(rows.at(-1)).toEqual(["7–8", "7–8", "0 ± 0", "0", ""]);
  });

  it("says when no part of the picture moves the token", async () => {
    const faint = { rollout: 0, start: 1, end: 1 };
    await act(async () => useStore.getState().pin(faint));
    await act(async () => measureOcclusion(faint, { asked: true }));
    expect(box.textContent).toContain("No part moves this token by 0.05 nats: there is nothing to read from this map.");
  });

  it("draws the check of the map with bands, says what it means, and gives everything away as files", async () => {
    await act(async () => useStore.getState().pin(span));
    await act(async () => measureOcclusion(span, { asked: true }));
    await act(async () => measureDeletion(span));
    const chart = box.querySelector("svg[role=img]");
    expect(chart?.getAttribute("aria-label")).toMatch(
      /falls faster than 12 of 12 drawn orders: the map finds what these tokens hang on\.$/,
    );
    expect(drawing(chart)).toMatchSnapshot();
    await press("View the check as table");
    expect(box.querySelectorAll("table[aria-label='Check of the occlusion map as a table'] tbody tr")).toHaveLength(6);
    const sources = useExports.getState().sources.filter(({ panel }) => panel === "inspector");
    expect(sources.map(({ id }) => id)).toEqual(expect.arrayContaining(["occlusion-map", "deletion-curves"]));
    const map = sources.find(({ id }) => id === "occlusion-map");
    expect(map?.table?.().rows).toHaveLength(19);
    expect(map?.figure?.()?.querySelector("image")?.getAttribute("href")).toMatch(/^data:image\/png/);
  });
});
