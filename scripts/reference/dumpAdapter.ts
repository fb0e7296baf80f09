// An adapter saved by this program with the logits it gives, for `check_adapter.py`: for every golden folder a fresh LoRA on all
// projections of the decoder, and one on decoder, tower and projector, whose B are no longer zero, written as the page's Save writes them,
// and our logits of case-0 on the wasm backend.
// `node scripts/run.mjs scripts/reference/dumpAdapter.ts /tmp/adapters`

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSession, uniformPrecision } from "@/engine/loading/openSession";
import { applyAdapter, attachLora, exportAdapter } from "@/engine/lora";
import { readGoldenCase } from "@/engine/verify/goldenFiles";
import { logitsOfIds } from "@/engine/verify/logits";
import { writeAdapter } from "@/formats/peft";
import { writeSafetensors } from "@/formats/safetensors";
import { createRng } from "@/lib/rng";
import type { LoraTarget } from "@/protocol/training";
import { fileFolder } from "../fileFolder";
import { startNodeBackend } from "../nodeBackend";

const folders = ["smolvlm", "qwen2_5_vl-tied", "qwen2_5_vl-untied", "qwen3_vl-tied", "qwen3_vl-untied"];
const settings = { rank: 4, alpha: 8, seed: 11 };
const variants: readonly (readonly [suffix: string, targets: readonly LoraTarget[]])[] = [
  ["", ["text"]],
  ["+tower", ["text", "vision", "projector"]],
];

const [target] = process.argv.slice(2);
if (!target) throw new Error("Where to? Usage: node scripts/run.mjs scripts/reference/dumpAdapter.ts FOLDER");
await startNodeBackend("wasm");
for (const [name, [suffix, targets]] of folders.flatMap((folder) => variants.map((variant) => [folder, variant] as const))) {
  const folder = fileFolder(join("fixtures", name));
  const session = await openSession(folder, name, { precision: uniformPrecision("f32") });
  attachLora(session.model, { ...settings, targets });
  const fresh = await exportAdapter(session.model, name);
  if (!fresh) throw new Error(`${name} has no projections that carry a LoRA`);
  const modules = [...fresh.modules].map(([path, module], stream) => {
    const rng = createRng(settings.seed + 1, stream);
    return [path, { ...module, b: module.b.map(() => 0.05 * rng.normal()) }] as const;
  });
  applyAdapter(session.model, { ...fresh, modules: new Map(modules) });

  const golden = await readGoldenCase(folder, "case-0");
  const images = golden.pictures.map((picture) => session.process(picture));
  const { vocabSize } = session.config.text;
  const { input_ids: ids, prompt_length: promptLength } = golden;
  const logits = await logitsOfIds(session, ids, promptLength, images);
  const saved = await exportAdapter(session.model, name);
  if (!saved) throw new Error(`${name} lost its adapter`);
  const { config, weights } = writeAdapter(saved);
  const to = join(target, name + suffix);
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, "adapter_config.json"), config);
  writeFileSync(join(to, "adapter_model.safetensors"), weights);
  const bytes = new Uint8Array(logits.buffer as ArrayBuffer, logits.byteOffset, logits.byteLength);
  const shape = [logits.length / vocabSize, vocabSize];
  writeFileSync(join(to, "logits.safetensors"), writeSafetensors([{ name: "logits", dtype: "F32", shape, bytes }]));
  session[Symbol.dispose]();
  console.log(`${name}${suffix}: ${saved.modules.size} modules, logits ${shape.join(" x ")}`);
}
