// Models that are not loaded: what does not fit, what is no supported checkpoint, and checkpoints whose files are wrong. Each says
// why; weights are fetched only where they have to be looked at, and the model that was there before keeps its place until then.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { LoadEvent } from "@/protocol/engine";
import type { MemoryPlan, ModelSource } from "@/protocol/model";
import { changedCheckpoint, precision, setUpLoader } from "./test/loaderBench";

const quantised = (quantization_config: object) =>
  changedCheckpoint({
    config: (config) => {
      Object.assign(config, { quantization_config, base_model_name_or_path: "someone/Original-3B" });
    },
  });
const withTensors = (tensors: Parameters<typeof changedCheckpoint>[0]["tensors"]) =>
  changedCheckpoint({ ...(tensors && { tensors }) });
const shortened = "model.text_model.layers.1.mlp.up_proj.weight";

const bench = setUpLoader({
  "odd/llama": changedCheckpoint({
    config: (config) => {
      Object.assign(config, { model_type: "llama" });
    },
  }),
  "odd/gptq": quantised({ quant_method: "gptq", bits: 4 }),
  "odd/awq": quantised({ quant_method: "awq", bits: 4 }),
  "odd/bnb": quantised({ load_in_4bit: true }),
  "odd/missing": withTensors((all) => all.filter(({ name }) => !name.endsWith("layers.1.mlp.up_proj.weight"))),
  "odd/shape": withTensors((all) =>
    all.map((tensor) =>
      tensor.name.endsWith("layers.1.mlp.up_proj.weight") ? { ...tensor, shape: [...tensor.shape].reverse() } : tensor,
    ),
  ),
  "odd/nan": withTensors((all) =>
    all.map((tensor) => {
      // The last weight of a tensor in the middle; a NaN in both BF16 and F32.
      if (tensor.name.endsWith("layers.1.mlp.up_proj.weight")) tensor.bytes.fill(0xff, tensor.bytes.length - 4);
      return tensor;
    }),
  ),
});

const weightRequests = () => bench.hub.log.filter(({ path }) => path.endsWith(".safetensors"));

describe("a model that does not fit", () => {
  const planOf = (events: readonly LoadEvent[]): MemoryPlan => {
    const event = events.find(({ type }) => type === "plan");
    if (event?.type !== "plan") throw new Error("no plan was told");
    return event.plan;
  };

  it("is refused with a smaller proposal before any weight is asked for", async () => {
    const { events: fitting } = await bench.load({ useCache: false });
    const { peakBytes } = planOf(fitting);
    bench.hub.reset();
    const { error, events, madeRoom } = await bench.load({ rollouts: 16, budgetBytes: peakBytes });
    expect(error).toMatch(/^tiny\/smolvlm-3shards does not fit: it needs .* may be used\. Choose text .* rollouts and .* tokens/);
    expect(planOf(events).proposal?.peakBytes).toBeLessThanOrEqual(peakBytes);
    expect(weightRequests()).toEqual([]);
    expect(madeRoom).toBe(false);
    expect((await bench.loader().cachedModels()).models).toEqual([]);
  });

  it("is refused without a proposal where nothing would fit", async () => {
    const { error } = await bench.load({ budgetBytes: 1000 });
    expect(error).toMatch(/does not fit: .* Choose a smaller model, or raise the memory budget/);
    expect(weightRequests()).toEqual([]);
  });

  it("loads as it was proposed", async () => {
    const { events } = await bench.load({ rollouts: 16, budgetBytes: planOf((await bench.load()).events).peakBytes });
    const { proposal } = planOf(events);
    if (!proposal) throw new Error("nothing was proposed");
    const loaded = await bench
      .loader()
      .load(
        { ...bench.request(), precision: proposal.precision, memory: proposal.use },
        { budgetBytes: proposal.peakBytes, emit: () => {}, signal: new AbortController().signal, onFits: () => {} },
      );
    expect(loaded.session.parameters).toBeGreaterThan(50_000);
    loaded.session[Symbol.dispose]();
  });
});

