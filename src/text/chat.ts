// Messages → prompt pieces through the checkpoint's own Jinja chat template. What a user typed stays text: wherever it could
// start a special token, a private-use letter is put in for the rendering and taken out afterwards, and that place is barred
// from becoming a token. Text without such strings reaches the template untouched, so trimming and tests in it still work.
import { Template } from "@huggingface/jinja";
import { UserError } from "@/lib/errors";
import type { PromptPiece, TextTokenizer } from "./tokenizer";

/** One part of a message. */
export type ChatPart = { readonly type: "text"; readonly text: string } | { readonly type: "image" };

/** One turn of a conversation. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: readonly ChatPart[];
}

/** A rendered prompt: its text as Python renders it, and the same text cut at the template's own special tokens. */
export interface RenderedPrompt {
  readonly text: string;
  readonly pieces: readonly PromptPiece[];
}

/** The chat template failed or is missing. */
export class ChatTemplateError extends UserError {
  override readonly name = "ChatTemplateError";
  constructor(why: string, options?: ErrorOptions) {
    super("The prompt could not be built", why, "Check the model's chat_template.jinja or chat_template.json", options);
  }
}

function templateOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return undefined;
  const entry: unknown = value.find(
    (item: unknown) => typeof item === "object" && item !== null && "name" in item && item.name === "default",
  );
  return typeof entry === "object" && entry !== null && "template" in entry ? templateOf(entry.template) : undefined;
}

function fieldOf(file: unknown): string | undefined {
  return typeof file === "object" && file !== null && "chat_template" in file ? templateOf(file.chat_template) : undefined;
}

/** Picks the template as transformers does: chat_template.jinja, then chat_template.json, then tokenizer_config.json. */
export function pickChatTemplate(files: {
  readonly jinja?: string;
  readonly json?: unknown;
  readonly tokenizerConfig?: unknown;
}): string {
  const template = files.jinja ?? fieldOf(files.json) ?? fieldOf(files.tokenizerConfig);
  if (template === undefined) throw new ChatTemplateError("the model has no chat template");
  return template;
}

/** A letter that occurs in none of the texts. */
function findUnusedLetter(texts: readonly string[]): string {
  for (let code = 0xe000; code <= 0xf8ff; code++) {
    const letter = String.fromCharCode(code);
    if (!texts.some((text) => text.includes(letter))) return letter;
  }
  throw new ChatTemplateError("the question uses every private-use letter of Unicode");
}

/** Puts `mark` after each first letter of what is, or at the end of the text may become, a special token. */
function markSpecials(text: string, specials: readonly string[], mark: string): string {
  let marked = "";
  for (let i = 0; i < text.length; i++) {
    const rest = text.length - i;
    const isStart = specials.some((special) =>
      rest >= special.length ? text.startsWith(special, i) : special.startsWith(text.slice(i)),
    );
    marked += isStart ? (text[i] as string) + mark : (text[i] as string);
  }
  return marked;
}

function removeMarks(text: string, mark: string): { readonly text: string; readonly marked: ReadonlySet<number> } {
  const marked = new Set<number>();
  let clean = "";
  for (const [i, part] of text.split(mark).entries()) {
    if (i > 0) marked.add(clean.length - 1);
    clean += part;
  }
  return { text: clean, marked };
}

/**
 * Renders messages with the generation prompt. Throws ChatTemplateError with the template's own message when it refuses.
 */
export function renderChat(tokenizer: TextTokenizer, chatTemplate: string, messages: readonly ChatMessage[]): RenderedPrompt {
  const texts = messages.flatMap((message) => message.content.flatMap((part) => (part.type === "text" ? [part.text] : [])));
  const mark = findUnusedLetter([chatTemplate, ...texts]);
  const escaped = messages.map(({ role, content }) => ({
    role,
    content: content.map((part) =>
      part.type === "text" ? { type: "text", text: markSpecials(part.text, tokenizer.specialTokens, mark) } : { type: "image" },
    ),
  }));
  let rendered: string;
  try {
    const names = tokenizer.namedTokens;
    rendered = new Template(chatTemplate).render({
      ...names,
      messages: escaped,
      add_generation_prompt: true,
    });
  } catch (cause) {
    throw new ChatTemplateError(`the chat template failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  const { text, marked } = removeMarks(rendered, mark);
  return { text, pieces: tokenizer.splitSpecials(text, marked) };
}
