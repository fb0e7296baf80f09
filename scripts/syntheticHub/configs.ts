// The released config files of three small models, as far as a loader reads them (vlm-facts section 1 has where each value comes
// from). Together with layouts.ts they describe checkpoints of true size without a byte of true weights.

/** A model that the synthetic hub pretends to have. */
export interface SyntheticModel {
  /** Name after "synthetic/". */
  readonly name: string;
  readonly family: "smolvlm" | "qwen2_5_vl" | "qwen3_vl";
  readonly config: object;
  readonly preprocessorConfig: object;
  readonly processorConfig?: object;
  readonly generationConfig: object;
  /** Largest weight file. */
  readonly shardBytes: number;
  /** Folder in fixtures/ with a chat template of the family. */
  readonly templateFrom: string;
}

const halves = [0.5, 0.5, 0.5];

const smolVlm256m: SyntheticModel = {
  name: "SmolVLM-256M-Instruct",
  family: "smolvlm",
  config: {
    architectures: ["Idefics3ForConditionalGeneration"],
    model_type: "idefics3",
    image_token_id: 49190,
    pad_token_id: 128002,
    scale_factor: 4,
    tie_word_embeddings: false,
    torch_dtype: "bfloat16",
    text_config: {
      model_type: "llama",
      attention_bias: false,
      bos_token_id: 1,
      eos_token_id: 2,
      head_dim: 64,
      hidden_act: "silu",
      hidden_size: 576,
      intermediate_size: 1536,
      is_llama_config: true,
      max_position_embeddings: 8192,
      mlp_bias: false,
      num_attention_heads: 9,
      num_hidden_layers: 30,
      num_key_value_heads: 3,
      pad_token_id: 2,
      pixel_shuffle_factor: 4,
      qk_layer_norms: false,
      rms_norm_eps: 1e-5,
      rope_interleaved: false,
      rope_scaling: null,
      rope_theta: 100000,
      tie_word_embeddings: false,
      vocab_size: 49280,
    },
    vision_config: {
      model_type: "idefics3",
      hidden_act: "gelu_pytorch_tanh",
      hidden_size: 768,
      image_size: 512,
      intermediate_size: 3072,
      layer_norm_eps: 1e-6,
      num_attention_heads: 12,
      num_channels: 3,
      num_hidden_layers: 12,
      patch_size: 16,
    },
  },
  preprocessorConfig: {
    image_processor_type: "Idefics3ImageProcessor",
    processor_class: "Idefics3Processor",
    do_convert_rgb: true,
    do_image_splitting: true,
    do_normalize: true,
    do_pad: true,
    do_rescale: true,
    do_resize: true,
    image_mean: halves,
    image_std: halves,
    max_image_size: { longest_edge: 512 },
    resample: 1,
    rescale_factor: 1 / 255,
    size: { longest_edge: 2048 },
  },
  processorConfig: { image_seq_len: 64, processor_class: "Idefics3Processor" },
  generationConfig: { bos_token_id: 1, eos_token_id: 49279, pad_token_id: 2 },
  shardBytes: 5e9,
  templateFrom: "smolvlm",
};

const qwenIds = {
  bos_token_id: 151643,
  eos_token_id: 151645,
  image_token_id: 151655,
  video_token_id: 151656,
  vision_end_token_id: 151653,
  vision_start_token_id: 151652,
};

const qwenGeneration = { bos_token_id: 151643, eos_token_id: [151645, 151643], pad_token_id: 151643, do_sample: true };

