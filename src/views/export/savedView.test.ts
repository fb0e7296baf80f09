import { beforeEach, describe, expect, it, vi } from "vitest";
import { answerTokens } from "@/client/live";
import { TokenBuffer } from "@/client/tokenBuffer";
import { toBase64 } from "@/lib/base64";
import { useStore } from "@/state/store";
import { readSavedView, savedViewFormat, writeSavedView } from "./savedView";

const image = { width: 4, height: 3, data: Uint8Array.from({ length: 36 }, (_, i) => i * 7) };
const hostile = "<script>alert(1)</script>\u202e\u0000";

function keepAnswer() {
  const buffer = new TokenBuffer();
  buffer.start(1, 1);
  const chunk = {
    rollout: new Int32Array(2),
    ids: Int32Array.of(5, 6),
    stats: Float32Array.from({ length: 14 }, (_, i) => i / 3),
    topIds: Int32Array.of(5, 6, 7, 8),
    topLogp: Float32Array.of(-0.1, -0.2, -0.3, -0.4),
    topOther: Float32Array.of(-1, -2, -3, -4),
  };
  buffer.append(chunk, { 5: hostile, 6: "b", 7: "c", 8: "d" });
  buffer.finishRollout(0, "stop");
  const { keepAnswer: keep, input } = useStore.getState();
  const header = { question: hostile, answer: "3", image, masked: [image], rewards: null, notices: [] };
  keep({ label: "q", source: "live", header, tokens: buffer.snapshot, input, promptTokens: 40, origin: null });
}

beforeEach(() => {
  useStore.setState(useStore.getInitialState());
  vi.stubGlobal("location", { href: "https://example.org/" });
});

describe("a saved view", () => {
  it("brings picture, question, settings and the answer with all its numbers back", async () => {
    useStore.getState().setInput({ image, question: hostile, answer: "3" });
    keepAnswer();
    const view = await readSavedView(await writeSavedView("v=1&k=0.25"));
    expect(view).toMatchObject({ hash: "v=1&k=0.25", question: hostile, knownAnswer: "3", sample: null, pictures: [image] });
    const read = new TokenBuffer();
    if (view.answer) read.put(view.answer.tokens);
    expect(view.answer?.header).toMatchObject({ question: hostile, image, masked: [image] });
    expect(read.stats(0)).toEqual(answerTokens.stats(0));
    expect(read.top(0, 1, 1)).toEqual(answerTokens.top(0, 1, 1));
    expect(read.finished(0)).toBe("stop");
    expect(read.rolloutText(0)).toBe(`${hostile}b`);
  });

  it("without an answer is picture, question and settings", async () => {
    useStore.getState().setInput({ image, question: "q" });
    answerTokens.start(0, 0);
    const view = await readSavedView(await writeSavedView(""));
    expect(view).toMatchObject({ answer: null, question: "q", pictures: [image] });
  });

  async function changed(
    change: (file: Record<string, unknown> & { answer: Record<string, unknown> }) => void,
  ): Promise<unknown> {
    useStore.getState().setInput({ image, question: "q" });
    keepAnswer();
    const file = JSON.parse(await writeSavedView("v=1"));
    change(file);
    return readSavedView(JSON.stringify(file)).then(
      () => "read",
      (error: unknown) => String(error),
    );
  }

  it.each([
    ["another format", (file: Record<string, unknown>) => Object.assign(file, { format: "x" }), "no view of this page"],
    ["a later version", (file: Record<string, unknown>) => Object.assign(file, { version: 2 }), "version 2"],
    ["no question", (file: Record<string, unknown>) => Object.assign(file, { question: 5 }), "field question"],
    [
      "too long a text",
      (file: Record<string, unknown>) => Object.assign(file, { question: "x".repeat(30_000) }),
      "field question",
    ],
    ["a picture that is none", (file: Record<string, unknown>) => Object.assign(file, { pictures: [btoa("<svg/>")] }), "picture"],
  ])("is refused with %s, and told why", async (_, change, why) => {
    expect(await changed(change)).toContain(why);
  });

  it("is refused with missing or damaged numbers", async () => {
    const rollout = { finished: "stop", ids: toBase64(Int32Array.of(1, 2)), stats: "", topIds: "", topLogp: "", topOther: "" };
    expect(await changed(({ answer }) => Object.assign(answer, { rollouts: [rollout] }))).toContain("missing numbers");
    expect(await changed(({ answer }) => Object.assign(answer, { rollouts: [{ ...rollout, ids: "%" }] }))).toContain("damaged");
    expect(await changed(({ answer }) => Object.assign(answer, { rollouts: [] }))).toContain("field answer.rollouts");
  });

  it("is refused when it is no JSON at all", async () => {
    await expect(readSavedView("PK\u0003")).rejects.toThrow("no JSON");
    await expect(readSavedView('"text"')).rejects.toThrow("no view");
    expect(savedViewFormat).toBe("vppo-playground/view");
  });
});
