// Writes the embedded model's tokenizer.json; the vocabulary size and the folder's other files are given, not made here.
// Run: node scripts/run.mjs scripts/tokenizer/train.ts [--seed 1] [--problems 6000] [--out public/models/shapes-vlm]

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildTokenizer } from "./buildTokenizer";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    problems: { type: "string", default: "6000" },
    out: { type: "string", default: "public/models/shapes-vlm" },
  },
});

const config: { text_config: { vocab_size: number } } = JSON.parse(readFileSync(join(values.out, "config.json"), "utf8"));
const built = buildTokenizer(config.text_config.vocab_size, { seed: Number(values.seed), problems: Number(values.problems) });
writeFileSync(join(values.out, "tokenizer.json"), `${JSON.stringify(built.json, null, 1)}\n`);
console.log(
  `${config.text_config.vocab_size} tokens. Added: ${built.addedTokens.map(({ id, content }) => `${id} ${content}`).join(" · ")}`,
);
console.log(`Words of the task that are more than one token: ${built.splitWords.join(" ") || "none"}`);
