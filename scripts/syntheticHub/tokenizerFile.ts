// A tokenizer.json with a family's true vocabulary size, pre-tokeniser and special tokens at their true ids. The base vocabulary
// is the 256 bytes and filler: there are no merges, so text becomes one token per byte and filler only comes out of the model.

import type { SyntheticModel } from "./configs";

interface Vocabulary {
  /** Ids below this are the base vocabulary. */
  readonly base: number;
  /** Id of the first byte token. */
  readonly bytesFrom: number;
  readonly special: ReadonlyMap<number, string>;
  readonly normalizer: object | null;
  readonly preTokenizer: object;
}

/** The GPT-2 table: byte → printable character, in the order of the vocabulary. */
function byteCharacters(): string[] {
  const printable = [...range(33, 127), ...range(161, 173), ...range(174, 256)];
  const others = range(0, 256).filter((byte) => !printable.includes(byte));
  return [...printable, ...others.map((_, i) => 256 + i)].map((code) => String.fromCodePoint(code));
}

function range(begin: number, end: number): number[] {
  return Array.from({ length: end - begin }, (_, i) => begin + i);
}

function smolVlm(): Vocabulary {
  const grid = range(0, 36).map((i) => [49153 + i, `<row_${Math.floor(i / 6) + 1}_col_${(i % 6) + 1}>`] as const);
  return {
    base: 49152,
    bytesFrom: 17,
    special: new Map<number, string>([
      [0, "<|endoftext|>"],
      [1, "<|im_start|>"],
      [2, "<|im_end|>"],
      ...range(3, 17).map((id) => [id, `<code_${id}>`] as const),
      [49152, "<global-img>"],
      ...grid,
      [49189, "<fake_token_around_image>"],
      [49190, "<image>"],
      ...range(49191, 49279).map((id) => [id, `<|reserved_special_token_${id - 49191}|>`] as const),
      [49279, "<end_of_utterance>"],
    ]),
    normalizer: null,
    preTokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Digits", individual_digits: true },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
  };
}

// biome-ignore format: a list in the order of ids from 151643 on
const qwenSpecial = [
  "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>",
  "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
  "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>",
  "<|file_sep|>",
];
const qwen3Special = [...qwenSpecial, "<tool_response>", "</tool_response>", "<think>", "</think>"];

const qwenPattern =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

function qwen(special: readonly string[]): Vocabulary {
  return {
    base: 151643,
    bytesFrom: 0,
    special: new Map(special.map((content, i) => [151643 + i, content])),
    normalizer: { type: "NFC" },
    preTokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: qwenPattern }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
  };
}

const vocabularyOf = { smolvlm: smolVlm, qwen2_5_vl: () => qwen(qwenSpecial), qwen3_vl: () => qwen(qwen3Special) } as const;

/** Tokens whose text a decoder shows, though they are added tokens. */
const shown = new Set(["<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]);

/** The text of tokenizer.json. */
export function tokenizerFile(model: SyntheticModel): string {
  const { base, bytesFrom, special, normalizer, preTokenizer } = vocabularyOf[model.family]();
  const bytes = byteCharacters();
  const vocab: Record<string, number> = {};
  // "Ġ" is the space: filler reads as a word of its own.
  for (let id = 0; id < base; id++) vocab[special.get(id) ?? bytes[id - bytesFrom] ?? `Ġw${id.toString(36)}`] = id;
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: Array.from(special, ([id, content]) => ({ id, content, ...flags, special: !shown.has(content) })),
    normalizer,
    pre_tokenizer: preTokenizer,
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges: [],
    },
  });
}
