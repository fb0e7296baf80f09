// `npm run verify -- PATH...`: compares this program with reference numbers. A path is a checkpoint folder that contains golden/
// (run in headless Chromium on WebGPU, through the engine that the page runs) or a JSON file of VPPO cases or of graded answers
// (run here). One line per quantity, then "N passed, N failed"; the exit status is 1 when anything failed. `--shards N` spreads
// every checkpoint's weights over N safetensors files before they are read; `--gguf DIR` takes the weights and small files of the
// one checkpoint from the model and mmproj files in DIR.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ggufPair } from "@/engine/verify/otherFiles";
import { isMaskFile, verifyMask } from "@/image/verifyMask";
import { describeError, UserError } from "@/lib/errors";
import type { VerifyLine } from "@/lib/verifyLine";
import { isGraderFile, verifyGrader } from "@/rl/reward/verifyGrader";
import { isVppoCases, verifyVppoCases } from "@/rl/verify";
import { type LocalCheckpoint, openBrowser, type VerifyBrowser } from "./verify/browser";

const explanation = "give a checkpoint folder that contains golden/, or a JSON file of VPPO cases, graded answers or a mask";

let passed = 0;
let failed = 0;

function print(source: string, { name, maxDifference, tolerance, ok }: VerifyLine): void {
  if (ok) passed++;
  else failed++;
  const number = (value: number) => (value === 0 ? "0" : value.toExponential(2));
  const numbers = Number.isFinite(maxDifference)
    ? `${number(maxDifference).padStart(9)}  tolerance ${number(tolerance).padStart(8)}`
    : "cannot be compared";
  console.log(`${`${source} ${name}`.padEnd(64)} ${numbers.padEnd(29)}  ${ok ? "ok" : "FAIL"}`);
}

function fail(source: string, message: string): void {
  failed++;
  console.log(`${source} cannot be verified: ${message}  FAIL`);
}

/** Messages of Playwright's evaluate start with the place they were caught. */
function reason(error: unknown): string {
  const text = error instanceof UserError ? describeError(error).message : error instanceof Error ? error.message : String(error);
  return (text.split("\n")[0] ?? "").replace(/^page\.\w+: (Error: )?/, "");
}

/** Where weights are read from instead of the folder's own file. */
type OtherFiles = Pick<LocalCheckpoint, "shards" | "gguf">;

/** The checkpoint in a folder, or why there is none. */
function checkpointIn(directory: string, other: OtherFiles): LocalCheckpoint | string {
  const golden = join(directory, "golden");
  if (!existsSync(golden) || !statSync(golden).isDirectory()) return `the folder has no golden/; ${explanation}`;
  const cases = readdirSync(golden)
    .filter((name) => existsSync(join(golden, name, "case.json")))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const hasUpdate = existsSync(join(golden, "vppo", "vppo.json"));
  if (cases.length === 0 && !hasUpdate) return "its golden/ has neither case-*/case.json nor vppo/vppo.json";
  return { directory, cases, hasUpdate, ...other };
}

/** The options as the browser takes them, or what is wrong with them. */
function otherFiles(shards: string | undefined, gguf: string | undefined, paths: readonly string[]): OtherFiles | string {
  if (shards !== undefined && gguf !== undefined) return "--shards and --gguf exclude each other";
  if (shards !== undefined) return /^[1-9]\d*$/.test(shards) ? { shards: Number(shards) } : "--shards takes a number of files";
  if (gguf === undefined) return {};
  if (paths.length !== 1) return "--gguf takes the weights of one checkpoint folder";
  const directory = resolve(gguf);
  const files = existsSync(directory) && statSync(directory).isDirectory() ? ggufPair(readdirSync(directory)) : undefined;
  return files ? { gguf: { directory, files } } : `${gguf} does not hold one model and one mmproj file`;
}

/** Kinds of JSON files. */
const jsonVerifiers: readonly { reads: (json: unknown) => boolean; verify: (json: unknown) => readonly VerifyLine[] }[] = [
  { reads: isVppoCases, verify: verifyVppoCases },
  { reads: isGraderFile, verify: verifyGrader },
  { reads: isMaskFile, verify: verifyMask },
];

function verifyJson(source: string, file: string): void {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    fail(source, `the file is not valid JSON; ${explanation}`);
    return;
  }
  const verifier = jsonVerifiers.find(({ reads }) => reads(json))?.verify;
  if (!verifier) {
    fail(source, `the file holds neither VPPO cases nor graded answers nor a mask; ${explanation}`);
    return;
  }
  try {
    for (const line of verifier(json)) print(source, line);
  } catch (error) {
    fail(source, reason(error));
  }
}

async function main(paths: readonly string[], other: OtherFiles): Promise<void> {
  const targets = paths.map((path) => {
    const at = resolve(path);
    const source = basename(at);
    if (!existsSync(at)) return { source, problem: `${path} does not exist; ${explanation}` };
    if (!statSync(at).isDirectory()) return { source, file: at };
    const found = checkpointIn(at, other);
    return typeof found === "string" ? { source, problem: found } : { source, checkpoint: found };
  });
  const checkpoints = targets.flatMap(({ checkpoint }) => (checkpoint ? [checkpoint] : []));
  let browser: VerifyBrowser | undefined;
  let noBrowser = "";
  if (checkpoints.length > 0) {
    try {
      browser = await openBrowser(checkpoints);
      console.log(`WebGPU adapter: ${browser.adapter}`);
    } catch (error) {
      noBrowser = reason(error);
    }
  }
  for (const { source, problem, file, checkpoint } of targets) {
    if (problem) fail(source, problem);
    if (file) verifyJson(source, file);
    if (!checkpoint) continue;
    try {
      if (!browser) throw new Error(`no browser with WebGPU (${noBrowser})`);
      await browser.verify(checkpoint, (line) => print(source, line));
    } catch (error) {
      fail(source, reason(error));
    }
  }
  await browser?.close();
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

const { values, positionals: paths } = parseArgs({
  args: process.argv.slice(2),
  options: { shards: { type: "string" }, gguf: { type: "string" } },
  allowPositionals: true,
});
const other = otherFiles(values.shards, values.gguf, paths);
const problem = paths.length === 0 ? explanation : typeof other === "string" ? other : undefined;
if (problem || typeof other === "string") {
  console.error(`Nothing to verify: ${problem}. Usage: npm run verify -- PATH... [--shards N | --gguf DIR]`);
  process.exitCode = 1;
} else await main(paths, other);
