import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ModelReport } from "@/protocol/engine";
import { useStore } from "@/state/store";
import { PromptPanel } from "./PromptPanel";

const model: ModelReport = {
  name: "test",
  family: "smolvlm",
  parameters: 1,
  sizeBytes: 1,
  precision: { text: "f32", vision: "f32", head: "f16", groupSize: 32 },
  imageSize: 32,
  contextTokens: 64,
  vocabularySize: 8,
};
const start = useStore.getState();
let root: Root;
let box: HTMLElement;

beforeEach(async () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  useStore.setState(start, true);
  box = document.body.appendChild(document.createElement("div"));
  root = createRoot(box);
  await act(async () => root.render(<PromptPanel />));
});
afterEach(() => {
  act(() => root.unmount());
  box.remove();
  vi.unstubAllGlobals();
});

const named = (label: string) => box.querySelector<HTMLElement>(`[aria-label="${label}"]`);
const button = (text: string) => [...box.querySelectorAll("button")].find((one) => one.textContent === text);
const pictures = () => [...(named("Image")?.querySelectorAll("canvas") ?? [])];
const pixels = (canvas: HTMLCanvasElement | undefined) => [
  ...(canvas?.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? []),
];

/** Pastes a file and waits until the store says what became of it. */
async function paste(file: File) {
  const data = new DataTransfer();
  data.items.add(file);
  await act(async () => {
    const { input, messages } = useStore.getState();
    const settled = new Promise<void>((resolve) => {
      const stop = useStore.subscribe((state) => {
        if (state.input === input && state.messages === messages) return;
        stop();
        setTimeout(resolve, 0);
      });
    });
    window.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    await settled;
  });
}

async function pngFile(width: number, height: number): Promise<File> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
  context.fillStyle = "rgb(10 200 30)";
  context.fillRect(0, 0, width, height);
  return new File([await canvas.convertToBlob({ type: "image/png" })], "green.png", { type: "image/png" });
}

