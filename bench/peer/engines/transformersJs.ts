// The engine that users would pick instead: the real `generate()` of transformers.js on onnxruntime-web's WebGPU, as published,
// q4 tower and decoder and f32 embedding table. Greedy, no end token.

import type { RgbImage } from "@/image/rgbImage";
import { normalizedBytes } from "@/models/normalizedBytes";
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
  readonly Tensor: new (
    type: "int64" | "float32" | "bool",
    data: BigInt64Array | Float32Array | Uint8Array,
    shape: readonly number[],
  ) => object;
  readonly AutoModelForImageTextToText: { from_pretrained(name: string, options: object): Promise<TransformersModel> };
}

interface TransformersModel {
  (inputs: object): Promise<Readonly<Record<string, Disposable>>>;
  generate(inputs: object): Promise<unknown>;
  encode_image(inputs: object): Promise<{ readonly data: Float32Array }>;
  dispose(): Promise<unknown>;
}

const dtype = { embed_tokens: "fp32", vision_encoder: "q4", decoder_model_merged: "q4" };

/** Idefics3ImageProcessor's scale. */
const colours = { rescaleFactor: 1 / 255, imageMean: [0.5, 0.5, 0.5], imageStd: [0.5, 0.5, 0.5] };

/**
 * Pixels as Idefics3ImageProcessor gives them, channels first. The least that is needed: its canvas and its resizing, which change
 * nothing at this size, are left out of its time.
 */
function pixelValues({ data }: RgbImage): Float32Array {
  const pixels = data.length / 3;
  const values = new Float32Array(data.length);
  for (const channel of [0, 1, 2] as const) {
    const table = normalizedBytes(channel, colours);
    for (let i = 0; i < pixels; i++) values[channel * pixels + i] = table[data[i * 3 + channel] as number] as number;
  }
  return values;
}

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
  const pictureInputs = (image: RgbImage) => {
    const { width, height } = image;
    return {
      pixel_values: new Tensor("float32", pixelValues(image), [1, 1, 3, height, width]),
      pixel_attention_mask: new Tensor("bool", new Uint8Array(width * height).fill(1), [1, 1, height, width]),
    };
  };
  /** Greedy tokens, each given to `onToken` when it is there. */
  const generate = async (given: object, count: number, onToken: (id: number) => void) => {
    let isPrompt = true;
    const streamer = {
      put(value: readonly (readonly bigint[])[]) {
        if (!isPrompt) onToken(Number(value[0]?.[0]));
        isPrompt = false;
      },
      end() {},
    };
    await lm.generate({ ...given, max_new_tokens: count, do_sample: false, streamer });
  };
  return {
    version: `transformers.js ${env.version}, onnxruntime-web ${env.backends.onnx.versions?.web ?? "?"}`,
    notes: "embedding f32, projections q4 (blocks of 32), tower q4, head q4; f32 activations and cache",
    generate: (ids, count, onToken) => generate(inputs(ids), count, onToken),
    picture: {
      firstToken: ({ image, ids }, onToken) => generate({ ...inputs(ids), ...pictureInputs(image) }, 1, onToken),
      features: async (image) => (await lm.encode_image(pictureInputs(image))).data,
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
