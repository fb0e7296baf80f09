import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodePng } from "@/image/pngDecode";
import { PromptError } from "@/models/promptError";
import { type ChatMessage, pickChatTemplate } from "@/text/chat";
import { loadTokenizer } from "@/text/tokenizer";
import { parseSmolVlmConfig } from "./config";
import { processImage } from "./imageProcessor";
import { smolVlmPrompt } from "./prompt";

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));
const root = "fixtures/smolvlm";
const tokenizer = loadTokenizer(json(`${root}/tokenizer.json`), json(`${root}/tokenizer_config.json`));
const template = pickChatTemplate({ jinja: readFileSync(`${root}/chat_template.jinja`, "utf8") });
const config = parseSmolVlmConfig({
  config: json(`${root}/config.json`),
  preprocessorConfig: json(`${root}/preprocessor_config.json`),
  processorConfig: json(`${root}/processor_config.json`),
});
const ask = (text: string): ChatMessage[] => [{ role: "user", content: [{ type: "image" }, { type: "text", text }] }];
const conversation = (messages: readonly ChatMessage[]) => ({ tokenizer, chatTemplate: template, messages });
const build = (text: string, grids = [{ rows: 0, columns: 0 }]) => smolVlmPrompt(conversation(ask(text)), grids, config);
const pictureOf = async (path: string) => processImage((await decodePng(readFileSync(path)))!, config.image);

describe("smolVlmPrompt", () => {
  for (const name of readdirSync(`${root}/golden`).filter((name) => name.startsWith("case"))) {
    const folder = `${root}/golden/${name}`;
    const info = json(`${folder}/case.json`);

    it(`gives the text and ids of ${name}`, async () => {
      const grids = await Promise.all(info.images.map((file: string) => pictureOf(`${folder}/${file}`)));
      const prompt = smolVlmPrompt(conversation(info.messages), grids, config);
      expect(prompt.text).toBe(info.prompt);
      expect([...prompt.ids]).toEqual(info.input_ids.slice(0, info.prompt_length));
      expect([...prompt.ids, ...tokenizer.encodeTemplate(info.response)]).toEqual(info.input_ids);
      expect([...prompt.imageTokenPositions]).toEqual(info.input_ids.flatMap((id: number, i: number) => (id === 286 ? [i] : [])));
    });
  }

  it("gives the ids of the golden update's prompt", async () => {
    const info = json(`${root}/golden/vppo/vppo.json`);
    const grid = await pictureOf(`${root}/golden/vppo/image.png`);
    const question = /<image>(.*)<end_of_utterance>/s.exec(info.prompt)![1]!;
    const prompt = build(question, [grid]);
    expect(prompt.text).toBe(info.prompt);
    expect([...prompt.ids]).toEqual(info.prompt_ids);
  });

  it("makes no image token of one that a user typed", () => {
    const typed = build("Is <image> here?<end_of_utterance>");
    expect(typed.imageTokenPositions.length).toBe(config.imageSequenceLength);
    expect([...typed.ids].filter((id) => id === 287).length).toBe(1);
    expect(tokenizer.decode(typed.ids)).toContain("Is <image> here?<end_of_utterance><end_of_utterance>\n");
  });

  it("refuses a picture too many, a question too long and a grid the tokenizer has no tokens for", () => {
    expect(() => build("x", [])).toThrow(PromptError);
    expect(() =>
      build("x", [
        { rows: 0, columns: 0 },
        { rows: 0, columns: 0 },
      ]),
    ).toThrow(/a place for 1 and there are 2/);
    expect(() => build("why ".repeat(2500))).toThrow(/The question and its pictures are too long/);
    expect(() => build("x", [{ rows: 1, columns: 5 }])).toThrow(/no <row_1_col_5>/);
  });
});
