// `npm run bench`: prints a Markdown table of what the engine takes on this machine's WebGPU, with the adapter's name, and writes
// the numbers as JSON. Options: --quick (small sizes, as CI runs), --only decode,growth,head,training,step,rough,roofs,page,peer, --repetitions N,
// --out FILE, --node (Dawn in Node instead of a browser, where there is a GPU; the training step, the page and the peer need a browser).
// The peer (transformers.js on the same weights; bench/peer) fetches packages and makes models at its first run. Its own options:
// --size tiny30,l4,l30, --context 128,1024, --tokens N, --score N (0: none), --engines ours,transformers.js,"stock TF.js",
// --picture (the first token about a picture also where that takes minutes), --subgroups small|hide|show,
// --solo (also each engine in a browser of its own, for the memory of its processes).
// VPPO_ADAPTER=hardware lets the browser use the machine's own GPU; otherwise it is SwiftShader.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { engineNames } from "../bench/peer/plan";
import { rowsOf, runPeer } from "../bench/peer/runPeer";
import { type PeerSizeName, peerSizes } from "../bench/peer/sizes";
import { type BenchReport, markdownOf } from "../bench/report";
import { type BenchOptions, benchNames, type DeviceBenchName, runBenches } from "../bench/suite";
import { openBrowserPage } from "./browserPage";
import { fileFolder } from "./fileFolder";
import { startNodeBackend } from "./nodeBackend";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    repetitions: { type: "string" },
    out: { type: "string" },
    node: { type: "boolean", default: false },
    size: { type: "string" },
    context: { type: "string" },
    tokens: { type: "string" },
    score: { type: "string" },
    engines: { type: "string" },
    picture: { type: "boolean" },
    subgroups: { type: "string", default: "small" },
    solo: { type: "boolean", default: false },
  },
});

const needsBrowser = new Set<string>(["training", "page", "peer"]);
// React as users have it: its development build checks far more than it draws.
process.env.NODE_ENV = "production";

function refuse(sentence: string): never {
  console.error(sentence);
  process.exit(2);
}

/** The entries of a list option; ends the program when one is unknown. */
function chosen<T extends string>(text: string, known: readonly T[], what: string): T[] {
  const names = text.split(",");
  const unknown = names.find((name) => !known.some((one) => one === name));
  if (unknown !== undefined) refuse(`There is no ${what} "${unknown}": choose ${known.join(", ")}.`);
  return known.filter((name) => names.includes(name));
}

function whole(text: string, name: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) refuse(`--${name} must be a whole number from ${least}.`);
  return value;
}

const only = chosen(values.only ?? benchNames.join(","), benchNames, "bench").filter(
  (name) => !(values.node && needsBrowser.has(name)),
);
const onDevice = only.filter((name): name is DeviceBenchName => name !== "peer");
const given = values.repetitions === undefined ? undefined : whole(values.repetitions, "repetitions", 1);
const options: BenchOptions = { quick: values.quick, only: onDevice, repetitions: given ?? 3 };

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
    return await Promise.race([crashed, page.evaluate((chosenOnes) => window.runPageBenches(chosenOnes), options)]);
  } finally {
    await close();
  }
}

/** The peer bench, after the others: its rows are added to theirs. */
async function withPeer(before: BenchReport | undefined): Promise<BenchReport> {
  const sizeNames = Object.keys(peerSizes) as PeerSizeName[];
  const repetitions = given ?? (values.quick ? 1 : 5);
  const peer = await runPeer(
    {
      quick: values.quick,
      repetitions,
      sizes: values.size === undefined ? undefined : chosen(values.size, sizeNames, "model"),
      contexts: values.context?.split(",").map((length) => whole(length, "context", 2)),
      tokens: values.tokens === undefined ? undefined : whole(values.tokens, "tokens", 2),
      scoreTokens: values.score === undefined ? undefined : whole(values.score, "score", 0),
      picture: values.picture,
      engines: values.engines === undefined ? undefined : chosen(values.engines, engineNames, "engine"),
      subgroups: chosen(values.subgroups, ["small", "hide", "show"] as const, "--subgroups")[0] ?? "small",
      solo: values.solo,
    },
    console.log,
  );
  const { adapter, runtime, remarks } = peer;
  const base = before ?? { version: 1 as const, adapter, runtime, quick: values.quick, repetitions, rows: [] };
  return { ...base, rows: [...base.rows, ...rowsOf(peer)], remarks: [...remarks, `Peer rows: medians of ${repetitions}.`], peer };
}

async function all(): Promise<BenchReport> {
  if (values.node) return inNode();
  const before = onDevice.length > 0 ? await inBrowser() : undefined;
  if (only.includes("peer")) return withPeer(before);
  return before ?? refuse("There is nothing to run.");
}

const report = await all();
console.log(`\n${markdownOf(report)}`);
const slug = report.adapter
  .toLowerCase()
  .replace(/[^a-z0-9]+/g, "-")
  .replace(/^-|-$/g, "")
  .slice(0, 60);
const onlyPeer = only.length === 1 && only[0] === "peer" ? "-peer" : "";
const out = values.out ?? `bench/results/${slug}${onlyPeer}${report.quick ? "-quick" : ""}.json`;
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, `${JSON.stringify(report, null, 2)}\n`);
console.log(`\nwrote ${out}`);
process.exit(0);
