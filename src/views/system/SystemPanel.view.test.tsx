import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { userEvent } from "vitest/browser";
import "@/app/theme.css";
import { engineClient } from "@/client/engineClient";
import type { ModelReport } from "@/protocol/engine";
import type { JobReport, SystemReport } from "@/protocol/system";
import { useExports } from "@/state/exportSources";
import { useStore } from "@/state/store";
import { SystemPanel } from "./SystemPanel";
import { useSystem } from "./systemStore";

const start = useStore.getState();
const mib = 2 ** 20;
let root: Root;
let box: HTMLElement;

const model: ModelReport = {
  name: "shapes-vlm",
  family: "SmolVLM",
  parameters: 1e6,
  sizeBytes: mib,
  precision: { text: "int8", vision: "int8", head: "int8", groupSize: 32 },
  contextTokens: 1024,
  vocabularySize: 320,
};
const memory: JobReport["memory"] = [
  { what: "weights", bytes: 4 * mib, peakBytes: 4 * mib, buffers: 120 },
  { what: "trained", bytes: 0, peakBytes: 0, buffers: 0 },
  { what: "cache", bytes: 0, peakBytes: 2 * mib, buffers: 0 },
  { what: "step", bytes: 0, peakBytes: 1.5 * mib, buffers: 0 },
  { what: "work", bytes: mib / 2, peakBytes: 12 * mib, buffers: 9 },
];
const work = {
  dispatches: 800,
  submits: 12,
  passes: 14,
  maps: 10,
  mapBytes: 2000,
  uploads: 60,
  uploadBytes: 4096,
  bindGroups: 300,
  buffers: 44,
  pipelines: 3,
};
const answer: JobReport = {
  kind: "answer",
  elapsedMs: 2000,
  phases: [
    { name: "preparing", ms: 20 },
    { name: "pictures", ms: 380 },
    { name: "prompt", ms: 600 },
    { name: "decoding", ms: 1000 },
  ],
  memory,
  work,
  tokens: 20,
  decodeSteps: 10,
  rows: 300,
  productsPerRow: 1,
};
const step: JobReport = {
  ...answer,
  kind: "step",
  elapsedMs: 5000,
  phases: [
    { name: "rollouts", ms: 2000 },
    { name: "scoring", ms: 500 },
    { name: "update", ms: 2500 },
  ],
  productsPerRow: 3,
};
const report: SystemReport = {
  tensors: 210,
  gpuBytes: 6 * mib,
  gpuPeakBytes: 20 * mib,
  purposes: memory,
  idle: { bytes: 1.5 * mib, buffers: 30 },
  plan: {
    lines: [
      { what: "KV cache", bytes: 8 * mib },
      { what: "decoding", bytes: 16 * mib },
      { what: "training step", bytes: 24 * mib },
      { what: "trained weights", bytes: mib },
    ],
    weightBytes: 4 * mib,
    peakBytes: 30 * mib,
    budgetBytes: 1024 * mib,
    fits: true,
  },
  decoder: { stepBytes: 3e6, weights: 1e6 },
  hasTimestamps: true,
};

const region = (name: string) => box.querySelector<HTMLElement>(`section[aria-label="${name}"]`);
const rowOf = (table: string, name: string) =>
  [...(region(table)?.querySelectorAll("tbody tr") ?? [])]
    .find((row) => row.querySelector("th")?.textContent === name)
    ?.querySelectorAll("td");
const cells = (table: string, name: string) => Array.from(rowOf(table, name) ?? [], (cell) => cell.textContent);

async function show(told: SystemReport, backend: "webgpu" | "wasm" = "webgpu"): Promise<void> {
  vi.spyOn(engineClient, "system").mockResolvedValue(told);
  useStore.setState({
    device: { backend, adapter: "Test adapter", features: [] },
    model: { status: "ready", model, times: null },
  });
  await act(async () => root.render(<SystemPanel />));
}

/** The figure without the names of its styles, which the build makes. */
function drawing(label: string): string | undefined {
  const svg = box.querySelector(`figure[aria-label="${label}"] svg`);
  for (const element of svg ? [svg, ...svg.querySelectorAll("*")] : []) element.removeAttribute("class");
  return svg?.outerHTML;
}

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  box = document.createElement("div");
  box.style.width = "900px";
  document.body.append(box);
  root = createRoot(box);
});

afterEach(async () => {
  await act(async () => root.unmount());
  box.remove();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  useStore.setState(start, true);
  useSystem.setState({ report: null, roofs: null, isMeasuring: false, timesKernels: false });
});