describe("a model that is not supported", () => {
  it.each([
    ["odd/llama", /llama.*SmolVLM.*Qwen2\.5-VL.*Qwen3-VL/s],
    ["odd/gptq", /already quantised with GPTQ \(4 bits\).*Choose the original, someone\/Original-3B, or a GGUF file/],
    ["odd/awq", /already quantised with AWQ \(4 bits\)/],
    ["odd/bnb", /already quantised with bitsandbytes \(4 bits\)/],
  ])("is refused with the reason and what is supported: %s", async (repo, message) => {
    const { error, madeRoom } = await bench.load({ repo });
    expect(error).toMatch(message);
    expect(madeRoom).toBe(false);
    expect(weightRequests()).toEqual([]);
    await expect(bench.loader().inspect(bench.request({ repo }), 2 ** 30)).rejects.toThrow(message);
  });
});

describe("a checkpoint whose files are wrong", () => {
  it("names a tensor that is missing, before the model in use makes room", async () => {
    const { error, madeRoom } = await bench.load({ repo: "odd/missing" });
    expect(error).toMatch(new RegExp(`The checkpoint is incomplete: 1 of \\d+ tensors are missing: ${shortened}`));
    expect(madeRoom).toBe(false);
    expect((await bench.loader().cachedModels()).models).toEqual([]);
  });

  it("names a tensor of another shape, before the model in use makes room", async () => {
    const { error, madeRoom } = await bench.load({ repo: "odd/shape" });
    expect(error).toMatch(`The checkpoint does not fit its config.json: ${shortened} is [48, 96] but should be [96, 48]`);
    expect(madeRoom).toBe(false);
  });

  it("names a tensor with weights that are no numbers, uses nothing of it, and caches none of that tensor", async () => {
    const { error, weights } = await bench.load({ repo: "odd/nan" });
    expect(error).toMatch(`The checkpoint is damaged: ${shortened} has weights that are no numbers`);
    expect(weights).toBeUndefined();
    expect((await bench.load({ repo: "odd/nan" })).error).toBe(error);
  });

  it("cannot reach a hub that is no https address", async () => {
    const request = { ...bench.request(), hubHost: "http://mirror.example" };
    await expect(bench.loader().inspect(request, 2 ** 30)).rejects.toThrow("http://mirror.example cannot be used as a hub");
  });
});

describe("files of this machine", () => {
  const fixtures = new URL("../../../fixtures/", import.meta.url).pathname;
  const local = (folder: string, names: readonly string[], gguf?: ModelSource["gguf"]): ModelSource => ({
    kind: "files",
    name: "mine",
    files: names.map((path) => ({ path, file: new File([readFileSync(join(fixtures, folder, path))], path) })),
    ...(gguf && { gguf }),
  });
  const small = ["config.json", "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json", "chat_template.jinja"];

  it("load without network and cache", async () => {
    const source = local("qwen2_5_vl-tied", [...small, "model.safetensors"]);
    expect((await bench.loader().inspect(bench.request({ source }), 2 ** 30)).family).toBe("Qwen2.5-VL");
    expect((await bench.load({ source })).error).toBeUndefined();
    expect(bench.hub.log).toEqual([]);
    expect((await bench.loader().cachedModels()).models).toEqual([]);
  });

  it("load as a GGUF pair, with the weights that the hub's pair has", async () => {
    const gguf = { model: "model.gguf", projector: "mmproj.gguf" };
    const { weights, error } = await bench.load({ source: local("gguf/smolvlm", ["model.gguf", "mmproj.gguf"], gguf) });
    expect(error).toBeUndefined();
    const { weights: fromHub } = await bench.load({ source: { kind: "hub", repo: "tiny/smolvlm-gguf", revision: "main", gguf } });
    expect(weights).toBe(fromHub);
  });

  it("are refused when the weights are missing", async () => {
    const { error } = await bench.load({ source: local("smolvlm", small), precision });
    expect(error).toMatch(/model\.safetensors cannot be read: the folder mine does not have it\. Add the file\.$/);
  });
});
