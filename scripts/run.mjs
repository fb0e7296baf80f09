// Runs a TypeScript file of this repository in Node, with the aliases of vite.config.ts and no build step:
// `node scripts/run.mjs scripts/tokenizer/train.ts --option value`. The file sees its own arguments in process.argv from index 2.

import { resolve } from "node:path";
import { runnerImport } from "vite";

const [file, ...rest] = process.argv.slice(2);
if (!file) {
  console.error("Which file? Usage: node scripts/run.mjs path/to/file.ts [arguments]");
  process.exit(2);
}
process.argv = [process.argv[0], resolve(file), ...rest];
await runnerImport(resolve(file), { resolve: { alias: { "@": new URL("../src", import.meta.url).pathname } } });
