// Text ↔ token ids for the byte-level BPE tokenizers of all model families (tokenizer.json). Wraps @huggingface/tokenizers and
// adds what it lacks: special tokens are matched only where the chat template put them, so a user who types "<image>" gets the
// letters; digit and white-space classes follow Unicode as the Rust original does; single tokens show broken UTF-8 as bytes.
// No post-processor is run: chat templates write their own beginning-of-text token.
import { Tokenizer } from "@huggingface/tokenizers";
import * as v from "valibot";
import { UserError } from "@/lib/errors";

/** A run of ordinary text, or one special token, of a rendered prompt. */
export interface PromptPiece {
  readonly kind: "text" | "special";
  readonly text: string;
}

/** A loaded tokenizer. */
export interface TextTokenizer {
  /** One more than the largest token id. */
  readonly vocabularySize: number;
  /** Contents of all special tokens (`special: true`). */
  readonly specialTokens: readonly string[];
  /** Ids of the end-of-sequence token that tokenizer_config.json names, if any. */
  readonly eosIds: readonly number[];
  /** tokenizer_config.json's named tokens, e.g. image_token, bos_token. */
  readonly namedTokens: Readonly<Record<string, string>>;
  /** Ids of text in which special tokens are plain letters (a user's question). */
  encode(text: string): number[];
  /** Ids of pieces; neighbouring text pieces are tokenised as one text, so merges cross their borders. */
  encodePieces(pieces: readonly PromptPiece[]): number[];
  /** Cuts text at its special tokens, longest match first, except where one would start at an index of `literalStarts`. */
  splitSpecials(text: string, literalStarts?: ReadonlySet<number>): PromptPiece[];
  /** Ids of text in which special tokens count (a rendered template, a model's answer). */
  encodeTemplate(text: string): number[];
  /** Text of ids; incomplete UTF-8 becomes U+FFFD. */
  decode(ids: Iterable<number>, options?: { readonly skipSpecial?: boolean }): string;
  /** How one token is shown: its text, or its bytes as "<0xF0>" where they are not whole characters. */
  tokenText(id: number): string;
  /** The bytes a token stands for. */
  tokenBytes(id: number): Uint8Array;
  tokenId(token: string): number | undefined;
  isSpecial(id: number): boolean;
}

/** The tokenizer files are damaged or of a kind this program does not read. */
export class TokenizerError extends UserError {
  override readonly name = "TokenizerError";
  constructor(why: string, options?: ErrorOptions) {
    super("The model's tokenizer cannot be used", why, "Check tokenizer.json, or load another model", options);
  }
}

const addedTokenSchema = v.looseObject({
  id: v.pipe(v.number(), v.integer(), v.minValue(0)),
  content: v.pipe(v.string(), v.nonEmpty()),
  lstrip: v.optional(v.boolean(), false),
  rstrip: v.optional(v.boolean(), false),
  special: v.optional(v.boolean(), false),
});

const tokenizerSchema = v.looseObject({
  added_tokens: v.optional(v.array(addedTokenSchema), []),
  normalizer: v.nullish(v.looseObject({ type: v.string() }), null),
  pre_tokenizer: v.looseObject({ type: v.string() }),
  decoder: v.looseObject({ type: v.literal("ByteLevel") }),
  model: v.looseObject({
    type: v.optional(v.literal("BPE")),
    vocab: v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(0))),
    merges: v.array(v.union([v.string(), v.tuple([v.string(), v.string()])])),
  }),
});

const tokenizerConfigSchema = v.record(v.string(), v.unknown());

const gpt2Split = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/**
 * Rewrites pre-tokenizer steps whose JavaScript form differs from the Rust one: "Digits" there means every Unicode number,
 * and ByteLevel's \s there has U+0085 and lacks U+FEFF. As a Split with a pattern, the library treats both exactly.
 */
function exactPreTokenizer(step: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const split = (pattern: string) => ({ type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false });
  if (step.type === "Sequence" && Array.isArray(step.pretokenizers)) {
    return { ...step, pretokenizers: step.pretokenizers.map(exactPreTokenizer) };
  }
  if (step.type === "Digits") return split(step.individual_digits ? "\\p{N}" : "\\p{N}+");
  if (step.type === "ByteLevel" && step.use_regex !== false && step.add_prefix_space !== true) {
    return { type: "Sequence", pretokenizers: [split(gpt2Split), { ...step, use_regex: false }] };
  }
  return step;
}

/** GPT-2's table from the letters of byte-level vocabularies to bytes. */
function createByteOfLetter(): ReadonlyMap<string, number> {
  const table = new Map<string, number>();
  let extra = 256;
  for (let byte = 0; byte < 256; byte++) {
    const isPrintable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    table.set(String.fromCharCode(isPrintable ? byte : extra++), byte);
  }
  return table;
}

const byteOfLetter = createByteOfLetter();
const hex = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;

