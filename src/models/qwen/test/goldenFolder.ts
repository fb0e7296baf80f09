// The golden folders of both Qwen families for tests of their pure half: configurations, tokenizers, cases. Test code only.
import { readdirSync, readFileSync } from "node:fs";
import { readSafetensors, type SafetensorsFile } from "@/formats/safetensors";
import { decodePng } from "@/image/pngDecode";
import type { RgbImage } from "@/image/rgbImage";
import { parseQwen2_5VlConfig } from "@/models/qwen2_5_vl/config";
import { parseQwen3VlConfig } from "@/models/qwen3_vl/config";
import { type ChatMessage, pickChatTemplate } from "@/text/chat";
import { loadTokenizer, type TextTokenizer } from "@/text/tokenizer";
import type { QwenConfig } from "../config";

/** What Python wrote about one conversation. */
export interface GoldenCase {
  readonly messages: ChatMessage[];
  readonly prompt: string;
  readonly response: string;
  readonly input_ids: number[];
  readonly prompt_length: number;
  readonly images: string[];
  readonly masked_images: string[];
  readonly position_ids: number[][];
  readonly rope_delta: number;
}

/** A golden checkpoint without its weights. */
export interface GoldenFolder {
  readonly name: string;
  readonly config: QwenConfig;
  readonly tokenizer: TextTokenizer;
  readonly template: string;
  readonly cases: readonly string[];
  readonly json: (path: string) => unknown;
  readonly picture: (path: string) => Promise<RgbImage>;
  readonly tensors: (path: string) => SafetensorsFile;
}

function open(name: string, parse: typeof parseQwen2_5VlConfig | typeof parseQwen3VlConfig): GoldenFolder {
  const root = `fixtures/${name}`;
  const bytes = (path: string) => readFileSync(`${root}/${path}`);
  const json = (path: string) => JSON.parse(readFileSync(`${root}/${path}`, "utf8"));
  return {
    name,
    config: parse({
      config: json("config.json"),
      preprocessorConfig: json("preprocessor_config.json"),
      generationConfig: json("generation_config.json"),
    }),
    tokenizer: loadTokenizer(json("tokenizer.json"), json("tokenizer_config.json")),
    template: pickChatTemplate({ jinja: readFileSync(`${root}/chat_template.jinja`, "utf8") }),
    cases: readdirSync(`${root}/golden`).filter((entry) => entry.startsWith("case")),
    json,
    picture: async (path) => {
      const image = await decodePng(bytes(path));
      if (!image) throw new Error(`${path} is no plain PNG`);
      return image;
    },
    tensors: (path) => readSafetensors(bytes(path)),
  };
}

/** All four golden checkpoints. */
export const goldenFolders: readonly GoldenFolder[] = [
  open("qwen2_5_vl-tied", parseQwen2_5VlConfig),
  open("qwen2_5_vl-untied", parseQwen2_5VlConfig),
  open("qwen3_vl-tied", parseQwen3VlConfig),
  open("qwen3_vl-untied", parseQwen3VlConfig),
];
