import { readFileSync } from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";
import { expect, it } from "vitest";
import { createRng } from "@/lib/rng";
import { withInstruction } from "@/tasks/instruction";
import { trainingAnswer } from "@/tasks/shapes/answers";
import { sampleShapes } from "@/tasks/shapes/sampleShapes";
import { buildTokenizer } from "./buildTokenizer";

const folder = "public/models/shapes-vlm";
const json = (name: string) => JSON.parse(readFileSync(`${folder}/${name}`, "utf8"));
const tokenizer = new Tokenizer(json("tokenizer.json"), json("tokenizer_config.json"));
const encode = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;

it("makes the committed tokenizer again from its seed", () => {
  const built = buildTokenizer(json("config.json").text_config.vocab_size, { seed: 1, problems: 6000 });
  expect(built.json).toEqual(json("tokenizer.json"));
  expect(built.splitWords).toEqual([]);
}, 60_000);

it("gives every word of questions and answers one token, so prompts stay under 45 and answers under 50 tokens", () => {
  for (let index = 0; index < 400; index++) {
    const problem = sampleShapes(21, index, "heldOut");
    const images = `<fake_token_around_image><global-img>${"<image>".repeat(16)}<fake_token_around_image>`;
    const prompt = `<|im_start|>User:${images}${withInstruction(problem.question)}<end_of_utterance>\nAssistant:`;
    expect(encode(prompt).length).toBeLessThanOrEqual(45);
    const answer = trainingAnswer(problem, createRng(2, index));
    expect(encode(answer).length).toBeLessThanOrEqual(50);
    const words = problem.question.match(/[A-Za-z]+|\d|[^\sA-Za-z\d]/g) ?? [];
    const spacesBeforeDigits = problem.question.match(/ \d/g)?.length ?? 0;
    expect(encode(problem.question).length).toBe(words.length + spacesBeforeDigits);
  }
});

it("encodes any text and gives it back", () => {
  for (const text of ["Wie viele rote Kreise?", "naïve 图像 🟥 42", "\t\n  spaces  ", "You first think", "\\boxed{7} <think>"]) {
    expect(tokenizer.decode(encode(text), { skip_special_tokens: false, clean_up_tokenization_spaces: false })).toBe(text);
  }
});

it("agrees with config.json about the special ids", () => {
  const config = json("config.json");
  const [end, pad, image] = ["<end_of_utterance>", "<|im_end|>", "<image>"].map((token) => encode(token));
  expect(end).toEqual([config.text_config.eos_token_id]);
  expect(end).toEqual([json("generation_config.json").eos_token_id]);
  expect(pad).toEqual([config.pad_token_id]);
  expect(image).toEqual([config.image_token_id]);
});
