// What quantisation costs: KL(unquantised ‖ quantised) of the next-token distributions, in nats per response token, by precision
// and by part, on the golden cases of checkpoint folders and on the embedded model's greedy answers; and which share of the weights
// a precision really packs. Prints two Markdown tables: `npm run precision` (all folders) or `npm run precision -- fixtures/smolvlm`.
// It runs on wasm: there a packed matrix is computed with as the float32 numbers it stands for, which on WebGPU gives the
// same logits bit for bit (engine/verify/quantized.gpu.test.ts).

import { existsSync, readdirSync } from "node:fs";
import { basename } from "node:path";
import { prepare, rollOut } from "@/engine/decoding/rollouts";
import { checkpointFiles, openCheckpoint } from "@/engine/loading/checkpoint";
import { formatOf, listWeights, storedShape } from "@/engine/loading/listing";
import { loadSession, uniformPrecision } from "@/engine/loading/openSession";
import type { Session } from "@/engine/session";
import { readGoldenCase } from "@/engine/verify/goldenFiles";
import { logitsOfIds } from "@/engine/verify/logits";
import type { ProcessedImage } from "@/models/family";
import type { Precision, WeightRequest } from "@/models/weights";
import { withInstruction } from "@/tasks/instruction";
import { sampleShapes } from "@/tasks/shapes/sampleShapes";
import { fileFolder } from "./fileFolder";
import { startNodeBackend } from "./nodeBackend";

const allFolders = [
  "fixtures/smolvlm",
  "fixtures/qwen2_5_vl-tied",
  "fixtures/qwen2_5_vl-untied",
  "fixtures/qwen3_vl-tied",
  "fixtures/qwen3_vl-untied",
  "public/models/shapes-vlm",
];
const problems = 20;
const longestAnswer = 96;

const f32 = uniformPrecision("f32");
const only = (part: "text" | "vision" | "head", format: "int8" | "int4"): Precision => ({ ...f32, [part]: format });
const rows: readonly (readonly [label: string, precision: Precision])[] = [
  ["f16", uniformPrecision("f16")],
  ["int8, groups of 32", uniformPrecision("int8")],
  ...[32, 64, 128].map((group) => [`int4, groups of ${group}`, { ...uniformPrecision("int4"), groupSize: group }] as const),
  ...(["int8", "int4"] as const).flatMap((format) =>
    (["text", "vision", "head"] as const).map((part) => [`${format}, groups of 32, ${part} only`, only(part, format)] as const),
  ),
];

/** Prompt and response as token ids, with the pictures of the prompt. */
interface Sample {
  readonly ids: readonly number[];
  readonly promptLength: number;
  readonly images: readonly ProcessedImage[];
}

async function goldenSamples(folder: string, session: Session): Promise<Sample[]> {
  const names = readdirSync(`${folder}/golden`).filter((name) => name.startsWith("case-"));
  const cases = await Promise.all(names.map((name) => readGoldenCase(fileFolder(folder), name)));
  return cases.map(({ input_ids: ids, prompt_length: promptLength, pictures }) => {
    return { ids, promptLength, images: pictures.map((picture) => session.process(picture)) };
  });
}

/** The unquantised model's greedy answers to held-out problems of the shapes world. */
async function greedySamples(session: Session): Promise<Sample[]> {
  const sampled = Array.from({ length: problems }, (_, i) => sampleShapes(2026, i, "heldOut"));
  const questions = sampled.map(({ image, question }) => ({ image, text: withInstruction(question) }));
  const sampling = { temperature: 0, topP: 1, topK: 0, seed: 0, maxNewTokens: longestAnswer };
  const prepared = prepare(session, { questions, rollouts: 1 });
  const rollouts = await rollOut(session, { questions, rollouts: 1, sampling }, prepared);
  return rollouts.map((rollout, i) => {
    const { prompt, images } = prepared[i] as (typeof prepared)[number];
    return { ids: [...prompt.ids, ...rollout.ids], promptLength: prompt.ids.length, images };
  });
}

