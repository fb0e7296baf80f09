import { act, Profiler } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { userEvent } from "vitest/browser";
import "@/app/theme.css";
import { answerTokens, setAnswerHeader } from "@/client/live";
import { randomRollout, randomTexts, randomTopK } from "@/client/test/randomAnswer";
import { setTokenOverlay, type TokenOverlay, tokenOverlay } from "@/client/tokenOverlay";
import { currentGradient, currentUpdate } from "@/state/answers/update";
import { useExports } from "@/state/exportSources";
import { useStore } from "@/state/store";
import { colourings, colourNames } from "@/state/tokens/colourings";
import { useGranularityPattern } from "@/state/tokens/granularityPattern";
import { colourTokensBy, currentColours } from "@/state/tokens/tokenColours";
import { DistributionPanel } from "@/views/distribution/DistributionPanel";
import { AnswerPanel } from "./AnswerPanel";
import { pinKept } from "./pinKept";

const initial = useStore.getState();
let root: Root;
let box: HTMLElement;
let commits = 0;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  useStore.setState(initial, true);
  box = document.body.appendChild(document.createElement("div"));
  box.style.cssText = "width: 800px; height: 700px";
  root = createRoot(box);
});
afterEach(() => {
  act(() => {
    setTokenOverlay(null);
    root.unmount();
  });
  box.remove();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const frame = () => act(() => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))));
const set = useStore.getState().setSetting;

/** Shows rollouts of the given lengths, and with them the panel below. */
async function answer(lengths: readonly number[]) {
  setAnswerHeader({ question: "How many red circles?", answer: "2", image: null, masked: [], rewards: null, notices: [] });
  answerTokens.start(lengths.length, randomTopK);
  lengths.forEach((length, i) => {
    answerTokens.append(randomRollout(i, length), randomTexts);
  });
  act(() =>
    root.render(
      <Profiler id="panels" onRender={() => commits++}>
        <AnswerPanel />
        <DistributionPanel />
      </Profiler>,
    ),
  );
  await frame();
}

const listbox = () => box.querySelector<HTMLElement>('[role="listbox"]')!;
const options = () => [...listbox().querySelectorAll<HTMLElement>('[role="option"]')];
const legend = () => box.querySelector('[aria-label^="Colour legend"]')!.getAttribute("aria-label")!;
const byLabel = (label: string) => box.querySelector<HTMLElement>(`[aria-label="${label}"]`)!;

/** Every change of nodes and attributes inside the text while something happens. */
async function mutations(action: () => void | Promise<void>): Promise<readonly MutationRecord[]> {
  const records: MutationRecord[] = [];
  const observer = new MutationObserver((found) => records.push(...found));
  observer.observe(listbox(), { subtree: true, childList: true, attributes: true, characterData: true });
  await action();
  records.push(...observer.takeRecords());
  observer.disconnect();
  return records;
}

describe("colours of tokens", () => {
  it("show each of the seven numbers with its legend, unit and formula", async () => {
    await answer([20, 10]);
    for (const name of colourNames) {
      act(() => colourTokensBy(name));
      const { label, formula, signed } = colourings[name];
      expect(legend()).toContain(label);
      if (name !== "dependency") expect(box.textContent).toContain(formula);
      expect(currentColours().map).toBe(signed ? "puor" : "cividis");
      const bins = currentColours().bins[0]!;
      expect(options().map((option) => Number(/bin(\d+)/.exec(option.className)![1]))).toEqual([...bins]);
    }
    const gradient = currentGradient()!.gradient[0]!;
    expect(currentColours().values[0]).toEqual(gradient.map(Math.abs));
    act(() => colourTokensBy("advantage"));
    expect(new Set(currentColours().values[0])).toEqual(new Set([currentUpdate().preview!.advantages[0]]));
  });

  it("end where the reader says, until another number is chosen", async () => {
    await answer([20]);
    act(() => set("colourMax", 1));
    expect(legend()).toContain("0 to 1 nats");
    expect(currentColours().domain.max).toBe(1);
    act(() => colourTokensBy("entropy"));
    expect(currentColours().domain.max).not.toBe(1);
  });

  it("change the map without touching a token", async () => {
    await answer([200]);
    const ground = () => getComputedStyle(options()[0]!).getPropertyValue("--bin-15");
    const before = ground();
    const touched = await mutations(() => act(() => set("colourMap", "magma")));
    expect(ground()).not.toBe(before);
    expect(touched).toHaveLength(0);
  });

  it("show one value per word, sentence, step or own part", async () => {
    await answer([20]);
    const parts = () => new Set(currentColours().values[0]).size;
    const sizes = (["token", "word", "sentence", "step"] as const).map((granularity) => {
      act(() => set("granularity", granularity));
      return parts();
    });
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(new Set(sizes).size).toBe(4);
    act(() => set("granularity", "pattern"));
    act(() => useGranularityPattern.getState().setSource("and"));
    expect(parts()).toBe(2);
    const mean = currentColours().values[0]![0]!;
    act(() => set("groupValue", "sum"));
    expect(currentColours().values[0]![0]!).toBeCloseTo(mean * 7, 3);
    act(() => useGranularityPattern.getState().setSource("("));
    expect(parts()).toBe(20);
  });

  it("draw signs for white space without changing the text that is copied", async () => {
    await answer([20]);
    const text = () =>
      options()
        .map((option) => option.textContent)
        .join("");
    const before = text();
    expect(before).toContain("There are two");
    expect(before).not.toContain("⏎");
    const touched = await mutations(() => act(() => set("whitespace", true)));
    expect(text()).toBe(before);
    expect(touched.map(({ attributeName }) => attributeName)).toEqual(["data-whitespace"]);
    const space = options().find((option) => option.textContent === " two")!;
    expect(getComputedStyle(space).backgroundImage).toContain("linear-gradient");
    const lineBreak = options().find((option) => option.textContent === "\n")!;
    expect(getComputedStyle(lineBreak.querySelector("i")!, "::before").content).toBe('"⏎"');
    expect(lineBreak.getAttribute("aria-label")).toBe("line break");
  });
});

