// SmolVLM, SmolVLM2 and Idefics3 as llama.cpp stores them: text architecture "llama", projector "idefics3".
// What the files do not say and is taken from the released models: model_type (SmolVLM 1 and 2 compute the same: "smolvlm");
// size.longest_edge where an older projector file lacks preproc_image_size (4 frames per side); picture splitting on, LANCZOS
// resampling; gelu_pytorch_tanh; layer_norm_eps 1e-6 where the file says 1e-5, which is what the converter writes when
// config.json leaves the key out, and transformers then takes 1e-6.
import {
  decoderRules,
  feedForwardNames,
  type GgufArchitecture,
  generationConfig,
  imageKeys,
  isTied,
  normRules,
  readTextKeys,
  readVisionKeys,
  requireToken,
} from "../architecture";
import { layersOf, linearRules, perLayer } from "../tensorRules";

const converterDefaultEps = 1e-5;
const releasedEps = 1e-6;

/** SmolVLM's architecture. */
export const smolvlm: GgufArchitecture = {
  name: "SmolVLM",
  text: "llama",
  projector: "idefics3",
  lastProjection: "mm.model.fc.weight",

  modelRules(pair) {
    const { num_hidden_layers, num_attention_heads, num_key_value_heads } = readTextKeys(pair, "llama");
    return decoderRules(pair, {
      prefix: "model.text_model",
      layers: num_hidden_layers,
      biases: false,
      norms: false,
      queryJoin: { heads: num_attention_heads },
      keyJoin: { heads: num_key_value_heads },
    });
  },

  projectorRules(pair) {
    const { first, last } = feedForwardNames(pair);
    const layer = "model.vision_model.encoder.layers.#";
    return [
      ...linearRules("model.vision_model.embeddings.patch_embedding", "v.patch_embd"),
      { name: "model.vision_model.embeddings.position_embedding.weight", parts: ["v.position_embd.weight"] },
      ...perLayer(layersOf(readVisionKeys(pair).depth), [
        ...normRules(`${layer}.layer_norm1`, "v.blk.#.ln1"),
        ...linearRules(`${layer}.self_attn.q_proj`, "v.blk.#.attn_q"),
        ...linearRules(`${layer}.self_attn.k_proj`, "v.blk.#.attn_k"),
        ...linearRules(`${layer}.self_attn.v_proj`, "v.blk.#.attn_v"),
        ...linearRules(`${layer}.self_attn.out_proj`, "v.blk.#.attn_out"),
        ...normRules(`${layer}.layer_norm2`, "v.blk.#.ln2"),
        ...linearRules(`${layer}.mlp.fc1`, first),
        ...linearRules(`${layer}.mlp.fc2`, last),
      ]),
      ...normRules("model.vision_model.post_layernorm", "v.post_ln"),
      { name: "model.connector.modality_projection.proj.weight", parts: ["mm.model.fc.weight"] },
    ];
  },

  files(pair) {
    const { text, vision, tokenizer } = pair;
    const keys = readTextKeys(pair, "llama");
    const { hidden, intermediate, depth, heads, patch } = readVisionKeys(pair);
    const imageSize = vision.requireCount("clip.vision.image_size");
    const scale = vision.requireCount("clip.vision.projector.scale_factor");
    const eps = vision.number("clip.vision.attention.layer_norm_epsilon") ?? releasedEps;
    return {
      "config.json": {
        model_type: "smolvlm",
        image_token_id: requireToken(pair, "<image>"),
        scale_factor: scale,
        tie_word_embeddings: isTied(pair),
        ...(tokenizer.padId !== undefined && { pad_token_id: tokenizer.padId }),
        text_config: {
          model_type: "llama",
          ...keys,
          head_dim:
            text.count("llama.attention.key_length") ??
            text.count("llama.rope.dimension_count") ??
            keys.hidden_size / keys.num_attention_heads,
          rope_parameters: { rope_type: "default", rope_theta: text.number("llama.rope.freq_base") ?? 10_000 },
        },
        vision_config: {
          model_type: "smolvlm_vision",
          hidden_size: hidden,
          intermediate_size: intermediate,
          num_hidden_layers: depth,
          num_attention_heads: heads,
          num_channels: 3,
          image_size: imageSize,
          patch_size: patch,
          hidden_act: "gelu_pytorch_tanh",
          layer_norm_eps: eps === converterDefaultEps ? releasedEps : eps,
        },
      },
      "preprocessor_config.json": {
        ...imageKeys(pair, { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }),
        do_image_splitting: true,
        size: { longest_edge: vision.count("clip.vision.preproc_image_size") ?? 4 * imageSize },
        max_image_size: { longest_edge: imageSize },
        resample: 1,
      },
      "processor_config.json": { image_seq_len: (Math.floor(imageSize / patch) / scale) ** 2 },
      "generation_config.json": generationConfig(pair, ["<end_of_utterance>"]),
      "tokenizer_config.json": tokenizer.tokenizerConfig({
        image_token: "<image>",
        fake_image_token: "<fake_token_around_image>",
        global_image_token: "<global-img>",
        end_of_utterance_token: "<end_of_utterance>",
      }),
    };
  },
};
