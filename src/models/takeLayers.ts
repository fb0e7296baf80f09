// The layers that every family asks for, by the names checkpoints give them: a projection with or without bias, a norm, and the
// decoder blocks that Llama, Qwen2 and Qwen3 share.

import type { DecoderLayer } from "@/nn/decoderLayer";
import type { LinearLayer } from "@/nn/linear";
import type { LayerNormWeights } from "@/nn/normWeights";
import { TextDecoder } from "@/nn/textDecoder";
import type { ModelConfig } from "./family";
import type { WeightPart, WeightTaker } from "./weights";

/** `name.weight` [out, input], and `name.bias` [out] when there is one. */
export function takeLinear(
  take: WeightTaker,
  name: string,
  [out, input]: readonly [number, number],
  part: WeightPart,
  bias: boolean,
): LinearLayer {
  const weight = take.matrix({ name: `${name}.weight`, rows: out, columns: input, part });
  return bias ? { name, weight, bias: take.tensor(`${name}.bias`, [out]) } : { name, weight };
}

/** `name.weight` and `name.bias`, [size]. */
export function takeLayerNorm(take: WeightTaker, name: string, size: number): LayerNormWeights {
  return { weight: take.tensor(`${name}.weight`, [size]), bias: take.tensor(`${name}.bias`, [size]) };
}

/** What the decoders of the families differ in. */
export interface DecoderVariant {
  /** Module path of the decoder: "model.text_model" or "model.language_model". */
  readonly path: string;
  /** Qwen2: q, k and v have a bias. */
  readonly attentionBias?: boolean;
  /** Qwen3: queries and keys are normed per head. */
  readonly headNorms?: boolean;
}

/** The whole decoder: embedding, blocks, final norm, and an LM head unless it is tied. */
export function takeDecoder(
  take: WeightTaker,
  { text, tieWordEmbeddings }: ModelConfig,
  { path, attentionBias = false, headNorms = false }: DecoderVariant,
): TextDecoder {
  const heads = { query: text.numAttentionHeads, keyValue: text.numKeyValueHeads, dim: text.headDim };
  const [hidden, wide] = [text.hiddenSize, text.intermediateSize];
  const [queries, keys] = [heads.query * heads.dim, heads.keyValue * heads.dim];
  const embedTokens = take.matrix({
    name: `${path}.embed_tokens.weight`,
    rows: text.vocabSize,
    columns: hidden,
    part: tieWordEmbeddings ? "head" : "embedding",
  });
  const layers = Array.from({ length: text.numHiddenLayers }, (_, i): DecoderLayer => {
    const p = `${path}.layers.${i}`;
    const attention = (name: string, shape: readonly [number, number], bias: boolean) =>
      takeLinear(take, `${p}.self_attn.${name}`, shape, "text", bias);
    const mlp = (name: string, shape: readonly [number, number]) => takeLinear(take, `${p}.mlp.${name}`, shape, "text", false);
    return {
      heads,
      epsilon: text.rmsNormEps,
      inputNorm: take.tensor(`${p}.input_layernorm.weight`, [hidden]),
      postAttentionNorm: take.tensor(`${p}.post_attention_layernorm.weight`, [hidden]),
      q: attention("q_proj", [queries, hidden], attentionBias),
      k: attention("k_proj", [keys, hidden], attentionBias),
      v: attention("v_proj", [keys, hidden], attentionBias),
      ...(headNorms && {
        qNorm: take.tensor(`${p}.self_attn.q_norm.weight`, [heads.dim]),
        kNorm: take.tensor(`${p}.self_attn.k_norm.weight`, [heads.dim]),
      }),
      o: attention("o_proj", [hidden, queries], false),
      gate: mlp("gate_proj", [wide, hidden]),
      up: mlp("up_proj", [wide, hidden]),
      down: mlp("down_proj", [hidden, wide]),
    };
  });
  const norm = take.tensor(`${path}.norm.weight`, [hidden]);
  const head = tieWordEmbeddings
    ? embedTokens
    : take.matrix({ name: "lm_head.weight", rows: text.vocabSize, columns: hidden, part: "head" });
  return new TextDecoder({ embedTokens, layers, norm, epsilon: text.rmsNormEps, head });
}