describe("an overlay", () => {
  const over = (label: string, values: readonly Float32Array[]): TokenOverlay => ({
    label,
    unit: "nats",
    signed: true,
    values,
    clear: () => setTokenOverlay(null),
  });

  it("takes the place of the colouring, says what it is and goes with its button, with Escape's action and with a new colouring", async () => {
    await answer([20, 10]);
    const before = currentColours().bins[0]!;
    const show = () => act(() => setTokenOverlay(over("Depends on the region", [new Float32Array(20).fill(-0.5)])));
    show();
    expect(legend()).toBe("Colour legend: Depends on the region, −0.5 to 0.5 nats, linear scale");
    expect(box.textContent).toContain("Colours show: Depends on the region");
    expect(new Set(currentColours().bins[0])).toEqual(new Set([0]));
    // The rollout without values has the colour of 0.
    expect(new Set(currentColours().bins[1])).toEqual(new Set([8]));
    act(() => byLabel("Clear the overlay").click());
    expect(tokenOverlay()).toBeNull();
    expect(currentColours().bins[0]).toEqual(before);
    show();
    act(() => colourTokensBy("dependency"));
    expect(tokenOverlay()).toBeNull();
    // Escape in the text leaves the pin alone while there is an overlay: the page's own Escape takes that first.
    act(() => useStore.getState().pin({ rollout: 0, start: 3, end: 3 }));
    show();
    listbox().focus();
    await act(() => userEvent.keyboard("{Escape}"));
    expect(useStore.getState().pinned).not.toBeNull();
  });

  it("does not colour an answer it was not measured on", async () => {
    await answer([20]);
    act(() => setTokenOverlay(over("Depends on the region", [new Float32Array(20).fill(1)])));
    expect(currentColours().meaning.overlay).not.toBeNull();
    answerTokens.start(1, randomTopK);
    answerTokens.append(randomRollout(0, 20, 5), {});
    await frame();
    expect(currentColours().meaning.overlay).toBeNull();
    expect(box.textContent).not.toContain("Colours show");
  });
});

describe("the pop-over", () => {
  it("has every number of the token with its unit", async () => {
    await answer([40, 20]);
    act(() => useStore.getState().setHover({ rollout: 0, token: 3 }));
    while (!box.querySelector('[role="tooltip"]')) await frame();
    const rows = [...box.querySelectorAll('[role="tooltip"] dl > div')].map((row) => row.textContent!);
    for (const name of colourNames) {
      const row = rows.find((text) => text.startsWith(colourings[name].label))!;
      expect(row, name).toMatch(/\d/);
      expect(row.endsWith("nats")).toBe(colourings[name].unit === "nats");
    }
    expect(box.querySelector('[role="tooltip"]')!.textContent).toMatch(/rank \d+ of 40 · (● kept|filtered out)/);
    expect(box.querySelectorAll('[role="tooltip"] [data-shown]')).toHaveLength(1);
    act(() => useStore.getState().setHover(null));
  });
});

