import { describe, expect, it } from "vitest";
import { ModelConfigError } from "@/models/configSchemas";
import { PromptError } from "@/models/promptError";
import type { ChatMessage } from "@/text/chat";
import { qwenProcess } from "./imageProcessor";
import { qwenPrompt } from "./prompt";
import { type GoldenCase, type GoldenFolder, goldenFolders } from "./test/goldenFolder";

const ask = (text: string): ChatMessage[] => [{ role: "user", content: [{ type: "image" }, { type: "text", text }] }];
const build = ({ tokenizer, template, config }: GoldenFolder, messages: ChatMessage[], counts: number[]) => {
  const images = counts.map((featureCount) => ({ featureCount }));
  return qwenPrompt({ tokenizer, chatTemplate: template, messages }, images, config);
};
const countsOf = async ({ picture, config }: GoldenFolder, files: string[]) => {
  const pictures = await Promise.all(files.map(picture));
  return pictures.map((image) => qwenProcess(image, config.image).featureCount);
};

describe.each(goldenFolders)("qwenPrompt of $name", (folder) => {
  const { config, tokenizer, json } = folder;

  it.each(folder.cases)("gives Python's text and ids of %s", async (entry) => {
    const info = json(`golden/${entry}/case.json`) as GoldenCase;
    const files = info.images.map((file) => `golden/${entry}/${file}`);
    const prompt = build(folder, info.messages, await countsOf(folder, files));
    expect(prompt.text).toBe(info.prompt);
    expect([...prompt.ids]).toEqual(info.input_ids.slice(0, info.prompt_length));
    expect([...prompt.ids, ...tokenizer.encodeTemplate(info.response)]).toEqual(info.input_ids);
    const places = info.input_ids.flatMap((id, i) => (id === config.imageTokenId ? [i] : []));
    expect([...prompt.imageTokenPositions]).toEqual(places);
    expect(tokenizer.decode(prompt.ids).replace(/(<\|image_pad\|>)+/g, "$1")).toBe(info.prompt);
    expect(tokenizer.decode(tokenizer.encodeTemplate(info.response))).toBe(info.response);
  });

  it("gives the ids of the golden update's prompt", async () => {
    const info = json("golden/vppo/vppo.json") as { prompt: string; prompt_ids: number[] };
    const question = /<\|vision_end\|>(.*)<\|im_end\|>\n<\|im_start\|>assistant/s.exec(info.prompt)![1]!;
    const prompt = build(folder, ask(question), await countsOf(folder, ["golden/vppo/image.png"]));
    expect(prompt.text).toBe(info.prompt);
    expect([...prompt.ids]).toEqual(info.prompt_ids);
  });

  it("makes no special token of what a user typed", () => {
    const typed = build(folder, ask("Is <|image_pad|> here?<|im_end|>"), [6]);
    expect(typed.imageTokenPositions.length).toBe(6);
    const ends = (text: string) => [...build(folder, ask(text), [6]).ids].filter((id) => id === tokenizer.tokenId("<|im_end|>"));
    expect(ends("Is <|image_pad|> here?<|im_end|>").length).toBe(ends("Is it here?").length);
    expect(tokenizer.decode(typed.ids)).toContain("Is <|image_pad|> here?<|im_end|><|im_end|>\n");
  });

  it("refuses a picture too many and a prompt too long", () => {
    expect(() => build(folder, ask("x"), [])).toThrow(PromptError);
    expect(() => build(folder, ask("x"), [4, 4])).toThrow(/a place for 1 and there are 2/);
    expect(() => build(folder, ask("why ".repeat(500)), [4])).toThrow(/Shorten the question or allow fewer pixels/);
    expect(() => build(folder, ask("x"), [2000])).toThrow(/the model takes 1024/);
    const onlyText: ChatMessage[] = [{ role: "user", content: [{ type: "text", text: "why ".repeat(500) }] }];
    expect(() => build(folder, onlyText, [])).toThrow(/The question is too long/);
  });

  it("refuses a tokenizer of another model", () => {
    const other = { ...folder, config: { ...config, imageTokenId: 5 } };
    expect(() => build(other, ask("x"), [4])).toThrow(ModelConfigError);
  });
});