const qwen25Vl3b: SyntheticModel = {
  name: "Qwen2.5-VL-3B-Instruct",
  family: "qwen2_5_vl",
  // The released file is flat: the decoder's keys are at the root.
  config: {
    architectures: ["Qwen2_5_VLForConditionalGeneration"],
    model_type: "qwen2_5_vl",
    ...qwenIds,
    vision_token_id: 151654,
    attention_dropout: 0,
    hidden_act: "silu",
    hidden_size: 2048,
    intermediate_size: 11008,
    max_position_embeddings: 128000,
    max_window_layers: 70,
    num_attention_heads: 16,
    num_hidden_layers: 36,
    num_key_value_heads: 2,
    rms_norm_eps: 1e-6,
    rope_scaling: { type: "mrope", mrope_section: [16, 24, 24] },
    rope_theta: 1000000,
    sliding_window: 32768,
    tie_word_embeddings: true,
    torch_dtype: "bfloat16",
    use_sliding_window: false,
    vocab_size: 151936,
    vision_config: {
      depth: 32,
      fullatt_block_indexes: [7, 15, 23, 31],
      hidden_act: "silu",
      hidden_size: 1280,
      in_chans: 3,
      intermediate_size: 3420,
      num_heads: 16,
      out_hidden_size: 2048,
      patch_size: 14,
      spatial_merge_size: 2,
      spatial_patch_size: 14,
      temporal_patch_size: 2,
      tokens_per_second: 2,
      window_size: 112,
    },
  },
  preprocessorConfig: {
    image_processor_type: "Qwen2VLImageProcessor",
    processor_class: "Qwen2_5_VLProcessor",
    image_mean: [0.48145466, 0.4578275, 0.40821073],
    image_std: [0.26862954, 0.26130258, 0.27577711],
    max_pixels: 12845056,
    merge_size: 2,
    min_pixels: 3136,
    patch_size: 14,
    temporal_patch_size: 2,
  },
  generationConfig: { ...qwenGeneration, repetition_penalty: 1.05, temperature: 0.000001 },
  shardBytes: 4e9,
  templateFrom: "qwen2_5_vl-tied",
};

const qwen3Vl2b: SyntheticModel = {
  name: "Qwen3-VL-2B-Instruct",
  family: "qwen3_vl",
  config: {
    architectures: ["Qwen3VLForConditionalGeneration"],
    model_type: "qwen3_vl",
    image_token_id: 151655,
    video_token_id: 151656,
    vision_end_token_id: 151653,
    vision_start_token_id: 151652,
    tie_word_embeddings: true,
    text_config: {
      model_type: "qwen3_vl_text",
      attention_bias: false,
      attention_dropout: 0,
      bos_token_id: 151643,
      dtype: "bfloat16",
      eos_token_id: 151645,
      head_dim: 128,
      hidden_act: "silu",
      hidden_size: 2048,
      intermediate_size: 6144,
      max_position_embeddings: 262144,
      num_attention_heads: 16,
      num_hidden_layers: 28,
      num_key_value_heads: 8,
      rms_norm_eps: 1e-6,
      rope_scaling: { mrope_interleaved: true, mrope_section: [24, 20, 20], rope_type: "default" },
      rope_theta: 5000000,
      tie_word_embeddings: true,
      vocab_size: 151936,
    },
    vision_config: {
      model_type: "qwen3_vl",
      deepstack_visual_indexes: [5, 11, 17],
      depth: 24,
      hidden_act: "gelu_pytorch_tanh",
      hidden_size: 1024,
      in_channels: 3,
      intermediate_size: 4096,
      num_heads: 16,
      num_position_embeddings: 2304,
      out_hidden_size: 2048,
      patch_size: 16,
      spatial_merge_size: 2,
      temporal_patch_size: 2,
    },
  },
  preprocessorConfig: {
    image_processor_type: "Qwen2VLImageProcessorFast",
    processor_class: "Qwen3VLProcessor",
    image_mean: halves,
    image_std: halves,
    merge_size: 2,
    patch_size: 16,
    size: { shortest_edge: 65536, longest_edge: 16777216 },
    temporal_patch_size: 2,
  },
  generationConfig: { ...qwenGeneration, temperature: 0.7, top_k: 20, top_p: 0.8, repetition_penalty: 1 },
  shardBytes: 2.5e9,
  templateFrom: "qwen3_vl-tied",
};

/** The models of true size. */
export const syntheticModels: readonly SyntheticModel[] = [smolVlm256m, qwen3Vl2b, qwen25Vl3b];
