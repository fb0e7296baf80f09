// What openGguf needs to know of one architecture, and the readers the architectures share: metadata of llama.cpp's text and
// "clip" files → keys of config.json. GGUF stores numbers only where llama.cpp uses them; what is left out there is a constant
// of the family and stands in its file under architectures/.
import { GgufError, quote } from "./ggufError";
import type { GgufMetadata } from "./metadata";
import { type GgufFile, layersOf, linearRules, perLayer, type TensorJoin, type TensorRule } from "./tensorRules";
import type { TokenizerFiles } from "./tokenizerFiles";

/** A pair of files with its metadata and its tokenizer. */
export interface GgufPair {
  readonly model: GgufFile;
  readonly projector: GgufFile;
  readonly text: GgufMetadata;
  readonly vision: GgufMetadata;
  readonly tokenizer: TokenizerFiles;
}

/** One architecture of llama.cpp that this program runs. */
export interface GgufArchitecture {
  /** As users know it. */
  readonly name: string;
  /** general.architecture of the text file. */
  readonly text: string;
  /** clip.projector_type of the projector file. */
  readonly projector: string;
  /** The projector's last matrix [text width, …]. */
  readonly lastProjection: string;
  modelRules(pair: GgufPair): TensorRule[];
  projectorRules(pair: GgufPair): TensorRule[];
  /** The checkpoint's JSON files by name, tokenizer.json and chat_template.json excepted. */
  files(pair: GgufPair): Readonly<Record<string, unknown>>;
}

/** A number of layers; more of them than the file has tensors is a damaged file, and would be rules without end. */
function requireLayers({ header }: GgufFile, metadata: GgufMetadata, key: string): number {
  const layers = metadata.requireCount(key);
  if (layers <= header.tensors.size) return layers;
  throw new GgufError(header.file, `it claims ${layers} layers and has ${header.tensors.size} tensors`);
}

/** Keys of text_config that all architectures have, read under `{architecture}.`; throws GgufError. */
export function readTextKeys({ model, text, tokenizer }: GgufPair, architecture: string) {
  const key = (name: string) => `${architecture}.${name}`;
  const scaling = text.text(key("rope.scaling.type"));
  if (scaling !== undefined && scaling !== "none") {
    throw new GgufError(model.header.file, `it asks for positions scaled by ${quote(scaling)}, which are not supported`);
  }
  const vocabulary = model.header.tensors.get("token_embd.weight")?.shape[0] ?? tokenizer.size;
  if (tokenizer.size > vocabulary) {
    throw new GgufError(model.header.file, `it has ${tokenizer.size} tokens and embeddings for ${vocabulary}`);
  }
  const heads = text.requireCount(key("attention.head_count"));
  return {
    vocab_size: vocabulary,
    hidden_size: text.requireCount(key("embedding_length")),
    intermediate_size: text.requireCount(key("feed_forward_length")),
    num_hidden_layers: requireLayers(model, text, key("block_count")),
    num_attention_heads: heads,
    num_key_value_heads: text.count(key("attention.head_count_kv")) ?? heads,
    hidden_act: "silu",
    rms_norm_eps: text.requireNumber(key("attention.layer_norm_rms_epsilon")),
    max_position_embeddings: text.requireCount(key("context_length")),
    ...(tokenizer.bosId !== undefined && { bos_token_id: tokenizer.bosId }),
    ...(tokenizer.eosId !== undefined && { eos_token_id: tokenizer.eosId }),
    ...(tokenizer.padId !== undefined && { pad_token_id: tokenizer.padId }),
  };
}

/** Numbers of the vision tower; throws GgufError. */
export function readVisionKeys({ projector, vision }: GgufPair) {
  return {
    hidden: vision.requireCount("clip.vision.embedding_length"),
    intermediate: vision.requireCount("clip.vision.feed_forward_length"),
    depth: requireLayers(projector, vision, "clip.vision.block_count"),
    heads: vision.requireCount("clip.vision.attention.head_count"),
    patch: vision.requireCount("clip.vision.patch_size"),
  };
}

/** True when the LM head is the embedding table: converters then write no output.weight. */
export function isTied({ model }: GgufPair): boolean {
  return !model.header.tensors.has("output.weight");
}

/** Id of a token that the model cannot do without. */
export function requireToken({ model, tokenizer }: GgufPair, token: string): number {
  const id = tokenizer.idOf(token);
  if (id !== undefined) return id;
  throw new GgufError(model.header.file, `its vocabulary has no ${token}`, "Choose the text file of a vision-language model");
}

