// The page's Python snippet, checked: this engine answers one question with masked twins, and the program of `formats/pythonSnippet.ts`
// is written beside its pictures, so that transformers computes the same token again:
//
//   node scripts/run.mjs scripts/reference/dumpSnippet.ts FOLDER [--model public/models/shapes-vlm] [--format int8] [--token 5]
//                                                         [--adapter public/recorded/adapter] [--width 64] [--height 64]
//   python FOLDER/reproduce.py                            # torch, transformers 5, pillow, safetensors; prints page, torch, difference

import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { prepare, rollOut, tokenStatsOf } from "@/engine/decoding/rollouts";
import { openSession } from "@/engine/loading/openSession";
import { applyAdapter } from "@/engine/lora";
import { parseAdapterConfig } from "@/engine/requestChecks";
import { readAdapter } from "@/formats/peft";
import { pythonSnippet, snippetFiles } from "@/formats/pythonSnippet";
import { encodePng } from "@/image/pngEncode";
import { resize } from "@/image/resize";
import type { WeightFormat } from "@/protocol/model";
import { withInstruction } from "@/tasks/instruction";
import { sampleShapes } from "@/tasks/shapes/sampleShapes";
import { fileFolder } from "../fileFolder";
import { startNodeBackend } from "../nodeBackend";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: "string", default: "public/models/shapes-vlm" },
    format: { type: "string", default: "int8" },
    token: { type: "string", default: "5" },
    adapter: { type: "string" },
    width: { type: "string", default: "64" },
    height: { type: "string", default: "64" },
  },
});
const [target] = positionals;
if (!target) throw new Error("Name the folder to write to");
const format = values.format as WeightFormat;
const precision = { text: format, vision: format === "int4" ? "int8" : format, head: format, groupSize: 32 } as const;

await startNodeBackend("wasm");
const session = await openSession(fileFolder(values.model), values.model, { precision });
if (values.adapter) {
  const config = parseAdapterConfig(readFileSync(join(values.adapter, "adapter_config.json"), "utf8"));
  const weights = new Uint8Array(readFileSync(join(values.adapter, "adapter_model.safetensors")));
  applyAdapter(session.model, readAdapter(config, weights));
}
const problem = sampleShapes(7, 0, "heldOut");
const image = resize(problem.image, Number(values.width), Number(values.height), "bilinear");
const text = withInstruction(problem.question);
const mask = { strategy: "patch_blackening", ratio: 0.5, cellSize: 8, seed: 1, sharing: "trajectory" } as const;
const sampling = { temperature: 1, topP: 1, topK: 0, seed: 3, maxNewTokens: Number(values.token) + 1 };
const request = { questions: [{ image, text }], rollouts: 1, sampling, mask, alternatives: 4 };
const [prepared] = prepare(session, request);
const steps: { ids: Int32Array; logp: Float32Array; other: Float32Array }[] = [];
const [rollout] = await rollOut(session, {
  ...request,
  onStep: ({ topIds, topLogp, topOther }) => steps.push({ ids: topIds.slice(), logp: topLogp.slice(), other: topOther.slice() }),
});
if (!prepared || !rollout) throw new Error("nothing was answered");
const token = Math.min(Number(values.token), rollout.ids.length - 1);
const stats = tokenStatsOf(rollout);
const top = steps[token];
const seen = prepared.seen[0];
const masked = prepared.masked[0]?.[0];
if (!seen || !masked || !top) throw new Error("nothing was measured");

mkdirSync(target, { recursive: true });
writeFileSync(join(target, snippetFiles.image), await encodePng(seen));
writeFileSync(join(target, snippetFiles.masked), await encodePng(masked));
if (values.adapter) cpSync(values.adapter, join(target, snippetFiles.adapter), { recursive: true });
const id = rollout.ids[token] as number;
const program = pythonSnippet({
  modelName: values.model,
  model: resolve(values.model),
  family: session.family,
  precision,
  hasAdapter: values.adapter !== undefined,
  text,
  promptTokens: prepared.prompt.ids.length,
  ids: [...rollout.ids.subarray(0, token + 1)],
  tokenText: session.tokenizer.decode([id]),
  page: {
    logp: stats.logp[token] as number,
    logpMasked: stats.logpMasked[token] as number,
    kl: stats.kl[token] as number,
    jsd: stats.jsd[token] as number,
    entropy: stats.entropy[token] as number,
    entropyMasked: stats.entropyMasked[token] as number,
  },
  top: Array.from({ length: 4 }, (_, i) => ({
    id: top.ids[i] as number,
    probability: Math.exp(top.logp[i] as number),
    probabilityMasked: Math.exp(top.other[i] as number),
  })),
  notes: [],
});
writeFileSync(join(target, snippetFiles.program), program);
console.log(`python ${join(target, snippetFiles.program)}`);
