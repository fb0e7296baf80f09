// Region, occlusion map, further masks and the check of the map, against an engine that is known to look at one place.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answerTokens, setAnswerHeader } from "@/client/live";
import { randomRollout, randomTexts, randomTopK } from "@/client/test/randomAnswer";
import { tokenOverlay } from "@/client/tokenOverlay";
import type { RgbImage } from "@/image/rgbImage";
import type { ModelReport } from "@/protocol/engine";
import { useStore } from "../store";
import { lookedAtNats, passes, sent, speed } from "../test/lookingEngine";
import { deletionResult, measureDeletion } from "./deletionJob";
import { stopLooking, useLook } from "./look";
import { watchLook } from "./lookWatch";
import { maskDraws, measureDraws, showDraws } from "./maskDrawsJob";
import { mayBeginUnasked, measureOcclusion } from "./occlusionJob";
import { occlusionMap } from "./occlusionMap";
import { regionResult } from "./regionJob";

vi.mock("@/client/engineClient", async () => ({ engineClient: (await import("../test/lookingEngine")).lookingEngine }));

const picture: RgbImage = { width: 8, height: 8, data: new Uint8Array(192).fill(99) };
const model: ModelReport = {
  name: "seer",
  family: "SmolVLM",
  parameters: 1,
  sizeBytes: 1,
  precision: { text: "f32", vision: "f32", head: "f32", groupSize: 32 },
  imageSize: 8,
  contextTokens: 64,
  vocabularySize: 8,
};
const first = { rollout: 0, start: 0, end: 0 };
const second = { rollout: 0, start: 1, end: 1 };
const status = (kind: keyof ReturnType<typeof useLook.getState>["statuses"]) => useLook.getState().statuses[kind];

function showAnswer(writtenBy = "seer") {
  answerTokens.start(2, randomTopK);
  for (const rollout of [0, 1]) answerTokens.append(randomRollout(rollout, 6), randomTexts);
  const origin = { model: writtenBy, picture };
  setAnswerHeader({ question: "Where?", answer: null, image: picture, masked: [picture], rewards: null, notices: [], origin });
  useStore.getState().setInput({ image: picture });
}

beforeEach(() => {
  // Notifications are batched per frame where there is a page.
  vi.stubGlobal("document", { hidden: true });
  useStore.getState().setModel({ status: "ready", model, times: null });
  showAnswer();
  watchLook();
  passes();
  sent.length = 0;
});
afterEach(() => {
  useStore.getState().setRegion(null);
  useLook.getState().set({ cell: null, isHeld: false });
  vi.unstubAllGlobals();
});

