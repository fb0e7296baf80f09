// Qwen2.5-VL as llama.cpp stores it: text architecture "qwen2vl", projector "qwen2.5vl_merger" (Qwen2-VL's "qwen2vl_merger" is
// another tower). What the files do not say and is taken from the released models: window_size 112 where the file has none
// (llama.cpp has it built in), pixel bounds 3136 and 12 845 056 where it has none, tokens_per_second 2, and what qwen.ts lists.
// The file's n_wa_pattern n stands for full attention in every n-th block.
import {
  decoderRules,
  feedForwardNames,
  fusedRules,
  type GgufArchitecture,
  isTied,
  readTextKeys,
  readVisionKeys,
} from "../architecture";
import { layersOf, linearRules, perLayer } from "../tensorRules";
import { mergeSize, mropeSection, qwenFiles, temporalPatchSize, tokenIds } from "./qwen";

const releasedWindow = 112;
const clipColours = { mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] };

/** Qwen2.5-VL's architecture. */
export const qwen25Vl: GgufArchitecture = {
  name: "Qwen2.5-VL",
  text: "qwen2vl",
  projector: "qwen2.5vl_merger",
  lastProjection: "mm.2.weight",

  modelRules(pair) {
    const layers = readTextKeys(pair, "qwen2vl").num_hidden_layers;
    return decoderRules(pair, { prefix: "model.language_model", layers, biases: true, norms: false });
  },

  projectorRules(pair) {
    const { first, last } = feedForwardNames(pair);
    const block = "model.visual.blocks.#";
    return [
      { name: "model.visual.patch_embed.proj.weight", parts: ["v.patch_embd.weight", "v.patch_embd.weight.1"], join: "frames" },
      ...perLayer(layersOf(readVisionKeys(pair).depth), [
        { name: `${block}.norm1.weight`, parts: ["v.blk.#.ln1.weight"] },
        ...fusedRules(pair, `${block}.attn.qkv`),
        ...linearRules(`${block}.attn.proj`, "v.blk.#.attn_out"),
        { name: `${block}.norm2.weight`, parts: ["v.blk.#.ln2.weight"] },
        ...linearRules(`${block}.mlp.gate_proj`, "v.blk.#.ffn_gate"),
        ...linearRules(`${block}.mlp.up_proj`, first),
        ...linearRules(`${block}.mlp.down_proj`, last),
      ]),
      { name: "model.visual.merger.ln_q.weight", parts: ["v.post_ln.weight"] },
      ...linearRules("model.visual.merger.mlp.0", "mm.0"),
      ...linearRules("model.visual.merger.mlp.2", "mm.2"),
    ];
  },

  files(pair) {
    const { text, vision } = pair;
    const keys = readTextKeys(pair, "qwen2vl");
    const { hidden, intermediate, depth, heads, patch } = readVisionKeys(pair);
    const pattern = vision.requireCount("clip.vision.n_wa_pattern");
    const blocks = Array.from({ length: depth }, (_, i) => i);
    return {
      "config.json": {
        model_type: "qwen2_5_vl",
        ...tokenIds(pair),
        tie_word_embeddings: isTied(pair),
        text_config: {
          model_type: "qwen2_5_vl_text",
          ...keys,
          tie_word_embeddings: isTied(pair),
          use_sliding_window: false,
          rope_parameters: {
            rope_type: "default",
            rope_theta: text.requireNumber("qwen2vl.rope.freq_base"),
            mrope_section: mropeSection(pair, "qwen2vl", [16, 24, 24]),
          },
        },
        vision_config: {
          model_type: "qwen2_5_vl_vision",
          depth,
          hidden_size: hidden,
          intermediate_size: intermediate,
          num_heads: heads,
          in_channels: 3,
          out_hidden_size: keys.hidden_size,
          patch_size: patch,
          spatial_merge_size: mergeSize(pair),
          temporal_patch_size: temporalPatchSize,
          tokens_per_second: 2,
          window_size: vision.count("clip.vision.window_size") ?? releasedWindow,
          fullatt_block_indexes: blocks.filter((i) => pattern > 0 && (i + 1) % pattern === 0),
          hidden_act: "silu",
        },
      },
      ...qwenFiles(pair, { min: 4 * 28 * 28, max: 16_384 * 28 * 28 }, clipColours),
    };
  },
};