describe("PromptPanel", () => {
  it("asks for a picture while there is none", () => {
    expect(named("Image")?.textContent).toContain("Drop or paste a picture");
    expect(pictures()).toHaveLength(0);
  });

  it("sets picture, question and answer from a sample, with the masked twin beside it", async () => {
    const sample = box.querySelector<HTMLButtonElement>("[aria-label=Samples] li button");
    await act(async () => sample?.click());
    const { input } = useStore.getState();
    expect(input.answer).toBe("3");
    expect((named("Question") as HTMLElement).querySelector("textarea")?.value).toBe(input.question);
    expect(sample?.getAttribute("aria-pressed")).toBe("true");
    const [original, masked] = pictures();
    expect(pixels(original)).not.toEqual(pixels(masked));
    expect(pixels(masked).filter((value, i) => i % 4 !== 3 && value === 0).length).toBeGreaterThan(64 * 64);
  });

  it("draws another mask for another seed and leaves the original alone", async () => {
    await act(async () => box.querySelector<HTMLButtonElement>("[aria-label=Samples] li button")?.click());
    const before = pictures().map(pixels);
    await act(async () => named("Draw another mask")?.click());
    const after = pictures().map(pixels);
    expect(useStore.getState().settings.maskSeed).toBe(2);
    expect(after[0]).toEqual(before[0]);
    expect(after[1]).not.toEqual(before[1]);
  });

  it("takes a pasted picture and shows it in the size the model sees", async () => {
    await act(async () => useStore.getState().setModel({ status: "ready", model, times: null }));
    await paste(await pngFile(48, 40));
    expect(pictures()).toHaveLength(2);
    expect(useStore.getState().input).toMatchObject({ sample: null, answer: null, image: { width: 48, height: 40 } });
    expect([pictures()[0]?.width, pictures()[0]?.height]).toEqual([32, 32]);
    expect(pixels(pictures()[0]).slice(0, 4)).toEqual([10, 200, 30, 255]);
  });

  it("shows the picture in its own size, within the limits, for a model whose picture size follows the picture", async () => {
    const { imageSize: _, ...free } = model;
    await act(async () => useStore.getState().setModel({ status: "ready", model: free, times: null }));
    await paste(await pngFile(48, 40));
    expect([pictures()[0]?.width, pictures()[0]?.height]).toEqual([48, 40]);
    expect(box.textContent).toContain("Max pixels");
    await act(async () => useStore.getState().setSetting("maxPixels", 480));
    expect([pictures()[0]?.width, pictures()[0]?.height]).toEqual([24, 20]);
  });

  it("says what is wrong with a file, here and in the messages, and keeps the picture there was", async () => {
    await act(async () => box.querySelector<HTMLButtonElement>("[aria-label=Samples] li button")?.click());
    const before = useStore.getState().input.image;
    await paste(new File(["this is a text"], "notes.png", { type: "image/png" }));
    expect(box.querySelector("[role=alert]")?.textContent).toMatch(/cannot be used as a picture/);
    expect(useStore.getState().messages.map(({ tone }) => tone)).toEqual(["error"]);
    expect(useStore.getState().input.image).toBe(before);
  });

  it("cannot ask without a model and says why", async () => {
    expect(button("Ask")?.disabled).toBe(true);
    expect(box.textContent).toContain("No model is loaded yet.");
    await act(async () => useStore.getState().setModel({ status: "ready", model, times: null }));
    expect(button("Ask")?.disabled).toBe(false);
  });

  it("answers Ask with an empty question by saying what is missing", async () => {
    await act(async () => useStore.getState().setModel({ status: "ready", model, times: null }));
    await act(async () => box.querySelector<HTMLButtonElement>("[aria-label=Samples] li button")?.click());
    await act(async () => useStore.getState().setInput({ question: "  " }));
    await act(async () => button("Ask")?.click());
    expect(box.querySelector("[role=alert]")?.textContent).toBe(
      "Nothing was asked: the question is empty. Type a question about the image.",
    );
  });

  it("has Stop only while an answer is running", async () => {
    expect(button("Stop")?.disabled).toBe(true);
    await act(async () => useStore.getState().setAsk({ status: "running", rollouts: 8 }));
    expect(button("Stop")?.disabled).toBe(false);
    expect(button("Ask")?.disabled).toBe(true);
  });

  it("takes the region of the mask from number fields", async () => {
    await act(async () => box.querySelector<HTMLButtonElement>("[aria-label=Samples] li button")?.click());
    await act(async () => useStore.getState().setSetting("maskStrategy", "region"));
    await act(async () => useStore.getState().setRegion([0, 0, 0.5, 1]));
    const masked = pixels(pictures()[1]);
    // Left half black, right half as it was.
    expect(masked.slice(0, 3)).toEqual([0, 0, 0]);
    expect(masked.slice(63 * 4, 63 * 4 + 4)).toEqual(pixels(pictures()[0]).slice(63 * 4, 63 * 4 + 4));
    expect(named("Right edge of the region in percent")).toHaveProperty("value", "50");
  });

  it("adds up to seven pictures behind the first, removes one, and forgets them with a sample", async () => {
    const pickSample = () => act(async () => box.querySelector<HTMLButtonElement>("[aria-label=Samples] li button")?.click());
    const add = async (file: File) => {
      const data = new DataTransfer();
      data.items.add(file);
      const field = named("File of another picture") as HTMLInputElement;
      field.files = data.files;
      await act(async () => {
        const { input } = useStore.getState();
        field.dispatchEvent(new Event("change", { bubbles: true }));
        await vi.waitFor(() => expect(useStore.getState().input).not.toBe(input));
        await new Promise((resolve) => setTimeout(resolve, 0));
      });
    };
    expect(button("Add a picture")).toBeUndefined();
    await pickSample();
    for (let width = 10; width < 17; width++) await add(await pngFile(width, 8));
    expect(button("8 pictures at most")?.disabled).toBe(true);
    expect(named("Picture 8")).not.toBeNull();
    expect(box.textContent).toContain("Each picture gets a mask of its own");
    await act(async () => named("Remove picture 3")?.click());
    expect(useStore.getState().input.moreImages.map(({ width }) => width)).toEqual([10, 12, 13, 14, 15, 16]);
    expect(named("Picture 8")).toBeNull();
    expect(button("Add a picture")?.disabled).toBe(false);
    await pickSample();
    expect(useStore.getState().input.moreImages).toEqual([]);
  });
});
