// The driver of the peer bench: prepares what is needed, opens a page per model size, lets the engines take turns there, and with
// `solo` gives each engine a browser of its own for the memory of the processes.

import { openBrowserPage } from "../../scripts/browserPage";
import type { BenchRow } from "../report";
import { serveFiles } from "./fileServer";
import { type EngineName, engineNames, type PagePeerReport, type PeerPlan } from "./plan";
import { browserMemory } from "./processMemory";
import { peerRows, type SizeReport, type SoloReport } from "./rows";
import { peerFolder, preparePeer } from "./setup";
import { type PeerSizeName, peerSizes } from "./sizes";

/** What the command line may choose; the rest follows from the adapter. */
export interface PeerChoice {
  readonly quick: boolean;
  readonly repetitions: number;
  readonly sizes?: readonly PeerSizeName[] | undefined;
  readonly contexts?: readonly number[] | undefined;
  /** Tokens per answer of every engine. */
  readonly tokens?: number | undefined;
  readonly engines?: readonly EngineName[] | undefined;
  readonly subgroups: PeerPlan["subgroups"];
  readonly scoreTokens?: number | undefined;
  /** Whether the first token about a picture is measured. */
  readonly picture?: boolean | undefined;
  readonly solo: boolean;
}

/** Everything the peer bench found. */
export interface PeerReport {
  readonly adapter: string;
  readonly runtime: string;
  readonly sizes: readonly SizeReport[];
  /** Sentences a reader of the table must know. */
  readonly remarks: readonly string[];
}

/** Table rows of a report. */
export function rowsOf(report: PeerReport): BenchRow[] {
  return report.sizes.flatMap(peerRows);
}

// SwiftShader takes seconds per token of onnxruntime-web and half a minute to read 1 024 tokens: small models, a short context and few
// of its tokens, in steady state from the second on.
const onSoftware = {
  sizes: ["tiny30", "l4"],
  engines: ["ours", "transformers.js"],
  contexts: { tiny30: [128], l4: [128], l30: [128] },
  tokens: {
    tiny30: { ours: 33, "transformers.js": 9, "stock TF.js": 3 },
    l4: { ours: 25, "transformers.js": 4, "stock TF.js": 3 },
    l30: { ours: 25, "transformers.js": 3, "stock TF.js": 3 },
  },
  scoreTokens: { tiny30: 512, l4: 128, l30: 128 },
  scoreRepetitions: 1,
  // Minutes at full width.
  picture: { tiny30: true, l4: false, l30: false },
} as const;
const onGpu = { ours: 65, "transformers.js": 65, "stock TF.js": 17 };
const onHardware = {
  sizes: ["tiny30", "l30"],
  engines: engineNames,
  contexts: { tiny30: [128, 1024], l4: [128, 1024], l30: [128, 1024] },
  tokens: { tiny30: onGpu, l4: onGpu, l30: onGpu },
  scoreTokens: { tiny30: 512, l4: 512, l30: 512 },
  scoreRepetitions: 5,
  picture: { tiny30: true, l4: true, l30: true },
} as const;

/** Runs the bench; throws when a page crashes. */
export async function runPeer(choice: PeerChoice, say: (line: string) => void): Promise<PeerReport> {
  const usual = process.env.VPPO_ADAPTER === "hardware" ? onHardware : onSoftware;
  const sizes: readonly PeerSizeName[] = choice.sizes ?? (choice.quick ? ["tiny30"] : usual.sizes);
  const { hasPeer, missing } = await preparePeer(sizes, say);
  const wanted: readonly EngineName[] = choice.engines ?? usual.engines;
  const engines = wanted.filter((name) => hasPeer || name !== "transformers.js");
  const server = await serveFiles(peerFolder);
  try {
    const reports: SizeReport[] = [];
    let runtime = "";
    for (const name of sizes) {
      say(`peer, ${name} …`);
      const { tokens } = choice;
      const plan: PeerPlan = {
        size: peerSizes[name],
        model: `${server.origin}/models/${name}`,
        modules: `${server.origin}/node_modules`,
        engines,
        contexts: choice.contexts ?? (choice.quick ? [128] : usual.contexts[name]),
        tokens: tokens ? { ours: tokens, "transformers.js": tokens, "stock TF.js": tokens } : usual.tokens[name],
        repetitions: choice.repetitions,
        scoreTokens: choice.scoreTokens ?? (choice.quick ? 0 : usual.scoreTokens[name]),
        scoreRepetitions: Math.min(choice.repetitions, usual.scoreRepetitions),
        picture: choice.picture ?? (!choice.quick && usual.picture[name]),
        // Alone, this engine has no reason to hide anything.
        subgroups: choice.subgroups === "small" && !engines.includes("transformers.js") ? "show" : choice.subgroups,
      };
      const together = await inBrowser(plan);
      runtime = together.runtime;
      const solo: SoloReport[] = [];
      for (const engine of choice.solo ? engines : []) {
        const alone = {
          ...plan,
          engines: [engine],
          contexts: plan.contexts.slice(0, 1),
          repetitions: 1,
          scoreTokens: 0,
          picture: false,
        };
        const { report, processes } = await inBrowser(alone);
        solo.push({ name: engine, report, processes });
      }
      reports.push({ size: name, report: together.report, solo });
    }
    return { adapter: reports[0]?.report.adapter.name ?? "", runtime, sizes: reports, remarks: remarksOf(reports, missing) };
  } finally {
    server.close();
  }
}

async function inBrowser(plan: PeerPlan) {
  const { page, crashed, close } = await openBrowserPage("bench/peer/page.html", "runPeerBench");
  try {
    const report = await Promise.race([crashed, page.evaluate((chosen) => window.runPeerBench(chosen), plan)]);
    const version = page.context().browser()?.version();
    return { report, processes: browserMemory(), runtime: version ? `Chromium ${version}` : "browser" };
  } finally {
    await close();
  }
}

function remarksOf(reports: readonly SizeReport[], missing: readonly string[]): string[] {
  const pages = reports.flatMap(({ report, solo }) => [report, ...solo.map((one) => one.report)]);
  const versions = new Set(pages.flatMap(({ engines }) => engines.map(({ version, notes }) => `${version}: ${notes}`)));
  const hidden = new Set(pages.flatMap(({ hiddenFeatures }) => hiddenFeatures));
  const sentences = [
    ...missing,
    `Random weights of the given dimensions, the same in every engine. ${[...versions].join(". ")}.`,
    ...(hidden.size > 0
      ? [
          `Hidden from all engines: ${[...hidden].join(", ")}, because onnxruntime-web's prefill is wrong where subgroups are small.`,
        ]
      : []),
    ...problemsOf(pages),
  ];
  return sentences;
}

function problemsOf(pages: readonly PagePeerReport[]): string[] {
  return pages.flatMap(({ problems, gpuErrors, workers }) => [
    ...problems,
    ...gpuErrors.map((message) => `The device reported: ${message}`),
    ...(workers > 0 ? [`${workers} workers were started; what they did is not counted.`] : []),
  ]);
}
