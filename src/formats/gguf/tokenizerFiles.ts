// tokenizer.json, tokenizer_config.json and chat_template.json out of a GGUF file's tokenizer.* entries, for src/text. Read are
// byte-level BPE vocabularies (model "gpt2") split as SmolLM ("smollm") or Qwen2 ("qwen2") does.
// What the file does not say: whether an added token is special in tokenizer.json's sense. llama.cpp's converter marks as CONTROL
// what is special or looks like <|…|>, and the rest (<think>, <tool_call>) as USER_DEFINED; that is taken over. Reserved rows
// beyond the vocabulary ([PAD151669]) are UNUSED there and no tokens here. Stripping of spaces around added tokens is not
// stored; no released model has any.
import { GgufError, quote } from "./ggufError";
import type { GgufMetadata } from "./metadata";

// llama.cpp's llama_token_type.
const normal = 1;
const control = 3;
const userDefined = 4;
const unused = 5;

const qwenSplit =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

const byteLevel = (usesRegex: boolean) => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: false,
  use_regex: usesRegex,
});

/** Normaliser and pre-tokeniser by `tokenizer.ggml.pre`, as in the released models' tokenizer.json. */
const splitters: Readonly<Record<string, { readonly normalizer: unknown; readonly pre_tokenizer: unknown }>> = {
  smollm: {
    normalizer: null,
    pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Digits", individual_digits: true }, byteLevel(true)] },
  },
  qwen2: {
    normalizer: { type: "NFC" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [{ type: "Split", pattern: { Regex: qwenSplit }, behavior: "Isolated", invert: false }, byteLevel(false)],
    },
  },
};

/** The tokenizer's files as JSON values, and what configurations need to know of it. */
export interface TokenizerFiles {
  readonly tokenizerJson: unknown;
  /** `tokenNames` are further named tokens, e.g. image_token; those the vocabulary lacks are left out. */
  tokenizerConfig(tokenNames: Readonly<Record<string, string>>): Readonly<Record<string, unknown>>;
  /** Undefined when the file has no template. */
  readonly chatTemplate: string | undefined;
  /** Number of entries of the token list. */
  readonly size: number;
  /** Id of a token, undefined when there is none. */
  idOf(token: string): number | undefined;
  readonly eosId: number | undefined;
  readonly bosId: number | undefined;
  readonly padId: number | undefined;
}

/** Reads the tokenizer of a text file; throws GgufError when it is of another kind. */
export function readTokenizer(metadata: GgufMetadata, file: string): TokenizerFiles {
  const fail: (why: string) => never = (why) => {
    throw new GgufError(file, why, "Choose a SmolVLM, Qwen2.5-VL or Qwen3-VL file");
  };
  const key = (name: string) => `tokenizer.ggml.${name}`;
  const kind = metadata.text(key("model"));
  if (kind !== "gpt2") fail(`its tokenizer is of the kind ${quote(kind ?? "none")}; "gpt2" is read`);
  const pre = metadata.text(key("pre")) ?? "none";
  const splitter = Object.hasOwn(splitters, pre) ? splitters[pre] : undefined;
  if (splitter === undefined)
    fail(`its tokenizer splits words as ${quote(pre)}; ${Object.keys(splitters).map(quote).join(" and ")} are read`);
  const tokens = metadata.require(key("tokens"), metadata.texts(key("tokens")));
  const merges = metadata.require(key("merges"), metadata.texts(key("merges")));
  const types = metadata.counts(key("token_type")) ?? tokens.map(() => normal);
  if (types.length !== tokens.length) fail(`it has ${tokens.length} tokens and ${types.length} token types`);

  const ids = new Map<string, number>();
  const vocab: [string, number][] = [];
  const added: unknown[] = [];
  tokens.forEach((token, id) => {
    const type = types[id];
    if (type === unused) return;
    if (ids.has(token)) fail(`it has the token ${quote(token)} twice`);
    ids.set(token, id);
    if (type === normal) vocab.push([token, id]);
    else if (type === control || type === userDefined) {
      const special = type === control;
      added.push({ id, content: token, single_word: false, lstrip: false, rstrip: false, normalized: false, special });
    } else fail(`its token ${quote(token)} is of the type ${type}`);
  });

  const idAt = (name: string) => {
    const id = metadata.count(key(name));
    if (id !== undefined && id >= tokens.length) fail(`its entry ${quote(key(name))} is outside the vocabulary`);
    return id;
  };
  const bosId = idAt("bos_token_id");
  const eosId = idAt("eos_token_id");
  const padId = idAt("padding_token_id");
  const named = { bos_token: bosId, eos_token: eosId, pad_token: padId, unk_token: idAt("unknown_token_id") };
  return {
    tokenizerJson: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: added,
      ...splitter,
      post_processor: null,
      decoder: byteLevel(true),
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        vocab: Object.fromEntries(vocab),
        merges,
      },
    },
    tokenizerConfig: (tokenNames) => {
      const config: Record<string, unknown> = { tokenizer_class: "PreTrainedTokenizerFast" };
      for (const [name, id] of Object.entries(named)) if (id !== undefined) config[name] = tokens[id];
      for (const [name, token] of Object.entries(tokenNames)) if (ids.has(token)) config[name] = token;
      return config;
    },
    chatTemplate: metadata.text("tokenizer.chat_template"),
    size: tokens.length,
    idOf: (token) => ids.get(token),
    eosId,
    bosId,
    padId,
  };
}
