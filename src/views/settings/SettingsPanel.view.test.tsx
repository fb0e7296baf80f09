import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useStore } from "@/state/store";
import { SettingsPanel } from "./SettingsPanel";

const start = useStore.getState();
let root: Root;
let box: HTMLElement;

beforeEach(async () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  useStore.setState(start, true);
  box = document.body.appendChild(document.createElement("div"));
  root = createRoot(box);
  await act(async () => root.render(<SettingsPanel />));
});
afterEach(() => {
  act(() => root.unmount());
  box.remove();
  vi.unstubAllGlobals();
});

const settings = () => useStore.getState().settings;
const set = (values: Partial<ReturnType<typeof settings>>) => act(async () => useStore.getState().setSettings(values));
const labelled = (text: string) =>
  [...box.querySelectorAll("label")].find((label) => label.textContent === text)?.control as HTMLInputElement | undefined;
const group = (title: string) => box.querySelector(`section[aria-label="${title}"]`);
const button = (text: string) => [...box.querySelectorAll("button")].find((one) => one.textContent === text);
const alerts = () => [...box.querySelectorAll("[role=alert]")].map((alert) => alert.textContent);

async function write(field: HTMLElement | null | undefined, text: string): Promise<void> {
  const prototype = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype;
  await act(async () => {
    Object.getOwnPropertyDescriptor(prototype, "value")?.set?.call(field, text);
    field?.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

/** Types into a number field and leaves it. */
async function enter(label: string, text: string): Promise<void> {
  const field = box.querySelector<HTMLInputElement>(`input[aria-label="${label} value"]`);
  await act(async () => field?.focus());
  await write(field, text);
  await act(async () => field?.blur());
}

describe("the settings panel", () => {
  it("folds groups, and opens one that holds something that cannot be used", async () => {
    expect(labelled("LoRA rank")).toBeUndefined();
    await act(async () => button("What is trained")?.click());
    expect(labelled("LoRA rank")?.value).toBe(String(settings().loraRank));
    expect(group("Dynamic sampling")?.querySelector("input")).toBeNull();
    await set({ onlineFiltering: true, filterLow: 0.9, filterHigh: 0.2 });
    expect(alerts()).toEqual([expect.stringContaining("no accuracy lies between 0.9 and 0.2")]);
  });

  it("offers no arithmetic that the device lacks, and says at the field why one from a link cannot be used", async () => {
    await act(async () => useStore.setState({ device: { backend: "webgpu", adapter: "test", features: [] } }));
    const select = () => labelled("Rollout arithmetic") as unknown as HTMLSelectElement | undefined;
    const disabled = () => [...(select()?.options ?? [])].filter((option) => option.disabled).map(({ value }) => value);
    expect(disabled()).toEqual(["f16"]);
    expect([...(select()?.options ?? [])][1]?.title).toContain("no 16-bit arithmetic");
    expect(alerts()).toEqual([]);
    await set({ rolloutArithmetic: "f16" });
    expect(alerts()).toEqual([expect.stringContaining("Rollout arithmetic cannot be used: this GPU has no 16-bit arithmetic")]);
    await act(async () => useStore.setState({ device: { backend: "webgpu", adapter: "test", features: ["shader-f16"] } }));
    expect(disabled()).toEqual([]);
    expect(alerts()).toEqual([]);
  });

  it("finds a setting by its name, an option or its official key, and says where those of other places are", async () => {
    const search = box.querySelector<HTMLElement>('[aria-label="Find a setting"]');
    await write(search, "ppo_epochs");
    expect([...box.querySelectorAll("label")].map((label) => label.textContent)).toEqual(["Passes"]);
    await write(search, "cispo");
    expect([...box.querySelectorAll("label")].map((label) => label.textContent)).toEqual(["Loss"]);
    await write(search, "top-p");
    expect(box.textContent).toContain("Top-p is in Input, under Sampling.");
    await write(search, "no such thing");
    expect(box.textContent).toContain("No setting has these words");
  });

  it.each([
    ["Rollouts per prompt", "1", "one alone has nothing to be compared with. Allowed: 2 to 32, whole numbers."],
    ["Rollouts per prompt", "2.5", "it is not a whole number"],
    ["Learning rate", "NaN", "it is not a number"],
    ["Learning rate", "", "it is not a number"],
    ["Learning rate", "-1", "it is too small. Allowed: 0 to 1."],
  ])("refuses %s = “%s” at the field and keeps the value before", async (label, text, why) => {
    const before = settings();
    await enter(label, text);
    expect(settings()).toBe(before);
    expect(alerts()).toEqual([expect.stringContaining(why)]);
    const field = box.querySelector(`input[aria-label="${label} value"]`);
    expect(field?.getAttribute("aria-invalid")).toBe("true");
    await enter(label, label === "Learning rate" ? "0.5" : "3");
    expect(alerts()).toEqual([]);
    expect(settings()).not.toBe(before);
  });

  it("shows and takes the word for 0", async () => {
    const field = box.querySelector<HTMLInputElement>('input[aria-label="Prompts per update value"]');
    expect(field?.value).toBe("all");
    await enter("Prompts per update", "6");
    expect(settings().promptsPerUpdate).toBe(6);
    await enter("Prompts per update", "0");
    expect(field?.value).toBe("all");
    await enter("Prompts per update", "5");
    expect(alerts()).toEqual([expect.stringContaining("5 prompts per update do not divide 12 prompts per step")]);
  });

  it("disables what has no effect and says why", async () => {
    expect(labelled("β_max, fixed")?.disabled).toBe(true);
    expect(labelled("β_max, fixed")?.closest("[data-disabled]")?.querySelector("label")?.title).toContain("No effect now:");
    await set({ betaMaxRule: "fixed" });
    expect(labelled("β_max, fixed")?.disabled).toBe(false);
  });

  it("offers the levels of the chosen task", async () => {
    const levels = () => [...((labelled("Difficulty") as unknown as HTMLSelectElement)?.options ?? [])].map(({ text }) => text);
    expect(levels()).toContain("Faint");
    await set({ task: "sums" });
    expect(levels()).toContain("Three steps");
    expect(levels()).not.toContain("Faint");
  });

  it("switches dynamic sampling and its limits on and off", async () => {
    await act(async () => button("Dynamic sampling")?.click());
    await act(async () => labelled("Dynamic sampling")?.click());
    expect(settings().onlineFiltering).toBe(true);
    expect(labelled("Accuracy above")?.disabled).toBe(false);
    await act(async () => labelled("Dynamic sampling")?.click());
    expect(settings().onlineFiltering).toBe(false);
    expect(labelled("Accuracy above")?.disabled).toBe(true);
  });
});

describe("the reward editor", () => {
  const code = () => labelled("Reward function");
  const rewards = () => [...box.querySelectorAll('[aria-label="Rewards"] li strong')].map((reward) => reward.textContent);

  // The answer comes from another frame, in its own time: outside of act, React renders as it does on the page.
  async function tryIt(expected: () => void): Promise<void> {
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", false);
    button("Try it")?.click();
    await vi.waitFor(expected, 10_000);
    expect(button("Try it")).toBeDefined();
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  }

  it("appears with the own function, tries its example on a typed answer, and tells an error with its line", async () => {
    expect(code()).toBeUndefined();
    await set({ rewardKind: "custom" });
    await write(labelled("Answer to try it on"), "so \\boxed{3}");
    await write(labelled("True answer"), "3");
    await tryIt(() => expect(rewards()).toEqual(["1"]));
    await write(labelled("True answer"), "4");
    await tryIt(() => expect(rewards()).toEqual(["0.1"]));
    await write(code(), "export default () => {\n  return text;\n};");
    expect(rewards()).toEqual([]);
    const why = expect.stringMatching(/line 2, answer 1\): ReferenceError: text is not defined/);
    await tryIt(() => expect(alerts()).toEqual([why]));
    await write(code(), "");
    expect(alerts()).toEqual([expect.stringContaining("Reward function cannot be used: it is empty")]);
    expect(button("Try it")?.hasAttribute("disabled")).toBe(true);
  });
});
