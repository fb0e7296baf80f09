// Names and shapes of every tensor of the three models' released checkpoints, written out from the checkpoints' patterns
// (vlm-facts section 5) and not from this program's families: so a test can hold the two against each other.

import type { SyntheticModel } from "./configs";

/** A tensor of a checkpoint. */
export type TensorShape = readonly [name: string, shape: readonly number[]];

const count = (length: number) => Array.from({ length }, (_, i) => i);
const withBias = (name: string, shape: readonly number[]): TensorShape[] => [
  [`${name}.weight`, shape],
  [`${name}.bias`, shape.slice(0, 1)],
];

interface Decoder {
  readonly path: string;
  readonly layers: number;
  readonly hidden: number;
  readonly wide: number;
  readonly query: number;
  readonly keyValue: number;
  /** Qwen2.5: biases of q, k, v. Qwen3: norms of q and k over a head of this size. */
  readonly biases?: boolean;
  readonly headNorm?: number;
  readonly vocabulary: number;
}

function decoder({ path, layers, hidden, wide, query, keyValue, biases, headNorm, vocabulary }: Decoder): TensorShape[] {
  const project = (name: string, rows: number): TensorShape[] =>
    biases ? withBias(name, [rows, hidden]) : [[`${name}.weight`, [rows, hidden]]];
  const layer = (l: number): TensorShape[] => {
    const p = `${path}.layers.${l}`;
    const norms: TensorShape[] =
      headNorm === undefined ? [] : ["q_norm", "k_norm"].map((name) => [`${p}.self_attn.${name}.weight`, [headNorm]] as const);
    return [
      [`${p}.input_layernorm.weight`, [hidden]],
      ...project(`${p}.self_attn.q_proj`, query),
      ...project(`${p}.self_attn.k_proj`, keyValue),
      ...project(`${p}.self_attn.v_proj`, keyValue),
      ...norms,
      [`${p}.self_attn.o_proj.weight`, [hidden, query]],
      [`${p}.post_attention_layernorm.weight`, [hidden]],
      [`${p}.mlp.gate_proj.weight`, [wide, hidden]],
      [`${p}.mlp.up_proj.weight`, [wide, hidden]],
      [`${p}.mlp.down_proj.weight`, [hidden, wide]],
    ];
  };
  return [
    [`${path}.embed_tokens.weight`, [vocabulary, hidden]],
    ...count(layers).flatMap(layer),
    [`${path}.norm.weight`, [hidden]],
  ];
}

function smolVlm256m(): TensorShape[] {
  const tower = "model.vision_model";
  const [d, wide, hidden, vocabulary] = [768, 3072, 576, 49280];
  const layer = (i: number): TensorShape[] => {
    const p = `${tower}.encoder.layers.${i}`;
    return [
      ...withBias(`${p}.layer_norm1`, [d]),
      ...["q", "k", "v", "out"].flatMap((name) => withBias(`${p}.self_attn.${name}_proj`, [d, d])),
      ...withBias(`${p}.layer_norm2`, [d]),
      ...withBias(`${p}.mlp.fc1`, [wide, d]),
      ...withBias(`${p}.mlp.fc2`, [d, wide]),
    ];
  };
  return [
    ...withBias(`${tower}.embeddings.patch_embedding`, [d, 3, 16, 16]),
    [`${tower}.embeddings.position_embedding.weight`, [1024, d]],
    ...count(12).flatMap(layer),
    ...withBias(`${tower}.post_layernorm`, [d]),
    ["model.connector.modality_projection.proj.weight", [hidden, d * 16]],
    ...decoder({ path: "model.text_model", layers: 30, hidden, wide: 1536, query: 576, keyValue: 192, vocabulary }),
    ["lm_head.weight", [vocabulary, hidden]],
  ];
}

function qwen25Vl3b(): TensorShape[] {
  const [d, wide, hidden] = [1280, 3420, 2048];
  const block = (i: number): TensorShape[] => {
    const p = `visual.blocks.${i}`;
    return [
      [`${p}.norm1.weight`, [d]],
      [`${p}.norm2.weight`, [d]],
      ...withBias(`${p}.attn.qkv`, [3 * d, d]),
      ...withBias(`${p}.attn.proj`, [d, d]),
      ...withBias(`${p}.mlp.gate_proj`, [wide, d]),
      ...withBias(`${p}.mlp.up_proj`, [wide, d]),
      ...withBias(`${p}.mlp.down_proj`, [d, wide]),
    ];
  };
  return [
    ["visual.patch_embed.proj.weight", [d, 3, 2, 14, 14]],
    ...count(32).flatMap(block),
    ["visual.merger.ln_q.weight", [d]],
    ...withBias("visual.merger.mlp.0", [4 * d, 4 * d]),
    ...withBias("visual.merger.mlp.2", [hidden, 4 * d]),
    ...decoder({ path: "model", layers: 36, hidden, wide: 11008, query: 2048, keyValue: 256, biases: true, vocabulary: 151936 }),
  ];
}

function qwen3Vl2b(): TensorShape[] {
  const [tower, d, wide, hidden] = ["model.visual", 1024, 4096, 2048];
  const block = (i: number): TensorShape[] => {
    const p = `${tower}.blocks.${i}`;
    return [
      ...withBias(`${p}.norm1`, [d]),
      ...withBias(`${p}.norm2`, [d]),
      ...withBias(`${p}.attn.qkv`, [3 * d, d]),
      ...withBias(`${p}.attn.proj`, [d, d]),
      ...withBias(`${p}.mlp.linear_fc1`, [wide, d]),
      ...withBias(`${p}.mlp.linear_fc2`, [d, wide]),
    ];
  };
  const merger = (p: string, normed: number): TensorShape[] => [
    ...withBias(`${p}.norm`, [normed]),
    ...withBias(`${p}.linear_fc1`, [4 * d, 4 * d]),
    ...withBias(`${p}.linear_fc2`, [hidden, 4 * d]),
  ];
  return [
    ...withBias(`${tower}.patch_embed.proj`, [d, 3, 2, 16, 16]),
    [`${tower}.pos_embed.weight`, [2304, d]],
    ...count(24).flatMap(block),
    ...merger(`${tower}.merger`, d),
    ...count(3).flatMap((i) => merger(`${tower}.deepstack_merger_list.${i}`, 4 * d)),
    ...decoder({
      path: "model.language_model",
      layers: 28,
      hidden,
      wide: 6144,
      query: 2048,
      keyValue: 1024,
      headNorm: 128,
      vocabulary: 151936,
    }),
  ];
}

const layoutOf = { smolvlm: smolVlm256m, qwen2_5_vl: qwen25Vl3b, qwen3_vl: qwen3Vl2b } as const;

/** Every tensor of the model's checkpoint. */
export function tensorShapes(model: SyntheticModel): TensorShape[] {
  return layoutOf[model.family]();
}
