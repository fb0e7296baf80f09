// The engine that users would pick instead: the real `generate()` of transformers.js on onnxruntime-web's WebGPU, as published,
// q4 decoder and f32 embedding table (the default of its text-and-image models). Greedy, no end token.

import type { EnginePlace, PeerEngine } from "../engine";

interface Disposable {
  dispose?(): unknown;
}

/** What is used of @huggingface/transformers 4.3. */
interface Transformers {
  readonly env: {
    readonly version: string;
    allowRemoteModels: boolean;
    allowLocalModels: boolean;
    localModelPath: string;
    useBrowserCache: boolean;
    useWasmCache: boolean;
    readonly backends: { readonly onnx: { readonly wasm: { wasmPaths: object }; readonly versions?: { readonly web?: string } } };
  };
  readonly Tensor: new (type: "int64", data: BigInt64Array, shape: readonly number[]) => object;
  readonly AutoModelForImageTextToText: { from_pretrained(name: string, options: object): Promise<TransformersModel> };
}

interface TransformersModel {
  (inputs: object): Promise<Readonly<Record<string, Disposable>>>;
  generate(inputs: object): Promise<unknown>;
  dispose(): Promise<unknown>;
}

const dtype = { embed_tokens: "fp32", vision_encoder: "fp32", decoder_model_merged: "q4" };

/** Loads the package from the bench's own node_modules and the ONNX files of the model folder. */
export async function openTransformersJs({ model, modules }: EnginePlace): Promise<PeerEngine> {
  const source = `${modules}/@huggingface/transformers/dist/transformers.min.js`;
  const { env, Tensor, AutoModelForImageTextToText } = (await import(/* @vite-ignore */ source)) as Transformers;
  const slash = model.lastIndexOf("/");
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = model.slice(0, slash + 1);
  env.useBrowserCache = false;
  env.useWasmCache = false;
  const runtime = `${modules}/onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify`;
  env.backends.onnx.wasm.wasmPaths = { mjs: `${runtime}.mjs`, wasm: `${runtime}.wasm` };
  const lm = await AutoModelForImageTextToText.from_pretrained(model.slice(slash + 1), { device: "webgpu", dtype });
  const inputs = (ids: Int32Array) => ({
    input_ids: new Tensor("int64", BigInt64Array.from(ids, BigInt), [1, ids.length]),
    attention_mask: new Tensor("int64", new BigInt64Array(ids.length).fill(1n), [1, ids.length]),
  });
  return {
    version: `transformers.js ${env.version}, onnxruntime-web ${env.backends.onnx.versions?.web ?? "?"}`,
    notes: "embedding f32, projections q4 (blocks of 32), head q4; f32 activations and cache",
    async generate(ids, count, onToken) {
      let isPrompt = true;
      const streamer = {
        put(value: readonly (readonly bigint[])[]) {
          if (!isPrompt) onToken(Number(value[0]?.[0]));
          isPrompt = false;
        },
        end() {},
      };
      await lm.generate({ ...inputs(ids), max_new_tokens: count, do_sample: false, streamer });
    },
    async score({ prompt, response }) {
      // Logits of the predicting rows only, and none of the arithmetic on them in JavaScript: the least that is needed.
      const ids = Int32Array.of(...prompt, ...response).subarray(0, -1);
      for (let condition = 0; condition < 2; condition++) {
        const num_logits_to_keep = new Tensor("int64", BigInt64Array.of(BigInt(response.length)), []);
        const outputs = await lm({ ...inputs(ids), num_logits_to_keep });
        for (const output of Object.values(outputs)) await output?.dispose?.();
      }
    },
    dispose: async () => {
      await lm.dispose();
    },
  };
}