/** Log-probabilities of the rows that predict response tokens, [tokens, V] end to end. */
async function logProbabilities(session: Session, samples: readonly Sample[]): Promise<Float64Array[]> {
  const { vocabSize } = session.config.text;
  const found: Float64Array[] = [];
  for (const { ids, promptLength, images } of samples) {
    const logits = await logitsOfIds(session, ids, promptLength, images);
    for (let t = promptLength - 1; t < ids.length - 1; t++) {
      const row = Float64Array.from(logits.subarray(t * vocabSize, (t + 1) * vocabSize));
      const largest = row.reduce((a, b) => Math.max(a, b));
      const sum = row.reduce((total, x) => total + Math.exp(x - largest), 0);
      found.push(row.map((x) => x - largest - Math.log(sum)));
    }
  }
  return found;
}

/** Σ p log(p / q). */
function klOf(p: Float64Array, q: Float64Array): number {
  return p.reduce((sum, logp, i) => sum + Math.exp(logp) * (logp - (q[i] as number)), 0);
}

/** Share of all weights that a precision stores in int8 or int4, and in f16. */
function shares(requests: readonly WeightRequest[], precision: Precision): { readonly packed: number; readonly half: number } {
  const count = { packed: 0, half: 0, all: 0 };
  for (const request of requests) {
    const size = storedShape(request).reduce((a, b) => a * b, 1);
    count.all += size;
    if (request.kind !== "matrix") continue;
    const format = formatOf(request, precision);
    if (format === "int8" || format === "int4") count.packed += size;
    if (format === "f16") count.half += size;
  }
  return { packed: count.packed / count.all, half: count.half / count.all };
}

/** Rows of a Markdown table, the first being its head. */
function table(lines: readonly (readonly string[])[]): string {
  const [head = [], ...body] = lines;
  return [head, head.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

await startNodeBackend("wasm");
const folders = process.argv.length > 2 ? process.argv.slice(2) : allFolders;
const percent = (x: number) => `${Math.round(100 * x)} %`;
// Below, only the rounding of the sum is left.
const number = (x: number) => (x < 1e-11 ? "0" : x < 1e-4 ? x.toExponential(1) : x.toPrecision(2));
const klCells = rows.map(([label]) => [label]);
const shareCells = rows.map(([label]) => [label]);
const names: string[] = [];
for (const folder of folders) {
  const name = basename(folder);
  const checkpoint = await openCheckpoint(checkpointFiles(fileFolder(folder)));
  const requests = listWeights(checkpoint.family, checkpoint.config);
  const unquantized = await loadSession(checkpoint, name, { precision: f32 });
  const samples = await (existsSync(`${folder}/golden`) ? goldenSamples(folder, unquantized) : greedySamples(unquantized));
  const expected = await logProbabilities(unquantized, samples);
  unquantized[Symbol.dispose]();
  names.push(`${name} (${expected.length} tokens)`);
  for (const [i, [, precision]] of rows.entries()) {
    const session = await loadSession(checkpoint, name, { precision });
    const actual = await logProbabilities(session, samples);
    session[Symbol.dispose]();
    const kl = expected.map((p, t) => klOf(p, actual[t] as Float64Array));
    const mean = kl.reduce((a, b) => a + b, 0) / kl.length;
    klCells[i]?.push(`${number(mean)} / ${number(Math.max(...kl))}`);
    const { packed, half } = shares(requests, precision);
    shareCells[i]?.push(`${percent(packed)} / ${percent(half)}`);
  }
}
console.log(`Mean / largest KL of a token, nats:\n\n${table([["precision", ...names], ...klCells])}`);
console.log(`\nShare of the weights in int8 or int4 / in f16:\n\n${table([["precision", ...names], ...shareCells])}`);
