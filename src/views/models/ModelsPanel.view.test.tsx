import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { userEvent } from "vitest/browser";
import "@/app/theme.css";
import { engineClient } from "@/client/engineClient";
import type { LoadEvent, LoadRequest, ModelReport } from "@/protocol/engine";
import type { CacheReport, LoadProgress, MemoryPlan, ModelPreview } from "@/protocol/model";
import { tokenStorageKey } from "@/state/models/modelChoice";
import { useStore } from "@/state/store";
import { SystemPanel } from "@/views/system/SystemPanel";
import { ModelsPanel } from "./ModelsPanel";

const start = useStore.getState();
const gib = 2 ** 30;
let root: Root;
let box: HTMLElement;

const plan: MemoryPlan = {
  lines: [
    { what: "text weights", bytes: gib },
    { what: "KV cache", bytes: gib / 2 },
  ],
  weightBytes: gib,
  peakBytes: 1.5 * gib,
  budgetBytes: 2 * gib,
  fits: true,
};
const preview: ModelPreview = {
  name: "Qwen/Qwen3-VL-2B-Instruct",
  family: "Qwen3-VL",
  parameters: 2.13e9,
  downloadBytes: 4.25e9,
  cachedBytes: 0,
  revision: "0123456789abcdef",
  plan,
};
const tooLarge: MemoryPlan = {
  ...plan,
  peakBytes: 3 * gib,
  fits: false,
  proposal: {
    precision: { text: "int4", vision: "int4", head: "int4", groupSize: 32 },
    use: { contextTokens: 512, rollouts: 8, loraRank: 8 },
    peakBytes: 1.8 * gib,
  },
};
const report: ModelReport = {
  name: "Qwen/Qwen3-VL-2B-Instruct",
  family: "Qwen3-VL",
  parameters: 2.13e9,
  sizeBytes: gib,
  precision: { text: "int8", vision: "int8", head: "int8", groupSize: 32 },
  contextTokens: 1024,
  vocabularySize: 151_936,
};
const progress: LoadProgress = {
  files: [{ name: "model-00001-of-00002.safetensors", loadedBytes: gib, totalBytes: 2 * gib }],
  doneBytes: 0.84 * gib,
  totalBytes: 2 * gib,
  cachedBytes: 0.25 * gib,
  bytesPerSecond: 20 * 2 ** 20,
  secondsLeft: 95,
  paused: false,
};
const emptyCache: CacheReport = { models: [], usedBytes: 0, quotaBytes: 60 * gib };

