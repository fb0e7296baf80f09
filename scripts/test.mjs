// `npm test`: everything from a fresh clone to a verdict. Installs packages and a browser if needed, then runs lint, types, the
// three kinds of unit tests, two runs of them at a time, and the end-to-end tests, all of them even when one fails. Last line: `N passed, N failed`; exit status 1 unless N failed is 0. Lint and types count as one check each.

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
  // The longest first; those on WebGPU in parts, so that no core waits at the end.
  ...(await inLanes(2, [
    () => vitest("gpu", "1/3"),
    () => vitest("node"),
    () => vitest("gpu", "2/3"),
    () => vitest("gpu", "3/3"),
    () => vitest("view"),
  ])),
];
if (existsSync(join(root, "e2e")) && readdirSync(join(root, "e2e")).some((name) => name.endsWith(".spec.ts")))
  rows.push(await playwright());
rmSync(reports, { recursive: true, force: true });

console.log("");
for (const { name, passed, failed, seconds } of rows)
  console.log(
    `${name.padEnd(8)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed  ${seconds.toFixed(0).padStart(4)} s`,
  );
const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
process.exit(sum("failed") === 0 ? 0 : 1);

/** Does jobs in order, so many at a time; their results in order. */
async function inLanes(count, jobs) {
  const waiting = [...jobs.entries()];
  const results = [];
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) results[next[0]] = await next[1]();
  };
  await Promise.all(Array.from({ length: count }, lane));
  return results;
}

async function timed(name, run) {
  console.log(`\n── ${name} ${"─".repeat(Math.max(0, 60 - name.length))}`);
  const started = performance.now();
  return { name, ...(await run()), seconds: (performance.now() - started) / 1000 };
}

function check(name, run) {
  return timed(name, async () => ((await run()) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }));
}

/** @param shard A part of the project's files: "1/3". */
function vitest(project, shard) {
  const name = shard ? `${project} ${shard}` : project;
  return timed(name, async () => {
    const file = join(reports, `${name.replace("/", "-")}.json`);
    const reporters = ["--reporter=dot", "--reporter=json", `--outputFile.json=${file}`];
    const parts = shard ? [`--shard=${shard}`] : [];
    const status = await runTool("vitest", ["run", "--project", project, ...parts, ...reporters], { timeoutMs: 15 * minutes });
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