describe("the table of tokens", () => {
  it("has a row per token with all numbers, is sorted by any of them and pins", async () => {
    await answer([40, 20]);
    await act(() => byLabel("Tokens as a table").click());
    const region = () => byLabel("Tokens of rollout 1 as a table");
    while (!region()) await frame();
    const cells = (row: number) =>
      [...region().querySelectorAll(`tr[aria-rowindex="${row}"] > *`)].map((cell) => cell.textContent!);
    expect(cells(1)).toContain("kl, nats");
    const heading = [...region().querySelectorAll("button")].find((one) => one.textContent === "kl, nats")!;
    act(() => heading.click());
    const strongest = answerTokens.stats(0).kl.reduce((best, value, t, all) => (value > all[best]! ? t : best), 0);
    expect(cells(2)[0]).toBe(String(strongest + 1));
    act(() => byLabel(`Pin token ${strongest + 1}`).click());
    expect(useStore.getState().pinned).toEqual({ rollout: 0, start: strongest, end: strongest });
  });

  it("draws a few dozen of thousands of rows, and goes to the pinned one", async () => {
    await answer([4096]);
    act(() => set("answerAs", "table"));
    while (!byLabel("Tokens of rollout 1 as a table")) await frame();
    const rows = () => box.querySelectorAll("tbody tr").length;
    expect(rows()).toBeLessThan(40);
    act(() => useStore.getState().pin({ rollout: 0, start: 3000, end: 3000 }));
    await frame();
    expect(byLabel("Pin token 3001").getAttribute("aria-pressed")).toBe("true");
    expect(rows()).toBeLessThan(40);
  });

  it("is what is exported, for all rollouts", async () => {
    await answer([20, 10]);
    const source = useExports.getState().sources.find(({ id }) => id === "answer-tokens")!;
    const { columns, rows } = source.table!();
    expect(columns.slice(0, 4)).toEqual(["rollout", "token", "id", "text"]);
    expect(rows).toHaveLength(30);
    const at = (name: string, row: number) => rows[row]![columns.indexOf(name)];
    const { preview } = currentUpdate();
    expect([at("rollout", 25), at("token", 25)]).toEqual([2, 6]);
    expect(at("kl_nats", 25)).toBe(answerTokens.stats(1).kl[5]);
    expect(at("weight", 25)).toBe(preview!.weights[1]![5]);
    expect(rows.map((row) => row[columns.indexOf("kept")])).toEqual(preview!.masks.flatMap((mask) => [...mask]));
    expect(source.figure!()!.textContent).toContain("There are two");
  });
});

describe("kept tokens", () => {
  it("are walked from anywhere on the page", async () => {
    await answer([40]);
    const mask = currentUpdate().preview!.masks[0]!;
    const kept = [...mask.keys()].filter((t) => mask[t] === 1);
    const pinned = () => useStore.getState().pinned?.start;
    act(() => pinKept(1));
    expect(pinned()).toBe(kept[0]);
    act(() => pinKept(1));
    act(() => pinKept(1));
    act(() => pinKept(-1));
    expect(pinned()).toBe(kept[1]);
  });

  it("come into view when they are pinned elsewhere", async () => {
    await answer([4096]);
    act(() => useStore.getState().pin({ rollout: 0, start: 4000, end: 4000 }));
    const { top, bottom } = options()[4000]!.getBoundingClientRect();
    const scroller = listbox().closest<HTMLElement>("[class*=body]")!.getBoundingClientRect();
    expect(top).toBeGreaterThanOrEqual(scroller.top - 1);
    expect(bottom).toBeLessThanOrEqual(scroller.bottom + 1);
  });
});

