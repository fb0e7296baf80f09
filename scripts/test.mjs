// `npm test`: everything from a fresh clone to a verdict. Installs packages and a browser if needed, then runs lint, types, the
// three kinds of unit tests and the end-to-end tests, all of them even when one fails; one after the other, because they share few
// cores, but for those on WebGPU, whose compiler of shaders takes one core, beside the other unit tests. Last line: `N passed, N failed`; exit status 1 unless N failed is 0. Lint and types count as one check each.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPage, checkNode, installPackages, root, runTool } from "./setup.mjs";
import { countPlaywright, countVitest } from "./testCounts.mjs";

const minutes = 60_000;

checkNode();
await installPackages();
// Only now: it reads packages.
const { installBrowser } = await import("./browser.mjs");
await installBrowser();
await buildPage();

const reports = mkdtempSync(join(tmpdir(), "vppo-tests-"));
const rows = [
  await check("lint", () => runTool("@biomejs/biome", ["ci", "--error-on-warnings", "."], { timeoutMs: 5 * minutes })),
  await check("types", () => runTool("typescript", ["--noEmit", "-p", "."], { timeoutMs: 5 * minutes })),
  ...(await Promise.all([inTurn("node", "view"), inTurn("gpu")])).flat(),
];
if (existsSync(join(root, "e2e")) && readdirSync(join(root, "e2e")).some((name) => name.endsWith(".spec.ts")))
  rows.push(await playwright());
rmSync(reports, { recursive: true, force: true });

console.log("");
for (const { name, passed, failed, seconds } of rows)
  console.log(
    `${name.padEnd(6)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed  ${seconds.toFixed(0).padStart(4)} s`,
  );
const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
process.exit(sum("failed") === 0 ? 0 : 1);

async function inTurn(...projects) {
  const counts = [];
  for (const project of projects) counts.push(await vitest(project));
  return counts;
}

async function timed(name, run) {
  console.log(`\n── ${name} ${"─".repeat(Math.max(0, 60 - name.length))}`);
  const started = performance.now();
  return { name, ...(await run()), seconds: (performance.now() - started) / 1000 };
}

function check(name, run) {
  return timed(name, async () => ((await run()) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }));
}

function vitest(project) {
  return timed(project, async () => {
    const file = join(reports, `${project}.json`);
    const reporters = ["--reporter=dot", "--reporter=json", `--outputFile.json=${file}`];
    const status = await runTool("vitest", ["run", "--project", project, ...reporters], { timeoutMs: 15 * minutes });
    return countVitest(readReport(file), status);
  });
}

function playwright() {
  return timed("e2e", async () => {
    const file = join(reports, "e2e.json");
    const env = { PLAYWRIGHT_JSON_OUTPUT_NAME: file };
    const status = await runTool("@playwright/test", ["test", "--reporter=list,json"], { env, timeoutMs: 25 * minutes });
    return countPlaywright(readReport(file), status);
  });
}

/** The runner's JSON report, or undefined when it ended before writing one. */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