describe("the System tab", () => {
  it("draws where the time of an answer and of a step went, with kernels below their phase", async () => {
    const kernels = {
      kernels: [
        { phase: "decoding", name: "linear.few", calls: 70, ms: 600 },
        { phase: "decoding", name: "attention", calls: 10, ms: 200 },
        { phase: "prompt", name: "linear.many", calls: 7, ms: 500 },
      ],
      stepNs: 100_000,
      untimed: 0,
    };
    await show({ ...report, answer: { ...answer, kernels }, step });
    expect(drawing("Last answer")).toMatchSnapshot();
    expect(drawing("Last training step")).toMatchSnapshot();
    expect(cells("Last answer, time by phase", "Decode").slice(0, 2)).toEqual(["1 s", "50 %"]);
    expect(cells("Last answer, time by kernel", "linear.few, decode")).toEqual(["600 ms", "46.2 %", "70", "8.57 ms"]);
    expect(region("Kernels")?.textContent).toContain("smallest difference of two times was 100 µs");
  });

  it("tells which kernels the adapter uses and how they were chosen", async () => {
    const variants = { fewRows: 8, longKeys: 2048 };
    await show({ ...report, kernels: { from: "measurement", variants } });
    expect(region("Device")?.textContent).toContain(
      "the quickest here, measured when the model was loaded (fewRows 8, longKeys 2048)",
    );
    useSystem.setState({ report: { ...report, kernels: { from: "standard", variants } } });
    await expect
      .poll(() => region("Device")?.textContent)
      .toContain("standard choice, because this adapter computes in software");
  });

  it("tells memory by purpose beside the most of the last jobs and the plan, and the sum of all buffers", async () => {
    await show({ ...report, answer });
    expect(cells("GPU memory by purpose", "Weights")).toEqual(["4 MiB", "120", "4 MiB", "–", "4 MiB"]);
    expect(cells("GPU memory by purpose", "Keys and values")).toEqual(["0 B", "0", "2 MiB", "–", "8 MiB"]);
    expect(cells("GPU memory by purpose", "All").slice(0, 2)).toEqual(["6 MiB", "159"]);
    expect(
      useExports
        .getState()
        .sources.find(({ id }) => id === "system-memory")
        ?.table?.().rows,
    ).toHaveLength(5);
  });

  it("tells the work of a job in all and per token", async () => {
    await show({ ...report, answer, step: { ...step, tokens: 40 } });
    expect(cells("Work on the GPU", "Dispatches")).toEqual(["800", "40", "800", "20"]);
    expect(cells("Work on the GPU", "Readbacks")).toEqual(["10", "0.5", "10", "0.25"]);
    expect(region("Work and time")?.textContent).toContain("20 tokens in 2 s: 10 tokens/s");
  });

  it("measures the adapter on request and says how near the last jobs came", async () => {
    await show({ ...report, answer, step });
    expect(cells("Achieved rates", "Decode").slice(0, 3)).toEqual(["0.03 GB/s", "not measured", "–"]);
    const roofs = { bytesPerSecond: 0.3e9, flopsPerSecond: 10e9, copyBytes: 64 * mib };
    const measure = vi.spyOn(engineClient, "measureAdapter").mockResolvedValue(roofs);
    await userEvent.click(region("Roofline")?.querySelector("button") as HTMLButtonElement);
    expect(measure).toHaveBeenCalledOnce();
    expect(cells("Achieved rates", "Decode").slice(0, 3)).toEqual(["0.03 GB/s", "0.3 GB/s", "10 %"]);
    expect(cells("Achieved rates", "Prefill").slice(0, 3)).toEqual(["1 GFLOP/s", "10 GFLOP/s", "10 %"]);
    expect(region("Roofline")?.textContent).toContain("copy of 64 MiB");
  });

  it("switches the measuring of kernels on, and off again when the tab goes", async () => {
    const measure = vi.spyOn(engineClient, "measureKernels").mockResolvedValue();
    await show({ ...report, answer });
    await userEvent.click(region("Kernels")?.querySelector('[role="switch"]') as HTMLElement);
    expect(measure).toHaveBeenLastCalledWith(true);
    await act(async () => root.render(null));
    expect(measure).toHaveBeenLastCalledWith(false);
  });

  it("reads again when an answer has ended", async () => {
    await show(report);
    expect(region("Work and time")?.textContent).toContain("Ask a question or train a step");
    vi.spyOn(engineClient, "system").mockResolvedValue({ ...report, answer });
    await act(async () => useStore.getState().setAsk({ status: "finished", tokensPerSecond: 10, stopped: false }));
    expect(cells("Work on the GPU", "Submits")[0]).toBe("12");
  });

  it("says what is missing without a GPU and without timestamps, and starts no engine before a model is there", async () => {
    const { work: _, ...onProcessor } = answer;
    await show({ ...report, purposes: [], hasTimestamps: false, answer: { ...onProcessor, memory: [] } }, "wasm");
    expect(region("Work and time")?.textContent).toContain("counted on WebGPU only");
    expect(region("Memory")?.textContent).toContain("on WebGPU only");
    expect(region("Kernels")?.textContent).toContain("timed on WebGPU only");
    expect(region("Roofline")?.textContent).toContain("measured on WebGPU only");
    await act(async () => useStore.setState({ device: { backend: "webgpu", adapter: "Test adapter", features: [] } }));
    expect(region("Kernels")?.textContent).toContain("no timestamp queries");
    const system = vi.mocked(engineClient.system);
    system.mockClear();
    await act(async () => useStore.setState({ model: { status: "none" } }));
    expect(system).not.toHaveBeenCalled();
    expect(region("Memory")?.textContent).toContain("Known once a model is loaded");
  });
});
