import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useStore } from "@/state/store";
import { SystemPanel } from "@/views/system/SystemPanel";
import { FallbackNote } from "./Notes";
import { StatusBar } from "./StatusBar";

const start = useStore.getState();
let root: Root;
let box: HTMLElement;

beforeEach(async () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  useStore.setState(start, true);
  box = document.body.appendChild(document.createElement("div"));
  root = createRoot(box);
});
afterEach(() => {
  act(() => root.unmount());
  box.remove();
  vi.unstubAllGlobals();
});
const show = (element: React.ReactNode) => act(async () => root.render(element));
const status = () => box.querySelector("[role=status]");

describe("StatusBar", () => {
  it("keeps every message until it is dismissed, errors first", async () => {
    const { notify } = useStore.getState();
    notify("error", "The model broke.");
    notify("notice", "The link is copied.");
    await show(<StatusBar />);
    expect(status()?.textContent).toBe("The model broke.1 more");
    await act(async () => status()?.querySelector<HTMLElement>("[aria-expanded=false]")?.click());
    expect(status()?.textContent).toContain("The link is copied.");
    await act(async () => box.querySelector<HTMLElement>('[aria-label="Dismiss: The model broke."]')?.click());
    expect(status()?.textContent).toBe("The link is copied.");
  });

  it("shows the running job and how far it is, outside the announced part", async () => {
    useStore.getState().setTraining({ status: "running", step: 4, phase: "scoring", done: 3, total: 12, pausing: false });
    await show(<StatusBar />);
    const progress = box.querySelector("progress");
    expect(progress?.getAttribute("aria-label")).toBe("Training step 5: scoring");
    expect(progress?.value).toBe(0.25);
    expect(status()?.contains(progress)).toBe(false);
  });

  it("shows bytes while the model loads", async () => {
    const progress = { files: [], doneBytes: 1048576, totalBytes: 2097152, cachedBytes: 0, bytesPerSecond: 0, paused: true };
    useStore.getState().setModel({ status: "loading", name: "owner/model", plan: null, progress });
    await show(<StatusBar />);
    expect(box.textContent).toContain("Loading owner/model (1 MiB of 2 MiB, paused)");
  });
});

describe("without WebGPU", () => {
  const fallback = { reason: "This browser has no WebGPU.", advice: "Use Chrome 113 or newer." };

  it("says why and what to switch on, at the top and in the System tab", async () => {
    useStore.getState().setDevice({ backend: "wasm", adapter: "CPU", features: [], fallback });
    await show(
      <>
        <FallbackNote />
        <SystemPanel />
      </>,
    );
    expect(box.querySelector("[role=alert]")?.textContent).toContain("This browser has no WebGPU. Use Chrome 113 or newer.");
    expect(box.querySelector("[aria-label=Device]")?.textContent).toContain("WebAssembly (CPU)");
    expect(box.querySelector("[aria-label=Device]")?.textContent).toContain(fallback.advice);
  });

  it("says nothing where WebGPU is used", async () => {
    useStore.getState().setDevice({ backend: "webgpu", adapter: "SwiftShader", features: ["subgroups"] });
    await show(<FallbackNote />);
    expect(box.textContent).toBe("");
  });
});
