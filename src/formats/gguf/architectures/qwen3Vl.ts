// Dense Qwen3-VL as llama.cpp stores it: text architecture "qwen3vl", projector "qwen3vl_merger". What the files do not say and
// is taken from the released models: pixel bounds 65 536 and 16 777 216 where a file has none, gelu_pytorch_tanh, interleaved
// m-RoPE, and what qwen.ts lists. The projector's layer_norm_epsilon is the decoder's and not used: the tower's is fixed.
import {
  decoderRules,
  feedForwardNames,
  fusedRules,
  type GgufArchitecture,
  type GgufPair,
  isTied,
  normRules,
  readTextKeys,
  readVisionKeys,
} from "../architecture";
import { GgufError } from "../ggufError";
import { layersOf, linearRules, perLayer } from "../tensorRules";
import { mergeSize, mropeSection, qwenFiles, temporalPatchSize, tokenIds } from "./qwen";

/** Blocks whose output goes to the decoder's first blocks; throws GgufError when the text file expects another number of them. */
function deepstackBlocks({ text, vision, model, projector }: GgufPair): readonly number[] {
  const flags = vision.flags("clip.vision.is_deepstack_layers") ?? [];
  const blocks = flags.flatMap((isTapped, i) => (isTapped ? [i] : []));
  const expected = text.count("qwen3vl.n_deepstack_layers") ?? blocks.length;
  if (expected === blocks.length) return blocks;
  throw new GgufError(
    projector.header.file,
    `it has ${blocks.length} DeepStack layers and "${model.header.file}" expects ${expected}`,
    "Choose the projector file of the same model",
  );
}

/** Qwen3-VL's architecture. */
export const qwen3Vl: GgufArchitecture = {
  name: "Qwen3-VL",
  text: "qwen3vl",
  projector: "qwen3vl_merger",
  lastProjection: "mm.2.weight",

  modelRules(pair) {
    const layers = readTextKeys(pair, "qwen3vl").num_hidden_layers;
    return decoderRules(pair, { prefix: "model.language_model", layers, biases: false, norms: true });
  },

  projectorRules(pair) {
    const { first, last } = feedForwardNames(pair);
    const block = "model.visual.blocks.#";
    const merger = "model.visual.deepstack_merger_list.#";
    const taps = deepstackBlocks(pair).map((part, name) => ({ name, part }));
    return [
      { name: "model.visual.patch_embed.proj.weight", parts: ["v.patch_embd.weight", "v.patch_embd.weight.1"], join: "frames" },
      { name: "model.visual.patch_embed.proj.bias", parts: ["v.patch_embd.bias"] },
      { name: "model.visual.pos_embed.weight", parts: ["v.position_embd.weight"] },
      ...perLayer(layersOf(readVisionKeys(pair).depth), [
        ...normRules(`${block}.norm1`, "v.blk.#.ln1"),
        ...fusedRules(pair, `${block}.attn.qkv`),
        ...linearRules(`${block}.attn.proj`, "v.blk.#.attn_out"),
        ...normRules(`${block}.norm2`, "v.blk.#.ln2"),
        ...linearRules(`${block}.mlp.linear_fc1`, first),
        ...linearRules(`${block}.mlp.linear_fc2`, last),
      ]),
      ...normRules("model.visual.merger.norm", "v.post_ln"),
      ...linearRules("model.visual.merger.linear_fc1", "mm.0"),
      ...linearRules("model.visual.merger.linear_fc2", "mm.2"),
      ...perLayer(taps, [
        ...normRules(`${merger}.norm`, "v.deepstack.#.norm"),
        ...linearRules(`${merger}.linear_fc1`, "v.deepstack.#.fc1"),
        ...linearRules(`${merger}.linear_fc2`, "v.deepstack.#.fc2"),
      ]),
    ];
  },

  files(pair) {
    const { text, projector } = pair;
    const keys = readTextKeys(pair, "qwen3vl");
    const { hidden, intermediate, depth, heads, patch } = readVisionKeys(pair);
    const positions = projector.header.tensors.get("v.position_embd.weight")?.shape[0];
    return {
      "config.json": {
        model_type: "qwen3_vl",
        ...tokenIds(pair),
        tie_word_embeddings: isTied(pair),
        text_config: {
          model_type: "qwen3_vl_text",
          ...keys,
          head_dim: text.requireCount("qwen3vl.attention.key_length"),
          attention_bias: false,
          tie_word_embeddings: isTied(pair),
          rope_parameters: {
            rope_type: "default",
            rope_theta: text.requireNumber("qwen3vl.rope.freq_base"),
            mrope_section: mropeSection(pair, "qwen3vl", [24, 20, 20]),
            mrope_interleaved: true,
          },
        },
        vision_config: {
          model_type: "qwen3_vl_vision",
          depth,
          hidden_size: hidden,
          intermediate_size: intermediate,
          num_heads: heads,
          in_channels: 3,
          out_hidden_size: keys.hidden_size,
          patch_size: patch,
          spatial_merge_size: mergeSize(pair),
          temporal_patch_size: temporalPatchSize,
          ...(positions !== undefined && { num_position_embeddings: positions }),
          deepstack_visual_indexes: deepstackBlocks(pair),
          hidden_act: "gelu_pytorch_tanh",
        },
      },
      ...qwenFiles(pair, { min: 65_536, max: 16_777_216 }, { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }),
    };
  },
};
