// Builds the tokenizer of the embedded model, in SmolVLM's layout: byte-level BPE over 256 byte symbols, merges learnt from
// the shapes world's own text, SmolVLM's special tokens, and the answer format's markers as single tokens. Writes no file.

import { instruction } from "@/tasks/instruction";
import { baseVocabulary, countWords, trainMerges } from "./bpe";
import { commonCorpus, taskCorpus } from "./corpus";

/** SmolVLM's control tokens, in the order of their ids; rows and columns are absent because images are not split. */
const specialTokens = [
  "<|endoftext|>",
  "<|im_start|>",
  "<|im_end|>",
  "<fake_token_around_image>",
  "<image>",
  "<global-img>",
  "<end_of_utterance>",
];
/** Ordinary text that is one token each, so that prompts are short: a CPU pays for every token. */
const markerTokens = [instruction, "<think>", "</think>", "\\boxed{"];

/** What goes into `tokenizer.json`, and which words of the task are not one token. */
export interface BuiltTokenizer {
  readonly json: object;
  readonly addedTokens: readonly { readonly id: number; readonly content: string }[];
  readonly splitWords: readonly string[];
}

/** Trains a tokenizer of exactly `vocabSize` tokens; fails when the corpus has too few words for that. */
export function buildTokenizer(vocabSize: number, options: { readonly seed: number; readonly problems: number }): BuiltTokenizer {
  const addedCount = specialTokens.length + markerTokens.length;
  const taskWords = countWords(taskCorpus(options.seed, options.problems));
  const words = countWords(commonCorpus());
  for (const [word, count] of taskWords) words.set(word, (words.get(word) ?? 0) + count);
  const merges = trainMerges(words, vocabSize - baseVocabulary.length - addedCount);
  const vocabulary = [...baseVocabulary, ...merges.map(([left, right]) => left + right)];
  if (vocabulary.length + addedCount !== vocabSize) {
    throw new Error(`the corpus gives only ${vocabulary.length} tokens; ${vocabSize - addedCount} are wanted`);
  }

  const addedTokens = [...specialTokens, ...markerTokens].map((content, index) => ({
    id: vocabulary.length + index,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: index < specialTokens.length,
  }));
  const json = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens,
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Digits", individual_digits: true },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
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
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
      merges,
    },
  };
  const known = new Set(vocabulary);
  return { json, addedTokens, splitWords: [...taskWords.keys()].filter((word) => !known.has(word)) };
}