describe("a region", () => {
  it("takes one pass, colours the tokens by what they lose, and goes with the overlay", async () => {
    useStore.getState().setRegion([0.25, 0.25, 0.5, 0.375]);
    await vi.waitFor(() => expect(regionResult()).not.toBeNull());
    expect(passes()).toBe(1);
    expect(tokenOverlay()?.label).toBe("Depends on the region");
    expect(tokenOverlay()?.values.map(([value]) => value)).toEqual([lookedAtNats / 2, lookedAtNats / 2]);
    expect(status("region")).toMatchObject({ status: "done", passes: 1 });
    tokenOverlay()?.clear();
    expect(useStore.getState().region).toBeNull();
    expect(tokenOverlay()).toBeNull();
    expect(regionResult()).toBeNull();
  });

  it("is measured when the drag is over, and only as it was then", async () => {
    useLook.getState().set({ isDragging: true });
    for (const edge of [0.3, 0.4, 0.5]) useStore.getState().setRegion([0, 0, edge, edge]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(passes()).toBe(0);
    useLook.getState().set({ isDragging: false });
    await vi.waitFor(() => expect(regionResult()?.region).toEqual([0, 0, 0.5, 0.5]));
    expect(passes()).toBe(1);
  });

  it("waits with a reason for the model, for an answer, and for the picture that the answer is about", async () => {
    const { setModel, setRegion, setInput } = useStore.getState();
    setModel({ status: "none" });
    setRegion([0, 0, 1, 1]);
    await vi.waitFor(() =>
      expect(status("region")).toMatchObject({ status: "waiting", why: expect.stringMatching(/No model is loaded/) }),
    );
    setModel({ status: "ready", model: { ...model, name: "another" }, times: null });
    await vi.waitFor(() =>
      expect(status("region")).toMatchObject({ why: expect.stringMatching(/tokens of seer, and another is loaded/) }),
    );
    setModel({ status: "ready", model, times: null });
    setInput({ image: { width: 1, height: 1, data: new Uint8Array(3) } });
    setRegion([0, 0, 0.5, 1]);
    await vi.waitFor(() => expect(status("region")).toMatchObject({ why: expect.stringMatching(/about another picture/) }));
    expect(passes()).toBe(0);
    setInput({ image: picture });
    setRegion([0, 0, 0.5, 0.9]);
    await vi.waitFor(() => expect(regionResult()).not.toBeNull());
  });
});

describe("an occlusion map", () => {
  it("finds the place, refines it, and has its mean and spread over the fills", async () => {
    await measureOcclusion(first, { asked: true });
    const map = occlusionMap(0);
    const leaves = map?.leaves(first) ?? [];
    const strong = leaves.filter(({ spread }) => spread.mean > 0);
    // The four patches of one coarse cell; the other fifteen stay whole.
    expect(leaves).toHaveLength(19);
    expect(strong.map(({ cell }) => [cell.row, cell.column])).toEqual([
      [2, 2],
      [2, 3],
      [3, 2],
      [3, 3],
    ]);
    for (const { spread, density, isNoise } of strong) {
      expect(spread.count).toBe(4);
      expect(spread.mean).toBeCloseTo((lookedAtNats / 4) * 1.025);
      expect(spread.sd).toBeCloseTo((lookedAtNats / 4) * Math.sqrt((0.125 ** 2 + 0.025 ** 2 + 2 * 0.075 ** 2) / 3));
      expect(density).toBe(spread.mean);
      expect(isNoise).toBe(false);
    }
    expect(map?.whole(first).mean).toBeCloseTo(lookedAtNats * 1.025);
    expect(passes()).toBe((1 + 16 + 4) * 4);
  });

  it("serves every token: another one costs only what it looks at more closely, and the same one nothing", async () => {
    await measureOcclusion(first, { asked: true });
    passes();
    await measureOcclusion(first, { asked: true });
    expect(passes()).toBe(0);
    expect(occlusionMap(0)?.leaves(second)).toHaveLength(19);
    expect(occlusionMap(1)).toBeNull();
  });

  it("can be stopped, keeps what it has, and goes on from there", async () => {
    const running = measureOcclusion(first, { asked: true });
    await vi.waitFor(() => expect(occlusionMap(0)?.leaves(first).length).toBeGreaterThan(4));
    expect(stopLooking()).toBe(true);
    await running;
    const had = passes();
    expect(had).toBeLessThan(84);
    expect(status("occlusion")).toEqual({ status: "idle" });
    await measureOcclusion(first, { asked: true });
    // What was stopped in the middle of a pass is measured again.
    expect(had + passes()).toBeLessThanOrEqual(85);
    expect(occlusionMap(0)?.leaves(first)).toHaveLength(19);
  });

  it("gives way to a question at once, and is void for the next answer", async () => {
    const running = measureOcclusion(first, { asked: true });
    await vi.waitFor(() => expect(occlusionMap(0)).not.toBeNull());
    useStore.getState().setAsk({ status: "running", rollouts: 2 });
    await running;
    expect(status("occlusion")).toEqual({ status: "idle" });
    expect(passes()).toBeLessThan(84);
    await measureOcclusion(first, { asked: true });
    expect(status("occlusion")).toMatchObject({ why: "The answer is still being written." });
    useStore.getState().setAsk({ status: "idle" });
    showAnswer();
    expect(occlusionMap(0)).toBeNull();
  });

  it("begins by itself where passes have proved quick or on a GPU, and never where they are slow or the engine is taken", async () => {
    const { setDevice, setAsk, setModel } = useStore.getState();
    const gpu = { backend: "webgpu", adapter: "nvidia, ada", features: [] } as const;
    // Another model: nothing is known of its speed.
    setModel({ status: "none" });
    setModel({ status: "ready", model, times: null });
    setDevice(gpu);
    expect(mayBeginUnasked()).toBe(true);
    setDevice({ ...gpu, adapter: "google, swiftshader" });
    expect(mayBeginUnasked()).toBe(false);
    speed.passMs = 500;
    setDevice(gpu);
    await measureOcclusion(first, { asked: false });
    expect(passes()).toBe(4);
    expect(status("occlusion")).toEqual({ status: "waiting", why: "It takes about 32 s here, so it waits for you." });
    expect(mayBeginUnasked()).toBe(false);
    speed.passMs = 1;
    await measureOcclusion(first, { asked: true });
    setDevice({ ...gpu, adapter: "google, swiftshader" });
    expect(mayBeginUnasked()).toBe(true);
    setAsk({ status: "running", rollouts: 1 });
    expect(mayBeginUnasked()).toBe(false);
    setAsk({ status: "idle" });
  });

  it("tints the tokens by the cell that is pointed at, over what lies there, and brings it back", async () => {
    await measureOcclusion(first, { asked: true });
    useStore.getState().setRegion([0, 0, 1, 1]);
    await vi.waitFor(() => expect(tokenOverlay()?.label).toBe("Depends on the region"));
    useLook.getState().set({ cell: "2.2.1.1" });
    expect(tokenOverlay()?.label).toMatch(/cell under the pointer/);
    expect(tokenOverlay()?.values[0]?.[0]).toBeCloseTo((lookedAtNats / 4) * 1.025);
    expect(tokenOverlay()?.values[1]).toHaveLength(0);
    useLook.getState().set({ isHeld: true });
    expect(tokenOverlay()).toMatchObject({ signed: true });
    useLook.getState().set({ isHeld: false, cell: null });
    expect(tokenOverlay()?.label).toBe("Depends on the region");
  });
});

describe("further masks", () => {
  it("are one call with masks of their own, and colour the tokens by mean and spread", async () => {
    await measureDraws(4);
    expect(sent).toHaveLength(1);
    expect(new Set(sent[0]?.masks.map(({ seed }) => seed)).size).toBe(4);
    expect(maskDraws()?.stats).toHaveLength(4);
    showDraws("sd");
    expect(tokenOverlay()?.label).toBe("Spread (sd) over 4 masks");
    expect(tokenOverlay()?.values[0]?.[1]).toBeGreaterThan(0);
    showDraws("sd");
    expect(tokenOverlay()).toBeNull();
  });
});

describe("the check of a map", () => {
  it("says that the map finds what the token hangs on, and that there is nothing to find for another", async () => {
    await measureDeletion(first);
    expect(status("deletion")).toMatchObject({ why: expect.stringMatching(/no occlusion map/) });
    await measureOcclusion(first, { asked: true });
    passes();
    await measureDeletion(first);
    expect(passes()).toBe(5 * (4 + 12));
    const found = deletionResult();
    expect(found?.verdict).toMatchObject({ verdict: "better", drawn: 12 });
    // Four of 64 patches are the place: a tenth of the picture holds it, and more costs no more.
    const black = found?.map[1] ?? [];
    expect(black[0]).toBeCloseTo(-0.5);
    expect(black[2]).toBeCloseTo(-0.5 - lookedAtNats);
    expect(black[5]).toBeCloseTo(-0.5 - lookedAtNats);
    await measureDeletion(second);
    expect(deletionResult()?.verdict.verdict).toBe("noise");
  });
});
