// `npm run bench`: prints a Markdown table of what the engine takes on this machine's WebGPU, with the adapter's name, and writes
// the numbers as JSON. Options: --quick (small sizes, as CI runs), --only decode,head,training,step,page, --repetitions N, --out FILE,
// --node (Dawn in Node instead of a browser, where there is a GPU; the training step and the page need a browser).
// VPPO_ADAPTER=hardware lets the browser use the machine's own GPU; otherwise it is SwiftShader.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { markdownOf } from "../bench/report";
import { type BenchName, type BenchOptions, benchNames, runBenches } from "../bench/suite";
import { openBrowserPage } from "./browserPage";
import { fileFolder } from "./fileFolder";
import { startNodeBackend } from "./nodeBackend";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    repetitions: { type: "string", default: "3" },
    out: { type: "string" },
    node: { type: "boolean", default: false },
  },
});

const needsBrowser = new Set<string>(["training", "page"]);
// React as users have it: its development build checks far more than it draws.
process.env.NODE_ENV = "production";

const wanted = values.only?.split(",") ?? benchNames;
const unknown = wanted.find((name) => !benchNames.some((known) => known === name));
const repetitions = Number(values.repetitions);
if (unknown !== undefined || !Number.isInteger(repetitions) || repetitions < 1) {
  console.error(
    unknown !== undefined
      ? `There is no bench "${unknown}": choose ${benchNames.join(", ")}.`
      : "--repetitions must be a whole number from 1.",
  );
  process.exit(2);
}
const only = benchNames.filter((name): name is BenchName => wanted.includes(name) && !(values.node && needsBrowser.has(name)));
const options: BenchOptions = { quick: values.quick, only, repetitions };

async function inNode() {
  const gpu = await startNodeBackend("webgpu");
  if (!gpu) throw new Error("there is no WebGPU in Node");
  const report = await runBenches(
    gpu,
    fileFolder("public/models/shapes-vlm"),
    options,
    `Node ${process.version}, Dawn`,
    console.log,
  );
  gpu.device.destroy();
  return report;
}

async function inBrowser() {
  const { page, crashed, close } = await openBrowserPage("bench/page.html", "runPageBenches");
  try {
    return await Promise.race([crashed, page.evaluate((chosen) => window.runPageBenches(chosen), options)]);
  } finally {
    await close();
  }
}

const report = await (values.node ? inNode() : inBrowser());
console.log(`\n${markdownOf(report)}`);
const slug = report.adapter
  .toLowerCase()
  .replace(/[^a-z0-9]+/g, "-")
  .replace(/^-|-$/g, "")
  .slice(0, 60);
const out = values.out ?? `bench/results/${slug}${report.quick ? "-quick" : ""}.json`;
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, `${JSON.stringify(report, null, 2)}\n`);
console.log(`\nwrote ${out}`);
process.exit(0);