/** The engine behind the client's border: answers what the test wants, and remembers what it was asked. */
function fakeEngine(answers: { readonly preview?: ModelPreview; readonly cache?: CacheReport } = {}) {
  let settle: { resolve: (model: ModelReport) => void; reject: (error: unknown) => void; send: (event: LoadEvent) => void };
  return {
    inspect: vi.spyOn(engineClient, "inspect").mockImplementation(async () => answers.preview ?? preview),
    load: vi
      .spyOn(engineClient, "load")
      .mockImplementation((_: LoadRequest, send) => new Promise((resolve, reject) => (settle = { resolve, reject, send }))),
    pause: vi.spyOn(engineClient, "pauseLoad").mockResolvedValue(),
    stop: vi
      .spyOn(engineClient, "stop")
      .mockImplementation(async () => settle.reject({ name: "AbortError", message: "Stopped." })),
    cachedModels: vi.spyOn(engineClient, "cachedModels").mockImplementation(async () => answers.cache ?? emptyCache),
    deleteCached: vi.spyOn(engineClient, "deleteCached").mockResolvedValue(emptyCache),
    send: (event: LoadEvent) => act(async () => settle.send(event)),
    finish: () => act(async () => settle.resolve(report)),
    fail: (message: string) => act(async () => settle.reject({ name: "DownloadError", message, expected: true })),
  };
}

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  localStorage.clear();
  useStore.setState(start, true);
  box = document.body.appendChild(document.createElement("div"));
  box.style.cssText = "width: 1120px; height: 820px";
  root = createRoot(box);
});
afterEach(() => {
  act(() => root.unmount());
  box.remove();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const show = () => act(async () => root.render(<ModelsPanel />));
const named = (role: string, name: string | RegExp) =>
  [...box.querySelectorAll<HTMLElement>(role)].filter((one) => {
    const text = one.getAttribute("aria-label") ?? one.textContent ?? "";
    return typeof name === "string" ? text === name : name.test(text);
  });
const button = (name: string | RegExp) => {
  const [found] = named("button", name) as HTMLButtonElement[];
  if (!found) throw new Error(`no button ${name}; there are ${named("button", /./).map((one) => one.textContent)}`);
  return found;
};
const press = (name: string | RegExp) => act(async () => button(name).click());
const field = (label: string) => {
  const found = [...box.querySelectorAll("label")].find((one) => one.textContent?.trim() === label);
  return (found?.control ?? found?.querySelector("input")) as HTMLInputElement;
};
const pause = (ms: number) => act(() => new Promise<void>((resolve) => setTimeout(resolve, ms)));
const row = (name: string) => button(new RegExp(`^${name}`));

/** Chooses the 2B model and waits until the engine has looked at it. */
async function choose(name = "Qwen3-VL-2B-Instruct") {
  await act(async () => row(name).click());
  await pause(50);
}

describe("choosing", () => {
  it("says of every offered model what it needs and whether that fits, before anything is asked", async () => {
    const engine = fakeEngine({
      cache: {
        ...emptyCache,
        usedBytes: 5,
        models: [
          {
            id: "x",
            name: "HuggingFaceTB/SmolVLM-256M-Instruct",
            precision: report.precision,
            bytes: 5,
            complete: false,
            lastUsed: 0,
          },
        ],
      },
    });
    useStore.getState().setBudget(2 * gib);
    await show();
    expect(engine.inspect).not.toHaveBeenCalled();
    expect(row("SmolVLM-256M-Instruct").textContent).toBe(
      "SmolVLM-256M-Instruct256 M · 489 MiB download · Apache-2.0about 1.09 GiB, fitspartly cached",
    );
    expect(row("Qwen2.5-VL-7B-Instruct").textContent).toMatch(/about .* GiB, too large/);
    expect(row("Qwen2.5-VL-3B-Instruct").textContent).toContain("non-commercial");
    await act(async () => useStore.getState().setSetting("memoryGiB", 32));
    expect(row("Qwen2.5-VL-7B-Instruct").textContent).toMatch(/GiB, fits/);
  });

  it("looks at a model with the formats and the context of the settings, and again when they change", async () => {
    const engine = fakeEngine();
    await show();
    await choose();
    expect(engine.inspect.mock.lastCall?.[0]).toMatchObject({
      source: { kind: "hub", repo: "Qwen/Qwen3-VL-2B-Instruct", revision: "main" },
      precision: { text: "int8", groupSize: 32 },
      memory: { contextTokens: 2048, rollouts: 8, loraRank: 8 },
    });
    expect(box.textContent).toContain("0123456789abcdef");
    expect(button("Load, 3.96 GiB").disabled).toBe(false);
    await act(async () => userEvent.selectOptions(field("Text layers"), "int4"));
    await pause(500);
    expect(engine.inspect.mock.lastCall?.[0].precision.text).toBe("int4");
  });

  it("offers the group size only where some format has groups", async () => {
    fakeEngine();
    await show();
    await choose();
    expect(field("Scale shared by").disabled).toBe(false);
    await act(async () => useStore.getState().setSettings({ textFormat: "f16", visionFormat: "f16", headFormat: "f16" }));
    expect(field("Scale shared by").disabled).toBe(true);
  });

  it("takes any repository and says what is wrong with an address", async () => {
    const engine = fakeEngine();
    await show();
    await act(async () => userEvent.fill(field("Hugging Face name or address"), "nonsense"));
    await press("Look up");
    expect(box.querySelector("[role=alert]")?.textContent).toContain("“nonsense” is neither owner/name nor an address");
    await act(async () => userEvent.fill(field("Hugging Face name or address"), "me/mine@v2"));
    await press("Look up");
    await pause(50);
    expect(engine.inspect.mock.lastCall?.[0].source).toEqual({ kind: "hub", repo: "me/mine", revision: "v2" });
  });

  it("keeps the last choice when an older look ends later", async () => {
    const engine = fakeEngine();
    let late: (preview: ModelPreview) => void = () => {};
    engine.inspect.mockImplementationOnce(() => new Promise((resolve) => (late = resolve)));
    await show();
    await choose("SmolVLM-256M-Instruct");
    await choose();
    await act(async () => late({ ...preview, family: "an old answer" }));
    expect(box.textContent).not.toContain("an old answer");
    expect(named("section", "Chosen model")[0]?.textContent).toContain("Qwen3-VL");
  });

  it("shows why a model could not be looked at, and tries again", async () => {
    const engine = fakeEngine();
    engine.inspect.mockRejectedValueOnce({ name: "DownloadError", message: "The Hub has no such model.", expected: true });
    await show();
    await choose();
    expect(box.querySelector("[role=alert]")?.textContent).toContain("The Hub has no such model.");
    expect(button("Load").disabled).toBe(true);
    await press("Try again");
    expect(button("Load, 3.96 GiB").disabled).toBe(false);
  });
});

describe("a repository that asks for access", () => {
  const token = () => field("Hugging Face access token").closest("details");

  it("opens the token's field with a hint, and no other failure does", async () => {
    const engine = fakeEngine();
    await show();
    engine.inspect.mockRejectedValueOnce({ name: "DownloadError", message: "No answer.", expected: true });
    await choose();
    expect(token()?.open).toBe(false);
    engine.inspect.mockRejectedValueOnce({ name: "AccessError", message: "The repository is gated.", expected: true });
    await press("Try again");
    expect(token()?.open).toBe(true);
    expect(token()?.textContent).toContain("may ask for a token of an account");
  });
});

describe("a plan that does not fit", () => {
  it("gets its proposal at once and says why; moved by hand it is refused, with the proposal on a button", async () => {
    const engine = fakeEngine({ preview: { ...preview, plan: tooLarge } });
    await show();
    await choose();
    expect(useStore.getState().settings).toMatchObject({ textFormat: "int4", contextTokens: 512 });
    expect(box.textContent).toContain("int4 and 512 tokens chosen, because the settings before needed 3 GiB of 2 GiB.");
    await act(async () =>
      useStore.getState().setSettings({ textFormat: "int8", visionFormat: "int8", headFormat: "int8", contextTokens: 1024 }),
    );
    await pause(500);
    expect(useStore.getState().settings.textFormat).toBe("int8");
    expect(button(/^Load,/).disabled).toBe(true);
    expect(named("section", "Memory plan")[0]?.textContent).toContain("it takes 3 GiB and 2 GiB may be used");
    expect(box.querySelector("[role=img]")?.getAttribute("aria-label")).toMatch(
      /^Does not fit: at most 3 GiB .* KV cache 512 MiB/,
    );
    await press("Use int4 and 512 tokens instead, 1.8 GiB");
    expect(useStore.getState().settings).toMatchObject({
      textFormat: "int4",
      headFormat: "int4",
      contextTokens: 512,
      rollouts: 8,
    });
    engine.inspect.mockResolvedValue(preview);
    await pause(500);
    expect(engine.inspect.mock.lastCall?.[0]).toMatchObject({ precision: { text: "int4" }, memory: { contextTokens: 512 } });
    expect(button(/^Load,/).disabled).toBe(false);
  });
});

describe("loading", () => {
  async function begin() {
    const engine = fakeEngine();
    await show();
    await choose();
    await press(/^Load,/);
    return engine;
  }

  it("shows files, speed and time left, pauses and goes on", async () => {
    const engine = await begin();
    await engine.send({ type: "plan", plan });
    await engine.send({ type: "progress", progress });
    const text = () => named("section", "Loading")[0]?.textContent;
    expect(text()).toContain("860 MiB of 2 GiB · 256 MiB from the cache · 20 MiB/s · 2 min left");
    expect(text()).toContain("model-00001-of-00002.safetensors1 GiB of 2 GiB");
    await press("Pause");
    expect(engine.pause).toHaveBeenLastCalledWith(true);
    await engine.send({ type: "progress", progress: { ...progress, paused: true, bytesPerSecond: 0 } });
    expect(text()).toContain("paused");
    await press("Resume");
    expect(engine.pause).toHaveBeenLastCalledWith(false);
  });

  it("is spoken at every tenth and not in between", async () => {
    const engine = await begin();
    const spoken = () => box.querySelector('[aria-label="Loading progress"]')?.textContent;
    const at = (share: number) => engine.send({ type: "progress", progress: { ...progress, doneBytes: share * 2 * gib } });
    await at(0.41);
    expect(spoken()).toBe("Loading Qwen/Qwen3-VL-2B-Instruct: 40 %");
    await at(0.49);
    expect(spoken()).toBe("Loading Qwen/Qwen3-VL-2B-Instruct: 40 %");
    await at(0.51);
    expect(spoken()).toBe("Loading Qwen/Qwen3-VL-2B-Instruct: 50 %");
  });

  it("says what it waits for", async () => {
    const engine = await begin();
    await engine.send({ type: "progress", progress: { ...progress, waiting: "the server asked to wait 20 s" } });
    expect(named("section", "Loading")[0]?.textContent).toContain("Waiting: the server asked to wait 20 s.");
  });

  it("shows notices and, when done, the times in System", async () => {
    const engine = await begin();
    await engine.send({ type: "notice", message: "The adapter was dropped." });
    const times = { networkMs: 61_000, quantizeMs: 2100, uploadMs: 700, cacheMs: 0, totalMs: 63_000 };
    await engine.send({ type: "ready", model: report, times });
    await engine.finish();
    expect(useStore.getState().messages.map(({ text }) => text)).toEqual(["The adapter was dropped."]);
    expect(box.textContent).toContain("In use: Qwen/Qwen3-VL-2B-Instruct, 2.13 B parameters, int8, 1 GiB");
    await act(async () => root.render(<SystemPanel />));
    expect(box.textContent).toContain("63 s (network 61 s, quantise 2.1 s, upload 0.7 s)");
  });

  it("keeps an error until another try, which asks for the same model", async () => {
    const engine = await begin();
    await engine.fail("The connection broke at 40 %.");
    expect(box.querySelector("[role=alert]")?.textContent).toContain("The connection broke at 40 %.");
    await pause(600);
    expect(box.querySelector("[role=alert]")?.textContent).toContain("The connection broke at 40 %.");
    await press("Try again");
    expect(engine.load).toHaveBeenCalledTimes(2);
    expect(engine.load.mock.calls[1]?.[0].source).toEqual(engine.load.mock.calls[0]?.[0].source);
  });

  it("says once why it failed when the look afterwards fails the same way", async () => {
    const engine = await begin();
    engine.inspect.mockRejectedValue({ name: "DownloadError", message: "The disk is gone.", expected: true });
    await engine.fail("The disk is gone.");
    await pause(500);
    expect(useStore.getState().preview.status).toBe("failed");
    expect(box.textContent?.split("The disk is gone.")).toHaveLength(2);
  });

  it("looks again at once when it is done, and cannot be started meanwhile", async () => {
    const engine = await begin();
    let late: (preview: ModelPreview) => void = () => {};
    engine.inspect.mockImplementation(() => new Promise((resolve) => (late = resolve)));
    await engine.finish();
    expect(engine.inspect).toHaveBeenCalledTimes(2);
    expect(button(/^Load,/).disabled).toBe(true);
    expect(named("section", "Memory plan")[0]?.getAttribute("aria-busy")).toBe("true");
    await act(async () => late({ ...preview, downloadBytes: 0 }));
    expect(button("Load from the cache").disabled).toBe(false);
  });

  it("goes on with the model there was when the new one fails before there is room made for it", async () => {
    useStore.getState().setModel({ status: "ready", model: { ...report, name: "the old one" }, times: null });
    const engine = await begin();
    await engine.fail("The Hub does not answer.");
    expect(useStore.getState().model).toMatchObject({ status: "ready", model: { name: "the old one" } });
    expect(box.querySelector("[role=alert]")?.textContent).toContain("The Hub does not answer.");
    expect(box.textContent).toContain("In use: the old one");
    await press("Try again");
    await engine.send({ type: "plan", plan });
    await engine.fail("The connection broke.");
    expect(useStore.getState().model.status).toBe("failed");
    expect(button("Load the embedded model").disabled).toBe(false);
  });

  it("ends when cancelled, without an error, and what was fetched can be resumed", async () => {
    const engine = await begin();
    await engine.send({ type: "progress", progress });
    engine.inspect.mockResolvedValue({ ...preview, downloadBytes: 3e9, cachedBytes: 1.25e9 });
    await press("Cancel");
    await pause(500);
    expect(useStore.getState().model.status).toBe("none");
    expect(useStore.getState().messages.map(({ tone }) => tone)).toEqual(["notice"]);
    expect(button("Resume, 2.79 GiB").disabled).toBe(false);
  });
});

describe("the cache", () => {
  const cache: CacheReport = {
    usedBytes: 3 * gib,
    quotaBytes: 60 * gib,
    models: [
      { id: "a", name: "Qwen/Qwen3-VL-2B-Instruct", precision: report.precision, bytes: 2 * gib, complete: true, lastUsed: 0 },
      { id: "b", name: "My folder", precision: report.precision, bytes: gib, complete: false, lastUsed: 0 },
    ],
  };

  it("lists what is cached with its size and deletes only after a second yes", async () => {
    const engine = fakeEngine({ cache });
    await show();
    const list = () => named("section", "Cache")[0]?.textContent ?? "";
    expect(list()).toContain("3 GiB used. The browser grants 60 GiB.");
    expect(list()).toMatch(/int8 · 2 GiB · complete/);
    expect(list()).toMatch(/My folderint8 · 1 GiB · resumable/);
    await press("Delete My folder, int8");
    expect(engine.deleteCached).not.toHaveBeenCalled();
    await press("Keep");
    await press("Delete all");
    await press("Yes, delete");
    expect(engine.deleteCached.mock.calls).toEqual([["all"]]);
    expect(list()).toContain("No weights are cached.");
  });

  it("says why nothing can be cached", async () => {
    fakeEngine({ cache: { models: [], usedBytes: 0, unavailable: "A private window keeps nothing." } });
    await show();
    expect(named("section", "Cache")[0]?.textContent).toContain("A private window keeps nothing.");
  });
});

describe("the access token", () => {
  it("goes with the request and is written nowhere unless asked to", async () => {
    const engine = fakeEngine();
    await show();
    await act(async () => box.querySelector<HTMLElement>("details summary")?.click());
    expect(field("Hugging Face access token").type).toBe("password");
    await act(async () => userEvent.fill(field("Hugging Face access token"), "hf_secret"));
    await choose();
    expect(engine.inspect.mock.lastCall?.[0].source).toMatchObject({ token: "hf_secret" });
    expect(JSON.stringify({ ...localStorage, ...sessionStorage }) + location.href).not.toContain("hf_secret");
    await act(async () => field("Remember it on this device").click());
    expect(localStorage.getItem(tokenStorageKey)).toBe("hf_secret");
    await act(async () => field("Remember it on this device").click());
    expect(localStorage.getItem(tokenStorageKey)).toBeNull();
  });

  it("is sent to the Hub only", async () => {
    const engine = fakeEngine();
    useStore.getState().setAccessToken("hf_secret");
    await show();
    await choose("shapes-vlm");
    expect(JSON.stringify(engine.inspect.mock.lastCall?.[0])).not.toContain("hf_secret");
  });
});

describe("a repository with GGUF files", () => {
  it("has menus once its files are listed, and its pair is looked at", async () => {
    const engine = fakeEngine();
    const paths = ["README.md", "mmproj-F16.gguf", "model-Q4_K_M.gguf", "model-Q8_0.gguf"];
    const list = vi.spyOn(engineClient, "listFiles").mockResolvedValue(paths);
    await show();
    useStore.getState().choose({ kind: "hub", repo: "me/mine-GGUF", revision: "main" });
    await pause(50);
    const summary = [...box.querySelectorAll("summary")].find(({ textContent }) => textContent?.startsWith("GGUF files"));
    (summary?.parentElement as HTMLDetailsElement).open = true;
    await act(async () => userEvent.click(button("List the repository's files")));
    await pause(50);
    expect(list.mock.lastCall?.[0].source).toMatchObject({ repo: "me/mine-GGUF" });
    await act(async () => userEvent.selectOptions(field("Model file"), "model-Q8_0.gguf"));
    await pause(500);
    expect(engine.inspect.mock.lastCall?.[0].source).toMatchObject({
      gguf: { model: "model-Q8_0.gguf", projector: "mmproj-F16.gguf" },
    });
  });
});

describe("a folder of this machine", () => {
  const file = (name: string) => new File(["x"], name);
  async function drop(...names: string[]) {
    const data = new DataTransfer();
    for (const name of names) data.items.add(file(name));
    await act(async () => {
      box.firstElementChild?.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    });
    await pause(100);
  }

  it("is taken when it is dropped, with its GGUF pair told apart", async () => {
    const engine = fakeEngine();
    await show();
    await drop("model-Q4_K_M.gguf", "model-Q8_0.gguf", "mmproj-model-f16.gguf");
    expect(engine.inspect.mock.lastCall?.[0].source).toMatchObject({
      kind: "files",
      gguf: { model: "model-Q4_K_M.gguf", projector: "mmproj-model-f16.gguf" },
    });
    expect(box.textContent).toContain("To read3.96 GiB");
    expect(button("Load").disabled).toBe(false);
    await act(async () => userEvent.selectOptions(field("Model file"), "model-Q8_0.gguf"));
    await pause(50);
    expect(engine.inspect.mock.lastCall?.[0].source).toMatchObject({ gguf: { model: "model-Q8_0.gguf" } });
  });

  it("is refused with a reason when it holds no model", async () => {
    const engine = fakeEngine();
    await show();
    await drop("notes.doc");
    expect(box.querySelector("[role=alert]")?.textContent).toContain("there are no .safetensors, .gguf or .json files in it");
    expect(engine.inspect).not.toHaveBeenCalled();
  });
});
