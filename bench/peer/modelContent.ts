// What a model of the peer bench consists of: a checkpoint of the SmolVLM family with random weights, every tensor the family asks
// for, so the engine's own loader opens it. All matrices of decoder, tower and connector consist of blocks of 32 weights
// (q − 8) · scale that reach −8 · scale, with five significant bits in the scale: exact in bf16, in this engine's int4 and in ONNX
// Runtime's q4, so that both engines compute with the same numbers. What neither quantises has numbers that bf16 holds.
// Pure: modelFolder.ts writes it to the disk, tests keep it in memory.

import { listWeights, storedShape } from "@/engine/loading/listing";
import { familyOf } from "@/models/registry";
import type { WeightRequest } from "@/models/weights";
import { imageTokenId, maxPositions, type PeerSize } from "./sizes";

const block = 32;

/** config.json and the other small files by name; texts are strings, everything else is JSON. */
export function smallFiles(size: PeerSize) {
  const { tower } = size;
  const imageToken = imageTokenId(size);
  const text = {
    model_type: "llama",
    hidden_size: size.hidden,
    intermediate_size: size.intermediate,
    num_hidden_layers: size.layers,
    num_attention_heads: size.heads,
    num_key_value_heads: size.keyValueHeads,
    head_dim: size.headDim,
    vocab_size: size.vocabulary,
    rope_theta: 100_000,
    rms_norm_eps: 1e-5,
    max_position_embeddings: maxPositions,
    hidden_act: "silu",
    tie_word_embeddings: false,
    bos_token_id: 1,
    pad_token_id: 2,
  };
  const vision = {
    model_type: "idefics3_vision",
    hidden_size: tower.hidden,
    intermediate_size: tower.intermediate,
    num_hidden_layers: tower.layers,
    num_attention_heads: tower.heads,
    image_size: tower.imageSize,
    patch_size: tower.patchSize,
    hidden_act: "gelu_pytorch_tanh",
    layer_norm_eps: 1e-6,
  };
  const config = {
    architectures: ["Idefics3ForConditionalGeneration"],
    model_type: "idefics3",
    image_token_id: imageToken,
    scale_factor: tower.scaleFactor,
    vocab_size: size.vocabulary,
    tie_word_embeddings: false,
    text_config: text,
    vision_config: vision,
    "transformers.js_config": {},
  };
  // No merges and no bytes: the bench gives ids, nobody reads text.
  const vocab = Object.fromEntries(Array.from({ length: imageToken }, (_, id) => [`t${id}`, id]));
  const tokenizer = {
    version: "1.0",
    added_tokens: [{ id: imageToken, content: "<image>", special: true, lstrip: false, rstrip: false }],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, use_regex: true },
    post_processor: null,
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", vocab, merges: [] },
  };
  return {
    "config.json": config,
    "generation_config.json": { do_sample: false },
    "preprocessor_config.json": {
      size: { longest_edge: tower.imageSize },
      max_image_size: { longest_edge: tower.imageSize },
      do_image_splitting: false,
    },
    "tokenizer.json": tokenizer,
    "tokenizer_config.json": { tokenizer_class: "PreTrainedTokenizer", image_token: "<image>" },
    "chat_template.jinja": "{{ messages[0]['content'][0]['text'] }}",
  };
}

/** Every tensor of a model of this size, in the order of its weight file. */
export function peerWeights(size: PeerSize): readonly WeightRequest[] {
  const files = smallFiles(size);
  const family = familyOf(files["config.json"]);
  const config = family.parseConfig({
    config: files["config.json"],
    preprocessorConfig: files["preprocessor_config.json"],
    generationConfig: files["generation_config.json"],
  });
  return listWeights(family, config);
}

/** The bytes of model.safetensors in pieces: the header, then one tensor after the other. */
export function* weightFile(requests: readonly WeightRequest[]): Generator<Uint8Array<ArrayBuffer>> {
  const header: Record<string, object> = {};
  let end = 0;
  for (const request of requests) {
    const shape = storedShape(request);
    const begin = end;
    end += 2 * shape.reduce((a, b) => a * b, 1);
    header[request.name] = { dtype: "BF16", shape, data_offsets: [begin, end] };
  }
  const text = JSON.stringify(header);
  const head = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(head.length), true);
  yield new Uint8Array(length.buffer);
  yield head;
  for (const [index, request] of requests.entries()) {
    const words = new Uint32Array(weightValues(request, index + 1).buffer);
    const halves = new Uint16Array(words.length);
    // The upper half of a float32 is its bf16 value: exact for these numbers.
    for (let i = 0; i < words.length; i++) halves[i] = (words[i] as number) >>> 16;
    yield new Uint8Array(halves.buffer);
  }
}

/** Numbers of one tensor, the same for the same `seed`. */
export function weightValues(request: WeightRequest, seed: number): Float32Array<ArrayBuffer> {
  const shape = storedShape(request);
  const count = shape.reduce((a, b) => a * b, 1);
  const draw = xorshift(seed);
  if (request.kind === "tensor" && /norm\d?\.weight$/.test(request.name)) {
    return Float32Array.from({ length: count }, () => 1 + ((draw() % 33) - 16) / 128);
  }
  if (request.kind === "tensor" || request.exact) {
    return Float32Array.from({ length: count }, () => ((draw() % 255) - 127) / 1024);
  }
  // The head's larger numbers make the next token a choice, not a tie; the table's rows are of length √D.
  if (request.part === "embedding") return fourBits(count, 2 ** -7, draw);
  const gain = request.part === "head" ? 4 : 1;
  return fourBits(count, 2 ** Math.floor(Math.log2(gain / (4.8 * Math.sqrt(request.columns) * 24))), draw);
}

/** Blocks of (q − 8) · scale; scale = ±(16 .. 31) · unit. The place of the largest number is random, or all rows would share a direction. */
function fourBits(count: number, unit: number, draw: () => number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count);
  for (let at = 0; at < count; at += block) {
    const choice = draw();
    const scale = (choice & 1 ? unit : -unit) * (16 + ((choice >>> 1) & 15));
    for (let i = 0; i < block; i += 8) {
      const nibbles = draw();
      for (let j = 0; j < 8; j++) values[at + i + j] = (((nibbles >>> (4 * j)) & 15) - 8) * scale;
    }
    values[at + ((choice >>> 8) & 31)] = -8 * scale;
  }
  return values;
}

/** Marsaglia's xorshift32: a hundred million numbers in a second, good enough for weights without meaning. */
function xorshift(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
