// What the Qwen2.5-VL and Qwen3-VL files of llama.cpp share: the image processor, the ids of the picture tokens, the stop tokens.
// Taken from the released models because the files do not say it: BICUBIC resampling, two frames per patch, 2 × 2 patches per
// token where a file lacks spatial_merge_size; `<|endoftext|>` stops beside the file's own stop token.
import { type GgufPair, generationConfig, imageKeys, readVisionKeys, requireToken } from "../architecture";

/** Frames of a patch. */
export const temporalPatchSize = 2;

/** Patches per side of an image token. */
export function mergeSize({ vision }: GgufPair): number {
  return vision.count("clip.vision.spatial_merge_size") ?? 2;
}

/** The three sizes of m-RoPE's sections; GGUF pads them to four. */
export function mropeSection({ text }: GgufPair, architecture: string, released: readonly number[]): readonly number[] {
  return text.counts(`${architecture}.rope.dimension_sections`)?.slice(0, 3) ?? released;
}

/** Ids of config.json; those a vocabulary lacks are left out, but for the picture's. */
export function tokenIds(pair: GgufPair): Readonly<Record<string, number>> {
  const optional = {
    video_token_id: "<|video_pad|>",
    vision_start_token_id: "<|vision_start|>",
    vision_end_token_id: "<|vision_end|>",
  };
  const found: Record<string, number> = { image_token_id: requireToken(pair, "<|image_pad|>") };
  for (const [name, token] of Object.entries(optional)) {
    const id = pair.tokenizer.idOf(token);
    if (id !== undefined) found[name] = id;
  }
  return found;
}

/** The files beside config.json. `pixels` are the family's own bounds on a picture's size. */
export function qwenFiles(
  pair: GgufPair,
  pixels: { readonly min: number; readonly max: number },
  colours: { readonly mean: readonly number[]; readonly std: readonly number[] },
): Readonly<Record<string, unknown>> {
  const { vision, tokenizer } = pair;
  const min = vision.count("clip.vision.image_min_pixels") ?? pixels.min;
  const max = vision.count("clip.vision.image_max_pixels") ?? pixels.max;
  return {
    "preprocessor_config.json": {
      ...imageKeys(pair, colours),
      size: { shortest_edge: min, longest_edge: max },
      min_pixels: min,
      max_pixels: max,
      patch_size: readVisionKeys(pair).patch,
      temporal_patch_size: temporalPatchSize,
      merge_size: mergeSize(pair),
      resample: 3,
    },
    "generation_config.json": generationConfig(pair, ["<|im_end|>", "<|endoftext|>"]),
    "tokenizer_config.json": tokenizer.tokenizerConfig({
      image_token: "<|image_pad|>",
      video_token: "<|video_pad|>",
      vision_bos_token: "<|vision_start|>",
      vision_eos_token: "<|vision_end|>",
    }),
  };
}