describe("the work of the text", () => {
  it("sets at most one class per token when the colours change", async () => {
    await answer([4096]);
    const before = currentColours().bins[0]!;
    const records = await mutations(() => act(() => colourTokensBy("entropy")));
    const after = currentColours().bins[0]!;
    const changed = [...after.keys()].filter((t) => after[t] !== before[t]);
    expect(changed.length).toBeGreaterThan(100);
    expect(records.every(({ attributeName }) => attributeName === "class")).toBe(true);
    expect(records).toHaveLength(changed.length);
    expect(new Set(records.map(({ target }) => Number((target as HTMLElement).dataset.i)))).toEqual(new Set(changed));
  });

  it("touches only tokens that cross when k moves, also while the gradient is shown", async () => {
    await answer([1000]);
    const touched = await mutations(() => act(() => set("keepRatio", 0.41)));
    expect(touched).toHaveLength(10);
    act(() => colourTokensBy("gradient"));
    const before = currentColours().bins[0]!;
    const records = await mutations(() => act(() => set("keepRatio", 0.42)));
    const recoloured = currentColours().bins[0]!.filter((bin, t) => bin !== before[t]).length;
    // Kept and coloured are two classes of one token.
    expect(records.length).toBe(10 + recoloured);
  });

  it("streams in without reading the layout, and adds to the text only what is new", async () => {
    await answer([256, 64]);
    const reads = countLayoutReads();
    const records = await mutations(async () => {
      for (let i = 0; i < 12; i++) {
        answerTokens.append(randomRollout(0, 2, i + 3), {});
        await frame();
      }
    });
    expect(options()).toHaveLength(280);
    expect(reads()).toEqual([]);
    const added = records.flatMap(({ addedNodes }) => [...addedNodes]);
    const removed = records.flatMap(({ removedNodes }) => [...removedNodes]);
    expect(removed).toHaveLength(0);
    expect(added.filter((node) => node instanceof HTMLElement && node.dataset.i !== undefined).length).toBeLessThanOrEqual(24);
  });

  it("renders nothing while the pointer runs over tokens, and only the pop-over once it is open", async () => {
    await answer([512, 256]);
    const { setHover } = useStore.getState();
    commits = 0;
    const records = await mutations(() =>
      act(() => {
        for (let token = 0; token < 60; token++) setHover({ rollout: 0, token });
        setHover(null);
      }),
    );
    expect(commits).toBe(0);
    // On and off again for each.
    expect(records).toHaveLength(120);
    act(() => setHover({ rollout: 0, token: 5 }));
    while (!box.querySelector('[role="tooltip"]')) await frame();
    commits = 0;
    const before = box.querySelector('[role="tooltip"]');
    for (let token = 6; token < 16; token++) act(() => setHover({ rollout: 0, token }));
    expect(commits).toBe(10);
    expect(box.querySelector('[role="tooltip"]')).toBe(before);
    act(() => setHover(null));
  });

  it("lays out only what is in view of 16 384 tokens, and scrolls without touching them", async () => {
    await answer([16_384]);
    const chunks = [...listbox().querySelectorAll<HTMLElement>("[role=presentation]")];
    expect(chunks.every((chunk) => getComputedStyle(chunk).contentVisibility === "auto")).toBe(true);
    expect(Math.max(...chunks.map((chunk) => chunk.childElementCount))).toBeLessThanOrEqual(192);
    await frame();
    const laidOut = () =>
      chunks.filter((chunk) => chunk.firstElementChild!.checkVisibility({ contentVisibilityAuto: true })).length;
    expect(laidOut()).toBeLessThan(chunks.length / 4);
    const scroller = listbox().closest<HTMLElement>("[class*=body]")!;
    commits = 0;
    const records = await mutations(async () => {
      for (const part of [0.25, 0.5, 0.75, 1]) {
        scroller.scrollTop = part * scroller.scrollHeight;
        await frame();
      }
    });
    expect(records).toHaveLength(0);
    expect(commits).toBe(0);
    expect(laidOut()).toBeLessThan(chunks.length / 4);
  });
});

/** Watches everything that makes the browser lay out at once; returns what was called since. */
function countLayoutReads(): () => readonly string[] {
  const calls: string[] = [];
  const methods = [
    [Element.prototype, ["getBoundingClientRect", "getClientRects", "scrollIntoView", "checkVisibility"]],
    [Range.prototype, ["getBoundingClientRect", "getClientRects"]],
    [window, ["getComputedStyle"]],
  ] as const;
  for (const [owner, names] of methods) {
    for (const name of names) {
      const original = Reflect.get(owner, name) as (...args: unknown[]) => unknown;
      vi.spyOn(owner as unknown as Record<string, () => unknown>, name).mockImplementation(function (this: unknown, ...args) {
        calls.push(name);
        return original.apply(this, args);
      });
    }
  }
  const getters = [
    [HTMLElement.prototype, ["offsetWidth", "offsetHeight", "offsetTop", "offsetLeft", "innerText"]],
    [Element.prototype, ["clientWidth", "clientHeight", "scrollWidth", "scrollHeight", "scrollTop", "scrollLeft"]],
  ] as const;
  for (const [owner, names] of getters) {
    for (const name of names) {
      const { get } = Object.getOwnPropertyDescriptor(owner, name)!;
      vi.spyOn(owner as unknown as Record<string, number>, name, "get").mockImplementation(function (this: unknown) {
        calls.push(name);
        return get!.call(this);
      });
    }
  }
  return () => calls;
}