/** generation_config.json: the file's own stop token, and the family's further ones where the vocabulary has them. */
export function generationConfig({ tokenizer }: GgufPair, stops: readonly string[]): Readonly<Record<string, unknown>> {
  const ids = [tokenizer.eosId, ...stops.map(tokenizer.idOf)].filter((id) => id !== undefined);
  return {
    eos_token_id: [...new Set(ids)],
    ...(tokenizer.bosId !== undefined && { bos_token_id: tokenizer.bosId }),
    ...(tokenizer.padId !== undefined && { pad_token_id: tokenizer.padId }),
  };
}

/** Numbers as the family spells them where they are the same float32, else as the file has them. */
function spelt(stored: readonly number[] | undefined, family: readonly number[]): readonly number[] {
  return (stored ?? family).map((value, i) => {
    const own = family[i];
    return own !== undefined && Math.fround(own) === Math.fround(value) ? own : value;
  });
}

/** The image processor's keys that every family stores; without them the family's own colours. */
export function imageKeys({ vision }: GgufPair, colours: { readonly mean: readonly number[]; readonly std: readonly number[] }) {
  return {
    do_resize: true,
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: spelt(vision.numbers("clip.vision.image_mean"), colours.mean),
    image_std: spelt(vision.numbers("clip.vision.image_std"), colours.std),
  };
}

/** Tensors of the decoder, whose Hugging Face names begin with `prefix`. */
export function decoderRules(
  pair: GgufPair,
  {
    prefix,
    layers,
    biases,
    norms,
    queryJoin = "same",
    keyJoin = "same",
  }: {
    readonly prefix: string;
    readonly layers: number;
    /** Biases on Q, K and V. */
    readonly biases: boolean;
    /** Norms over the heads of Q and K. */
    readonly norms: boolean;
    readonly queryJoin?: TensorJoin;
    readonly keyJoin?: TensorJoin;
  },
): TensorRule[] {
  const weight = (name: string, part: string, join: TensorJoin = "same"): TensorRule => ({
    name: `${prefix}.layers.#.${name}.weight`,
    parts: [`blk.#.${part}.weight`],
    join,
  });
  const bias = (name: string, part: string): TensorRule => ({
    name: `${prefix}.layers.#.self_attn.${name}.bias`,
    parts: [`blk.#.${part}.bias`],
  });
  return [
    { name: `${prefix}.embed_tokens.weight`, parts: ["token_embd.weight"] },
    ...perLayer(layersOf(layers), [
      weight("input_layernorm", "attn_norm"),
      weight("self_attn.q_proj", "attn_q", queryJoin),
      weight("self_attn.k_proj", "attn_k", keyJoin),
      weight("self_attn.v_proj", "attn_v"),
      ...(biases ? [bias("q_proj", "attn_q"), bias("k_proj", "attn_k"), bias("v_proj", "attn_v")] : []),
      ...(norms ? [weight("self_attn.q_norm", "attn_q_norm"), weight("self_attn.k_norm", "attn_k_norm")] : []),
      weight("self_attn.o_proj", "attn_output"),
      weight("post_attention_layernorm", "ffn_norm"),
      weight("mlp.gate_proj", "ffn_gate"),
      weight("mlp.up_proj", "ffn_up"),
      weight("mlp.down_proj", "ffn_down"),
    ]),
    { name: `${prefix}.norm.weight`, parts: ["output_norm.weight"] },
    ...(isTied(pair) ? [] : [{ name: "lm_head.weight", parts: ["output.weight"] }]),
  ];
}

/** A norm's weight and bias: stored as a linear layer's are. */
export const normRules = linearRules;

/** Fused QKV of a vision block: one tensor, or three below each other, as the converter of the file left it. */
export function fusedRules({ projector }: GgufPair, name: string): TensorRule[] {
  const isFused = projector.header.tensors.has("v.blk.0.attn_qkv.weight");
  return ["weight", "bias"].map((kind) => ({
    name: `${name}.${kind}`,
    parts: isFused ? [`v.blk.#.attn_qkv.${kind}`] : ["q", "k", "v"].map((part) => `v.blk.#.attn_${part}.${kind}`),
    join: isFused ? ("same" as const) : ("rows" as const),
  }));
}

/**
 * GGUF names of the vision feed-forward's first and last matrix. Projector files made before mid-2025 have the two names the
 * other way round; the last matrix is the one that ends in the tower's width.
 */
export function feedForwardNames({ projector, vision }: GgufPair): { readonly first: string; readonly last: string } {
  const width = vision.requireCount("clip.vision.embedding_length");
  const endsInWidth = (name: string) => projector.header.tensors.get(`v.blk.0.${name}.weight`)?.shape[0] === width;
  const isSwapped = endsInWidth("ffn_up") && !endsInWidth("ffn_down");
  return isSwapped
    ? { first: "v.blk.#.ffn_down", last: "v.blk.#.ffn_up" }
    : { first: "v.blk.#.ffn_up", last: "v.blk.#.ffn_down" };
}
