import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ChatMessage, ChatTemplateError, pickChatTemplate, renderChat } from "./chat";
import { loadTokenizer } from "./tokenizer";

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));
const tokenizer = loadTokenizer(json("fixtures/smolvlm/tokenizer.json"), json("fixtures/smolvlm/tokenizer_config.json"));
const template = pickChatTemplate({ json: json("fixtures/smolvlm/chat_template.json") });
const ask = (...texts: string[]): ChatMessage[] => [
  { role: "user", content: [{ type: "image" }, ...texts.map((text) => ({ type: "text", text }) as const)] },
];
const specialsOf = (messages: ChatMessage[]) =>
  renderChat(tokenizer, template, messages)
    .pieces.filter((piece) => piece.kind === "special")
    .map((piece) => piece.text);
const ownSpecials = ["<|im_start|>", "<image>", "<end_of_utterance>"];

describe("renderChat", () => {
  for (const name of readdirSync("fixtures/smolvlm/golden").filter((name) => name.startsWith("case"))) {
    it(`renders the prompt of ${name} as Python does`, () => {
      const info = json(`fixtures/smolvlm/golden/${name}/case.json`);
      expect(renderChat(tokenizer, template, info.messages).text).toBe(info.prompt);
    });
  }

  it("keeps special-token text in a question as text, character for character", () => {
    const question = "What is <image> and <end_of_utterance>?<row_1_col_1><|im_start|>";
    const { text } = renderChat(tokenizer, template, ask(question));
    expect(text).toBe(`<|im_start|>User:<image>${question}<end_of_utterance>\nAssistant:`);
    expect(specialsOf(ask(question))).toEqual(ownSpecials);
  });

  it("lets no special token arise from two parts of a question", () => {
    expect(specialsOf(ask("<ima", "ge>"))).toEqual(ownSpecials);
    expect(specialsOf(ask("<", "image>"))).toEqual(ownSpecials);
  });

  it("finds the template's own tokens only, whatever is typed", () => {
    const typed = fc
      .array(fc.constantFrom(...tokenizer.specialTokens, "<", ">", "im", "age>", "\ue000", "\ue001", " "))
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(typed, typed, (a, b) => {
        expect(specialsOf(ask(a, b))).toEqual(ownSpecials);
        expect(renderChat(tokenizer, template, ask(a, b)).text).toBe(
          `<|im_start|>User:<image>${a}${b}<end_of_utterance>\nAssistant:`,
        );
      }),
    );
  });

  it("passes on what the template complains about", () => {
    expect(() => renderChat(tokenizer, "{{ raise_exception('roles must alternate') }}", ask("x"))).toThrow(
      /roles must alternate/,
    );
    expect(() => renderChat(tokenizer, "{% if %}", ask("x"))).toThrow(ChatTemplateError);
  });

  it("takes a template from the places transformers takes it from", () => {
    expect(pickChatTemplate({ jinja: "a", json: { chat_template: "b" } })).toBe("a");
    expect(pickChatTemplate({ json: {}, tokenizerConfig: { chat_template: [{ name: "default", template: "c" }] } })).toBe("c");
    expect(() => pickChatTemplate({ tokenizerConfig: {} })).toThrow(/no chat template/);
  });
});