/** The named tokens of tokenizer_config.json, whose values are strings or {content}. */
function readNamedTokens(config: Readonly<Record<string, unknown>>): Record<string, string> {
  const named: Record<string, string> = {};
  const extra = config.extra_special_tokens;
  const nested = typeof extra === "object" && extra !== null && !Array.isArray(extra) ? Object.entries(extra) : [];
  for (const [key, value] of [...nested, ...Object.entries(config)]) {
    const content: unknown = typeof value === "object" && value !== null && "content" in value ? value.content : value;
    if (key.endsWith("_token") && typeof content === "string") named[key] = content;
  }
  return named;
}

function parse<T>(schema: v.GenericSchema<unknown, T>, input: unknown, file: string): T {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new TokenizerError(`${file} has an unexpected ${v.getDotPath(issue) ?? "content"} (${issue.message})`);
}

/** Makes a tokenizer from the parsed tokenizer.json and tokenizer_config.json; throws TokenizerError. */
export function loadTokenizer(tokenizerJson: unknown, tokenizerConfig: unknown): TextTokenizer {
  const file = parse(tokenizerSchema, tokenizerJson, "tokenizer.json");
  const config = parse(tokenizerConfigSchema, tokenizerConfig, "tokenizer_config.json");
  const specials = file.added_tokens.filter((token) => token.special);
  const ordinary = file.added_tokens.filter((token) => !token.special);
  let plain: Tokenizer;
  try {
    const definition = {
      ...file,
      added_tokens: ordinary,
      pre_tokenizer: exactPreTokenizer(file.pre_tokenizer),
      post_processor: null,
    };
    plain = new Tokenizer(definition, {});
  } catch (cause) {
    throw new TokenizerError("its definition is damaged", { cause });
  }

  const encoder = new TextEncoder();
  const bytesOf = new Map<number, Uint8Array>();
  for (const [token, id] of Object.entries(file.model.vocab)) {
    bytesOf.set(
      id,
      Uint8Array.from(token, (letter) => byteOfLetter.get(letter) ?? 0x3f),
    );
  }
  for (const token of file.added_tokens) bytesOf.set(token.id, encoder.encode(token.content));
  let vocabularySize = 0;
  for (const id of bytesOf.keys()) vocabularySize = Math.max(vocabularySize, id + 1);

  const specialByText = new Map(specials.map((token) => [token.content, token]));
  const specialIds = new Set(specials.map((token) => token.id));
  const escaped = [...specialByText.keys()]
    .sort((a, b) => b.length - a.length)
    .map((s) => s.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const namedTokens = readNamedTokens(config);
  const tokenId = (token: string) => specialByText.get(token)?.id ?? plain.token_to_id(token);
  const eosId = namedTokens.eos_token === undefined ? undefined : tokenId(namedTokens.eos_token);
  const noBytes = new Uint8Array();
  const tokenBytes = (id: number) => bytesOf.get(id) ?? noBytes;

  const encode = (text: string) => (text === "" ? [] : plain.encode(text, { add_special_tokens: false }).ids);

  const splitSpecials = (text: string, literalStarts?: ReadonlySet<number>): PromptPiece[] => {
    const pieces: PromptPiece[] = [];
    const pattern = new RegExp(escaped.join("|"), "g");
    let done = 0;
    const pushText = (end: number) => {
      if (end > done) pieces.push({ kind: "text", text: text.slice(done, end) });
    };
    for (let match = escaped.length ? pattern.exec(text) : null; match; match = pattern.exec(text)) {
      if (literalStarts?.has(match.index)) {
        pattern.lastIndex = match.index + 1;
        continue;
      }
      pushText(match.index);
      pieces.push({ kind: "special", text: match[0] });
      done = pattern.lastIndex;
    }
    pushText(text.length);
    return pieces;
  };

  const encodePieces = (pieces: readonly PromptPiece[]): number[] => {
    const ids: number[] = [];
    let run = "";
    let stripStart = false;
    const flush = (stripEnd: boolean) => {
      const started = stripStart ? run.trimStart() : run;
      for (const id of encode(stripEnd ? started.trimEnd() : started)) ids.push(id);
      run = "";
    };
    for (const piece of pieces) {
      const special = piece.kind === "special" ? specialByText.get(piece.text) : undefined;
      if (!special) {
        run += piece.text;
        continue;
      }
      flush(special.lstrip);
      ids.push(special.id);
      stripStart = special.rstrip;
    }
    flush(false);
    return ids;
  };

  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return {
    vocabularySize,
    specialTokens: [...specialByText.keys()],
    eosIds: eosId === undefined ? [] : [eosId],
    namedTokens,
    encode,
    encodePieces,
    splitSpecials,
    encodeTemplate: (text) => encodePieces(splitSpecials(text)),
    decode: (ids, options = {}) => {
      const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
      let text = "";
      for (const id of ids)
        if (!(options.skipSpecial && specialIds.has(id))) text += decoder.decode(tokenBytes(id), { stream: true });
      return text + decoder.decode();
    },
    tokenText: (id) => {
      const bytes = tokenBytes(id);
      try {
        return strict.decode(bytes);
      } catch {
        return Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : hex(byte))).join("");
      }
    },
    tokenBytes,
    tokenId,
    isSpecial: (id) => specialIds.has(id),
  };
}
